"""From an accepted message to deliveries, and what becomes of each."""

from integration.delivery.envelope import Envelope
from integration.delivery.pipeline import Pipeline
from integration.delivery.poison import Poison
from integration.delivery.release import Releases
from integration.delivery.replay import Replays
from integration.delivery.work import JobOrder, Release, Work, decode_continuation

__all__ = [
    "Envelope",
    "JobOrder",
    "Pipeline",
    "Poison",
    "Release",
    "Releases",
    "Replays",
    "Work",
    "decode_continuation",
]
