"""A turn at work that one instance at a time may do: bounded in time, under a lease that is renewed."""

from enum import Enum, auto
from typing import Protocol

from integration.clock import Clock

RENEW_AFTER_SECONDS = 15.0
"""Well within a blob's lease of 60 s, so that one renewal may fail slowly."""


class Lease(Protocol):
    """What is held meanwhile."""

    async def renew(self) -> bool:
        """Extend it; False when it was lost. Raises StorageUnavailable."""
        ...


class Ended(Enum):
    """Why a turn is over."""

    TIME = auto()
    """What is left is for the next turn."""
    LOST = auto()
    """Another instance may hold the lease by now, and works on what is left."""
    CALLED_OFF = auto()
    """An operator stops it, or what was learnt meanwhile does."""


class Turn:
    """One turn, begun when this is made.

    Args:
        lease: Held by the caller.
        clock: The time.
        lasting: Seconds after which no further piece of work is begun.
    """

    def __init__(self, lease: Lease, clock: Clock, lasting: float) -> None:
        self._lease = lease
        self._clock = clock
        self._ends = clock.monotonic() + lasting
        self._renewed = clock.monotonic()

    async def ended(self, *, at: float | None = None) -> Ended | None:
        """Say why no further piece may be begun; None: go on. To be asked before each.

        Args:
            at: The monotonic second at which it would begin; None: now.

        Raises:
            StorageUnavailable: The lease could not be renewed.
        """
        now = self._clock.monotonic()
        if max(now, at or now) > self._ends:
            return Ended.TIME
        if now - self._renewed > RENEW_AFTER_SECONDS:
            if not await self._lease.renew():
                return Ended.LOST
            self._renewed = now
        return None
