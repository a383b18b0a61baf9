"""The emulated Entra, Dataverse, Finance & Operations and Power Platform, reached under their production names."""

from emulation.dynamics.control import Control, ControlRefused
from emulation.dynamics.directory import Licence
from emulation.dynamics.environments import Application, Environment, Metadata, Operation
from emulation.dynamics.estate import Capacity
from emulation.dynamics.faults import Fault
from emulation.dynamics.pace import Pace
from emulation.dynamics.process import Dynamics
from emulation.dynamics.world import (
    Api,
    App,
    FinanceOperationsLink,
    Granted,
    Organization,
    Secret,
    Tenant,
    User,
    World,
    load,
)
from emulation.received import Received

__all__ = [
    "Api",
    "App",
    "Application",
    "Capacity",
    "Control",
    "ControlRefused",
    "Dynamics",
    "Environment",
    "Fault",
    "FinanceOperationsLink",
    "Granted",
    "Licence",
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
