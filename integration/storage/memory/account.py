"""The account behind the twins: whether it answers, and what it was asked."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable

from integration.clock import Clock
from integration.errors import StorageUnavailable


class Account:
    """One account, of however many clients.

    Args:
        clock: The time, for leases and for what is invisible.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.away = False
        """Whether it answers nothing at all."""
        self.lost_answers = 0
        """How many of the next requests are done although their answers never arrive."""
        self.requests: Counter[str] = Counter()
        """Requests so far, by what was asked (`insert`, `put_blob` …)."""
        self._versions = itertools.count(1)

    def version(self) -> str:
        """Make a new ETag."""
        return f'W/"{next(self._versions)}"'

    def check_free(self, deleted: float | None, seconds: float, doing: str) -> None:
        """Refuse to make again what was deleted a moment ago.

        Args:
            deleted: When, on the monotonic clock; None: it was not.
            seconds: For how long its name stays taken.
            doing: What was being done, for the message.

        Raises:
            StorageUnavailable: It cannot be made yet.
        """
        if deleted is not None and self.clock.monotonic() - deleted < seconds:
            msg = f"{doing}: it is not there; if it was just deleted, it cannot be made yet"
            raise StorageUnavailable(msg)

    async def ask[T](self, what: str, act: Callable[[], T]) -> T:
        """Make a request: it takes a turn of the loop, may find nobody, may be done and never be answered.

        Raises:
            StorageUnavailable: The account is away, or its answer was lost.
        """
        await asyncio.sleep(0)
        if self.away:
            msg = f"{what}: the account in memory is away"
            raise StorageUnavailable(msg)
        self.requests[what] += 1
        done = act()
        if self.lost_answers > 0:
            self.lost_answers -= 1
            msg = f"{what}: its answer is lost"
            raise StorageUnavailable(msg)
        return done
