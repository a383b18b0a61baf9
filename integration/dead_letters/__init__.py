"""Dead letters and parked deliveries: what could not, or must not, be delivered now."""

from integration.dead_letters.jobs import Job, Jobs
from integration.dead_letters.listing import Lying
from integration.dead_letters.places import Filter, Place, path_for
from integration.dead_letters.record import Attempted, Record, path_of
from integration.dead_letters.store import DeadLetters, Parked

__all__ = [
    "Attempted",
    "DeadLetters",
    "Filter",
    "Job",
    "Jobs",
    "Lying",
    "Parked",
    "Place",
    "Record",
    "path_for",
    "path_of",
]
