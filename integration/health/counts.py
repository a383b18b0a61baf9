"""What this process counts: in memory, written once a minute; `sums` adds up what all have written.

A process that dies takes what it has counted since it last wrote with it, a minute's at most: the Functions host ends
a worker by killing it. What could not be written is kept, and written as soon as the account answers.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from integration import background
from integration.clock import Clock
from integration.errors import FnoLinkError, StorageRefused
from integration.faults import summary
from integration.health import count_rows
from integration.health.totals import FIRSTS, Span, few_of
from integration.loggers import logger
from integration.storage import Storage
from integration.storage.names import COUNTS
from integration.tally import First, Key

if TYPE_CHECKING:
    from datetime import datetime

log = logger("health")

EVERY_SECONDS = 60.0
"""How often a process writes what it has counted, if it has."""
ENDS_WITHIN_SECONDS = 5.0
"""How long the end of a process waits for its last counts to be written."""
MOST_KEYS = 20_000
"""How many numbers a process tells apart in a minute; what is more is counted by its kind alone."""


class Counts:
    """What this process adds to the fleet's counts.

    Args:
        storage: The worker's storage account.
        clock: The time.
        process: Names this process among all that write.
        wait: Waits between two writings, behind everything else; not on the clock, which a test lets pass by waiting.
    """

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        process: str,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._process = process
        self._wait = wait
        self._counts: dict[Key, int] = {}
        self._firsts: dict[Key, list[First]] = {}
        self._seen: dict[str, datetime] = {}
        self._number = 0
        self._unsent: dict[str, object] | None = None
        self._writing = asyncio.Lock()
        self._due: asyncio.Task[None] | None = None

    def tally(self, key: Key, first: First | None = None, /) -> None:
        """Add one: a `Tally`."""
        counts = self._counts
        if key not in counts and len(counts) >= MOST_KEYS:
            key = Key(key.what)
        counts[key] = counts.get(key, 0) + 1
        if first is not None:
            few = self._firsts.setdefault(key, [])
            if first.until is not None:
                self._firsts[key] = few_of([*few, first])
            elif len(few) < FIRSTS:
                few.append(first)
        if key.what == "in" and key.source:
            self._seen[key.source] = self._clock.now()
        if self._due is None:
            self._due = background.start(self._in_a_minute())

    async def _in_a_minute(self) -> None:
        await self._wait(EVERY_SECONDS)
        self._due = None
        try:
            await self.flush()
        except FnoLinkError as error:
            log.warning("counts are not written yet: %s", summary(error))
            if self._due is None:  # nothing was counted meanwhile that would have begun the next minute
                self._due = background.start(self._in_a_minute())

    async def flush(self) -> None:
        """Write what was counted since the last time.

        Raises:
            StorageUnavailable: It is kept, for the next time.
        """
        async with self._writing:
            if self._unsent is not None:
                # Under the keys that it had: if it was written and only the answer was lost, it is there.
                await self._send(self._unsent)
            if self._counts:
                self._unsent = self._taken()
                await self._send(self._unsent)

    async def _send(self, row: dict[str, object]) -> None:
        try:
            await (await self._storage.table(COUNTS)).insert(row)
        except StorageRefused as refused:
            log.error("counts of a minute are lost: %s", summary(refused))  # noqa: TRY400  # nothing else is to be known
        self._unsent = None

    def _taken(self) -> dict[str, object]:
        now = self._clock.now()
        firsts = {key: tuple(few) for key, few in self._firsts.items()}
        span = Span(now, self._counts, firsts, self._seen)
        self._counts, self._firsts, self._seen = {}, {}, {}
        self._number += 1
        keys = {
            "PartitionKey": count_rows.partition_of(now),
            "RowKey": count_rows.key_of(now, self._process, self._number),
        }
        return {**keys, **count_rows.written(span)}

    async def aclose(self) -> None:
        """Write what there is and stop; what cannot be written is lost."""
        due, self._due = self._due, None
        if due is not None:
            due.cancel()
            with suppress(asyncio.CancelledError):
                await due
        try:
            async with asyncio.timeout(ENDS_WITHIN_SECONDS):
                await self.flush()
        except (FnoLinkError, TimeoutError) as error:
            log.warning("counts of the last minute are lost: %s", summary(error))
