"""What the whole fleet has counted: added up by who reads, and folded by the round so that reading stays cheap.

Each process writes a row a minute. Once five minutes are over, the round adds their rows to one, in a transaction that
removes them: a day is some 300 rows, whatever the number of processes.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from integration.clock import Clock
from integration.health import count_rows
from integration.health.source_rows import PARTITION, SourceRows, seen_of
from integration.health.totals import SLOT, Seen, Span, Totals, added, latest, slot_of
from integration.loggers import logger
from integration.storage import Storage, StoredRow, Where
from integration.storage.names import COUNTS
from integration.storage.tables import MOST_OPERATIONS, Cursor, Insert, Operation, Remove, Replace, Table, Unmet

log = logger("health")

MOST_PAGES = 8
"""How many requests one reading takes at most: 8,000 rows."""
DAY = timedelta(hours=24)
KEEP = timedelta(days=14)
"""How long counts are kept."""
_SETTLED = SLOT + timedelta(minutes=3)
"""How long after its beginning nobody writes rows of a slot any more; one that comes later is folded later."""
_LOOKED_BACK = timedelta(hours=26)
"""How long an outage of the storage account may have kept a row back that is folded yet."""


class Sums:
    """The counts of all processes.

    Args:
        storage: The worker's storage account.
        clock: The time.
    """

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock
        self._sources = SourceRows(storage)

    async def read(self, lasting: timedelta = DAY) -> Totals:
        """Add up what was counted lately: one request for every 1,000 rows, `MOST_PAGES` at most.

        Args:
            lasting: How far back.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        totals, _ = await self.read_all(lasting)
        return totals

    async def read_all(self, lasting: timedelta = DAY) -> tuple[Totals, Mapping[str, Seen]]:
        """Do what `read` and `sources` do, in the same requests; what is not read for its number is of the sources.

        Args:
            lasting: How far back.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        since = self._clock.now() - lasting
        rows, complete = await self._rows(since, sources=True)
        spans = [span for row in rows if row.partition != PARTITION and (span := count_rows.read(row)) is not None]
        totals = Totals(tuple(sorted(spans, key=lambda span: span.at)), complete).since(since)
        return totals, seen_of(rows)

    async def sources(self) -> Mapping[str, Seen]:
        """Say when each source had its latest event, as of the last fold: one request for every 1,000 sources.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        return await self._sources.read()

    async def fold(self, watched: Collection[str] = ()) -> None:
        """Add what lies in single rows to that of their five minutes, and note when each source had its latest event.

        Args:
            watched: The sources of which an answer is wanted; one without a row gets one, from now on.

        Raises:
            StorageUnavailable: The account did not answer; what is left is folded the next time.
        """
        now = self._clock.now()
        rows, _ = await self._rows(now - _LOOKED_BACK)
        single = [(row, span) for row in rows if not count_rows.is_sum(row) and (span := count_rows.read(row))]
        # First, and of rows that are not folded yet, too: a row that is gone must have told what it knew.
        await self._sources.note(latest(span.seen for _, span in single), watched, now)
        slots: dict[datetime, list[tuple[StoredRow, Span]]] = defaultdict(list)
        for row, span in single:
            slots[slot_of(span.at)].append((row, span))
        sums = {(row.partition, row.key): row for row in rows if count_rows.is_sum(row)}
        table = await self._storage.table(COUNTS)
        for slot, members in sorted(slots.items()):
            if slot + _SETTLED <= now:
                await _fold(table, slot, members, sums.get((count_rows.partition_of(slot), count_rows.sum_key(slot))))

    async def retain(self, keep: timedelta = KEEP) -> int:
        """Delete what was counted longer ago than `keep`; returns how many rows.

        Raises:
            StorageUnavailable: The account did not answer; what is left is deleted the next time.
        """
        table = await self._storage.table(COUNTS)
        return await forget(table, count_rows.partition_of(self._clock.now() - keep))

    async def _rows(self, since: datetime, *, sources: bool = False) -> tuple[list[StoredRow], bool]:
        """Read the rows of hours that end after a time, and those of the sources behind them."""
        table = await self._storage.table(COUNTS)
        last = PARTITION if sources else count_rows.partition_of(self._clock.now() + DAY)
        where = [Where("PartitionKey", "ge", count_rows.partition_of(since)), Where("PartitionKey", "le", last)]
        rows: list[StoredRow] = []
        place: Cursor | None = None
        for _ in range(MOST_PAGES):
            page = await table.page(where, after=place)
            rows += page.rows
            place = page.following
            if place is None:
                return rows, True
        log.warning("there are more counts than are read at once: is the health timer running?")
        return rows, False


async def forget(table: Table, before: str) -> int:
    """Delete the rows of a table whose partition is before another, a hundred at a time.

    Args:
        table: Whose partitions sort by time.
        before: The first partition that is kept.

    Returns:
        How many were deleted.

    Raises:
        StorageUnavailable: The account did not answer.
    """
    gone: dict[str, list[str]] = defaultdict(list)
    async for row in table.select([Where("PartitionKey", "lt", before)]):
        gone[row.partition].append(row.key)
    for partition, keys in gone.items():
        for begin in range(0, len(keys), MOST_OPERATIONS):
            await table.batch(partition, [Remove(key) for key in keys[begin : begin + MOST_OPERATIONS]])
    return sum(map(len, gone.values()))


async def _fold(
    table: Table, slot: datetime, members: Sequence[tuple[StoredRow, Span]], whole: StoredRow | None
) -> None:
    """Put rows of one slot into its sum, some at a time; each time all or nothing."""
    partition = count_rows.partition_of(slot)
    before = count_rows.read(whole) if whole is not None else None
    etag = whole.etag if whole is not None else None
    for begin in range(0, len(members), MOST_OPERATIONS - 1):
        some = members[begin : begin + MOST_OPERATIONS - 1]
        before = added(slot, [*([before] if before else []), *(span for _, span in some)])
        entity = {"PartitionKey": partition, "RowKey": count_rows.sum_key(slot), **count_rows.written(before)}
        steps: list[Operation] = [Insert(entity) if etag is None else Replace(entity, etag)]
        steps += [Remove(row.key, row.etag) for row, _ in some]
        done = await table.batch(partition, steps)
        if isinstance(done, Unmet):
            log.info("the counts of %s are folded by another", slot.isoformat())
            return
        etag = done[0]
