"""Purging dead letters: batches of deletions, each of the version that was listed or read."""

import asyncio
import math
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import timedelta

from integration.clock import Clock
from integration.dead_letters import DeadLetters, Lying, Record
from integration.delivery.resuming.places import lying
from integration.delivery.resuming.slice import Slice
from integration.errors import CorruptRecord
from integration.loggers import logger
from integration.storage.blob_batch import MOST, Version
from integration.storage.turn import Ended

log = logger("delivery")

SURELY_BEFORE = timedelta(minutes=15)
"""What the account wrote so long before the purge was asked for was there before it, however clocks differ: it refuses
requests whose clock is further from its own. Source: "Authorize with Shared Key"."""
_READ_AT_ONCE = 16


class Purging:
    """Purges what a job is about.

    Args:
        slice_: The job.
        dead_letters: The dead letters.
        clock: The time.
    """

    def __init__(self, slice_: Slice, dead_letters: DeadLetters, clock: Clock) -> None:
        self._slice = slice_
        self._dead_letters = dead_letters
        self._clock = clock
        self._reads = asyncio.Semaphore(_READ_AT_ONCE)

    async def run(self) -> Ended | None:
        """Purge, as many in a request as may go in a second.

        Returns:
            Why it ended before all was done; None: all is.

        Raises:
            StorageUnavailable: The account went away; running it again goes on.
        """
        per_second = self._slice.job.per_second
        most = max(1, min(MOST, math.floor(per_second)))
        free = self._clock.monotonic()
        async with aclosing(lying(self._dead_letters, self._slice.job)) as found:
            while lot := await _taken(found, most):
                if (ended := await self._slice.check(free)) is not None:
                    return ended
                now = self._clock.monotonic()
                if free > now:
                    await self._clock.sleep(free - now)
                purged = await self._purge(lot)
                free = max(free, now) + purged / per_second
                self._slice.count(*("purged",) * purged)
                self._slice.passed(lot[-1].place)
        return None

    async def _purge(self, lot: Sequence[Lying]) -> int:
        versions = [each for each in await asyncio.gather(*map(self._version, lot)) if each is not None]
        gone = await self._dead_letters.remove_many(versions)
        for version, removed in zip(versions, gone, strict=True):
            if removed:
                log.info("purged %s", version.path)
        return sum(gone)

    async def _version(self, letter: Lying) -> Version | None:
        """Say which version is to be removed; None where it became a dead letter after this was asked for."""
        version, asked_at = letter.version, self._slice.job.requested_at
        if version is not None and version.written_at is not None and version.written_at < asked_at - SURELY_BEFORE:
            return version
        async with self._reads:
            stored = await self._dead_letters.read(letter.place)
        if stored is None:
            return None
        body, etag = stored
        try:
            record = Record.decode(body)
        except CorruptRecord:
            return Version(letter.place.path, etag)
        return Version(letter.place.path, etag) if record.recorded_at <= asked_at else None


async def _taken(found: AsyncGenerator[Lying], most: int) -> list[Lying]:
    """Take so many of what is listed, or what is left."""
    lot: list[Lying] = []
    async for each in found:
        lot.append(each)
        if len(lot) == most:
            break
    return lot
