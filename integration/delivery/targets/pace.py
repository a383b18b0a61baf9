"""How many calls a linked environment gets from this process at once, and when it gets none.

Finance & Operations answers 429 to a client that has more than 52 requests under way on a node, that makes more than
6,000 in five minutes, or when it is short of resources (pages "Service protection API limits" of finance and operations
apps and "Priority-based throttling"). The limits are of the environment, whichever target or route a call is for, so
they are kept here for all of them. Each process keeps them for itself: what a fleet does at once is this times its
processes.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from integration.clock import Clock
from integration.errors import CoolingDown

TURN_WAIT_SECONDS = 20.0
"""Seconds that a delivery waits for its turn before it is put off, unattempted."""

UNSAID_PAUSE_SECONDS = 5.0
"""Seconds of pause after a 429 without a readable Retry-After."""

LONGEST_PAUSE_SECONDS = 3600.0
"""Seconds of pause at the most, whatever is asked."""

_NO_TURN_RETRY_SECONDS = 1.0


class Pace:
    """The turns of all deliveries to linked environments.

    Args:
        calls: How many calls to one environment may be under way at once.
        clock: The time.
    """

    def __init__(self, calls: int, clock: Clock) -> None:
        self._calls = calls
        self._clock = clock
        self._places: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(calls))
        self._until: dict[str, float] = {}

    @asynccontextmanager
    async def turn(self, url: str) -> AsyncGenerator[None]:
        """Wait for a turn, and hold it.

        Args:
            url: The environment's URL.

        Raises:
            CoolingDown: The environment asked for a pause, or too many calls to it are under way; nothing was sent.
        """
        self._check(url)
        place = self._places[url]
        try:
            async with asyncio.timeout(TURN_WAIT_SECONDS):
                await place.acquire()
        except TimeoutError as error:
            msg = f"{self._calls} calls to {url} are under way, and none has ended for {TURN_WAIT_SECONDS:g} s"
            raise CoolingDown(msg, retry_after=_NO_TURN_RETRY_SECONDS) from error
        try:
            self._check(url)  # it may have asked for a pause while this one waited
            yield
        finally:
            place.release()

    def pause(self, url: str, seconds: float | None) -> None:
        """Let no call go to an environment for a while.

        Args:
            url: The environment's URL.
            seconds: How long, as it asked; None where it did not say.
        """
        wait = UNSAID_PAUSE_SECONDS if seconds is None else min(max(seconds, 0.0), LONGEST_PAUSE_SECONDS)
        self._until[url] = max(self._until.get(url, 0.0), self._clock.monotonic() + wait)

    def _check(self, url: str) -> None:
        left = self._until.get(url, 0.0) - self._clock.monotonic()
        if left <= 0:
            self._until.pop(url, None)
            return
        msg = f"{url} asked for a pause, {left:.0f} s of which are left"
        raise CoolingDown(msg, retry_after=left)
