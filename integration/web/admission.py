"""How many requests a process takes at once: as many as it answers quickly.

Beyond what a process can do, one more request makes all of them later, until they are too late to be of use to anybody:
work that ends in a timeout is work for nothing. How many that is depends on the instance, on what else it does and on
the account, so it is found: quick answers let a few more in, a slow one fewer. What is beyond is refused at once.
"""

from integration.clock import Clock

FIRST = 64
LEAST = 32
MOST = 128
SLOW_SECONDS = 1.0
TELL_EVERY_SECONDS = 60.0
_LESS = 0.85


class Admission:
    """Counts requests, and says whether one more may be taken.

    Args:
        clock: The time.
        first: How many may be under way until more is known.
        least: How many may always be.
        most: How many may ever be.
        slow: Seconds from which an answer is slow.
    """

    def __init__(
        self, clock: Clock, *, first: int = FIRST, least: int = LEAST, most: int = MOST, slow: float = SLOW_SECONDS
    ) -> None:
        self._clock = clock
        self._least = min(least, most)
        self._most = most
        self._slow = slow
        self._limit = float(min(first, most))
        self._under_way = 0
        self._lowered = float("-inf")

    @property
    def full(self) -> bool:
        """Whether one more request would be too many."""
        return self._under_way >= int(self._limit)

    @property
    def limit(self) -> int:
        """How many may be under way now."""
        return int(self._limit)

    def enter(self) -> float:
        """Begin with a request; what is returned is for `leave`."""
        self._under_way += 1
        return self._clock.monotonic()

    def leave(self, entered: float) -> None:
        """End a request, and learn from how long it took."""
        crowded = self._under_way > self._limit / 2
        self._under_way -= 1
        now = self._clock.monotonic()
        if now - entered < self._slow:
            # Where there is room anyhow, a quick answer says nothing of how many would be too many.
            if crowded:
                self._limit = min(self._most, self._limit + 2 / self._limit)
        elif entered >= self._lowered:
            # Once for all that were under way together: what follows was let in under the new limit.
            self._limit = max(self._least, self._limit * _LESS)
            self._lowered = now


class Refusals:
    """Counts what is refused, and says when it is time to tell: a line for each would cost more than the refusal.

    Args:
        clock: The time.
        every: Seconds between two tellings at least.
    """

    def __init__(self, clock: Clock, *, every: float = TELL_EVERY_SECONDS) -> None:
        self._clock = clock
        self._every = every
        self._told = float("-inf")
        self._untold = 0

    def count(self) -> int:
        """Count one more; return how many are to be told now, 0 while it is too soon."""
        self._untold += 1
        now = self._clock.monotonic()
        if now - self._told < self._every:
            return 0
        self._told, untold, self._untold = now, self._untold, 0
        return untold
