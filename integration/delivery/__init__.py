"""From an accepted message to deliveries, and what becomes of each."""

from integration.delivery.pipeline import Pipeline
from integration.delivery.queued.envelope import Envelope
from integration.delivery.queued.work import JobOrder, Release, Work, decode_continuation
from integration.delivery.resuming.dead_letters import Replays
from integration.delivery.resuming.events import EventReplays
from integration.delivery.resuming.parked import Releases

__all__ = [
    "Envelope",
    "EventReplays",
    "JobOrder",
    "Pipeline",
    "Release",
    "Releases",
    "Replays",
    "Work",
    "decode_continuation",
]
