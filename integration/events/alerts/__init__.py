"""fno-link's own events: every type, what its data holds, and how an event is made of it."""

from integration.events.alerts.alert import Alert, Environment, Failed, event_of, target_of
from integration.events.alerts.commands import command_of
from integration.events.alerts.types import ALL, BY_NAME, ENDS, FORMER, PREFIX, type_of

__all__ = [
    "ALL",
    "BY_NAME",
    "ENDS",
    "FORMER",
    "PREFIX",
    "Alert",
    "Environment",
    "Failed",
    "command_of",
    "event_of",
    "target_of",
    "type_of",
]
