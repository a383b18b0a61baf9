"""Wake entities when something of theirs is due."""

import asyncio
import heapq
import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """The time of an entity."""

    def now(self) -> int:
        """Return milliseconds since 1970."""
        ...

    def call_at(self, when: int, callback: Callable[[], None]) -> None:
        """Call back at a time, in milliseconds since 1970; a callback cannot be taken back."""
        ...


class LoopClock:
    """The machine's clock on an event loop: one timer, for the earliest."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0

    def now(self) -> int:
        """Return milliseconds since 1970."""
        return time.time_ns() // 1_000_000

    def call_at(self, when: int, callback: Callable[[], None]) -> None:
        """Call back at a time, in milliseconds since 1970."""
        self._count += 1
        heapq.heappush(self._due, (when, self._count, callback))
        self._arm()

    def close(self) -> None:
        """Forget everything that is due."""
        self._due.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _arm(self) -> None:
        if not self._due:
            return
        when = self._due[0][0]
        if self._timer is not None:
            if self._timer_at <= when:
                return
            self._timer.cancel()
        self._timer_at = when
        self._timer = self._loop.call_later(min(max(when - self.now(), 0), 3_600_000) / 1000, self._fire)

    def _fire(self) -> None:
        self._timer = None
        now = self.now()
        while self._due and self._due[0][0] <= now:
            callback = heapq.heappop(self._due)[2]
            callback()
        self._arm()


class ManualClock:
    """A clock that stands still until it is moved: for tests.

    Args:
        at: Milliseconds since 1970.
    """

    def __init__(self, at: int = 1_700_000_000_000) -> None:
        self._at = at
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0

    def now(self) -> int:
        """Return milliseconds since 1970."""
        return self._at

    def call_at(self, when: int, callback: Callable[[], None]) -> None:
        """Call back when the clock is moved to a time."""
        self._count += 1
        heapq.heappush(self._due, (when, self._count, callback))

    def advance(self, milliseconds: int) -> None:
        """Move on, calling back what falls due on the way, each at its time."""
        end = self._at + milliseconds
        while self._due and self._due[0][0] <= end:
            when, _, callback = heapq.heappop(self._due)
            self._at = max(self._at, when)
            callback()
        self._at = end
