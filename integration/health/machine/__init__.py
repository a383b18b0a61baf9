"""The machine, pure: an answer and what was remembered in; what is remembered and is to be told out."""

from integration.health.machine.advance import advance
from integration.health.machine.answers import ONE_AFTER_THE_OTHER, together
from integration.health.machine.ending import dismissed
from integration.health.machine.incident import Incident, Reason
from integration.health.machine.notice import Notice
from integration.health.machine.orders import acknowledge, mute, unmute
from integration.health.machine.outbox import due, settle
from integration.health.machine.state import Circumstances, Phase, State

__all__ = [
    "ONE_AFTER_THE_OTHER",
    "Circumstances",
    "Incident",
    "Notice",
    "Phase",
    "Reason",
    "State",
    "acknowledge",
    "advance",
    "dismissed",
    "due",
    "mute",
    "settle",
    "together",
    "unmute",
]
