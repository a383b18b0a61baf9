"""The emulated Entra, Dataverse and Finance & Operations, reached under their production names."""

from emulation.dynamics.control import Control, ControlRefused
from emulation.dynamics.faults import Fault
from emulation.dynamics.process import Dynamics
from emulation.dynamics.world import App, FinanceOperationsLink, Organization, Secret, Tenant, World, load
from emulation.received import Received

__all__ = [
    "App",
    "Control",
    "ControlRefused",
    "Dynamics",
    "Fault",
    "FinanceOperationsLink",
    "Organization",
    "Received",
    "Secret",
    "Tenant",
    "World",
    "load",
]
