"""Time that only tests move."""

import asyncio
import heapq
from datetime import UTC, datetime, timedelta


class FakeClock:
    """A `Clock` whose sleepers wake when a test advances it.

    Args:
        skew: Seconds that its wall-clock time is ahead; its monotonic time starts elsewhere, as another process's does.
        follows: A clock whose time this one shows, skewed: another process on the same time line.
    """

    def __init__(self, skew: float = 0.0, follows: "FakeClock | None" = None) -> None:
        self._skew = skew
        self._follows = follows
        self._elapsed = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._number = 0

    @property
    def elapsed(self) -> float:
        return self._follows.elapsed if self._follows else self._elapsed

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.elapsed + self._skew)

    def monotonic(self) -> float:
        return 1000.0 + self.elapsed + abs(self._skew) * 7

    async def sleep(self, seconds: float) -> None:
        if self._follows:
            await self._follows.sleep(seconds)
            return
        woken = asyncio.get_running_loop().create_future()
        self._number += 1
        heapq.heappush(self._sleepers, (self._elapsed + seconds, self._number, woken))
        await woken

    async def advance(self, seconds: float) -> None:
        """Let time pass; everybody who wakes in it runs at his own moment."""
        await settle()
        end = self._elapsed + seconds
        while self._sleepers and self._sleepers[0][0] <= end:
            at, _, woken = heapq.heappop(self._sleepers)
            self._elapsed = max(self._elapsed, at)
            if not woken.done():
                woken.set_result(None)
            await settle()
        self._elapsed = end
        await settle()


class PassingClock:
    """A `Clock` on which time passes by sleeping, at once, and where a test says so.

    Args:
        at: What it shows at the start. Moved, its wall-clock time is set and nothing has passed.
    """

    def __init__(self, at: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) -> None:
        self.at = at
        self.seconds = 0.0

    def now(self) -> datetime:
        return self.at + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


async def settle() -> None:
    """Let everything run that can without time passing."""
    for _ in range(30):
        await asyncio.sleep(0)
