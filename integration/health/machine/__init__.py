"""The machine, pure: an answer and what was remembered in; what is remembered and is to be told out."""

from integration.health.machine.incident import Incident, Reason
from integration.health.machine.notice import Notice
from integration.health.machine.state import Circumstances, Phase, State

__all__ = ["Circumstances", "Incident", "Notice", "Phase", "Reason", "State"]
