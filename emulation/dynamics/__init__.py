"""The emulated Entra, Dataverse, Finance & Operations and Power Platform, reached under their production names."""

from emulation.dynamics.control import Control, ControlRefused
from emulation.dynamics.environments import Application, Environment, Metadata, Operation
from emulation.dynamics.faults import Fault
from emulation.dynamics.pace import Pace
from emulation.dynamics.process import Dynamics
from emulation.dynamics.world import App, FinanceOperationsLink, Organization, Secret, Tenant, User, World, load
from emulation.received import Received

__all__ = [
    "App",
    "Application",
    "Control",
    "ControlRefused",
    "Dynamics",
    "Environment",
    "Fault",
    "FinanceOperationsLink",
    "Metadata",
    "Operation",
    "Organization",
    "Pace",
    "Received",
    "Secret",
    "Tenant",
    "User",
    "World",
    "load",
]
