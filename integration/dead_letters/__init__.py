"""Dead letters and parked deliveries: what could not, or must not, be delivered now."""

from integration.dead_letters.record import Attempted, Record, path_of
from integration.dead_letters.store import DeadLetters, Parked

__all__ = ["Attempted", "DeadLetters", "Parked", "Record", "path_of"]
