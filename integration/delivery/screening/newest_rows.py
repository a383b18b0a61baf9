"""What the instances tell one another of the newest business events delivered.

The rows of an organization lie in the journal's table of the present week, in its one partition: what an event adds to
them goes with its own row. The first who needs them in a new week carries them over from the week before. Where they
lie stands in a row an organization of `fnolinknewest`; what else is in that table is of before November 2026, and
carried over too.
"""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import msgspec

from integration.delivery.screening.newest_row import (
    FIRST,
    VERSION,
    Kind,
    Newest,
    Seen,
    WantedKinds,
    key_of,
    seen_in,
    shown,
    step_of,
)
from integration.errors import StorageUnavailable
from integration.journal.tables import PAST_EVENTS, UNTIMED, is_weekly, outlived, partition_in, table_of
from integration.storage import Storage, StoredRow, Where
from integration.storage.names import NEWEST
from integration.storage.tables import MOST_OPERATIONS, PAGE, Insert, Operation, Replace

_ROUNDS = 8
_CARRIED = f"{PAST_EVENTS}carried"
"""The RowKey of the mark in a week's table that all rows were carried over; and of the row in `NEWEST`."""
_PAST = f"{PAST_EVENTS}o"


class Loaded(msgspec.Struct, frozen=True):
    """The rows of an organization.

    Args:
        rows: They, by their RowKeys.
        complete: Whether a kind that is not among them has none.
    """

    rows: dict[str, Seen]
    complete: bool


class NewestRows:
    """The rows of every kind.

    Args:
        storage: The worker's storage account.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.operations = 0
        """Table operations so far, retries of the SDK not counted; those that went with an event's row neither."""

    async def load(self, organization: str, table: str) -> Loaded:
        """Read what an organization has in a week's table, after it was carried over.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        for _ in range(_ROUNDS):
            rows, complete = await self._page(organization, table)
            if any(row.key == _CARRIED for row in rows):
                return Loaded({row.key: seen_in(row) for row in rows if row.key != _CARRIED}, complete)
            await self._carry(organization, table, {row.key: row for row in rows})
        msg = f"the newest control numbers of {organization} are carried over by too many at once"
        raise StorageUnavailable(msg)

    async def read(self, kind: Kind, table: str) -> Seen:
        """Read the row of a kind in a week's table.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        found = await self._storage.table(table)
        self.operations += 1
        row = await found.get(kind[0], key_of(kind))
        return seen_in(row) if row is not None else Seen()

    async def lift(self, kind: Kind, table: str, number: int, last: Seen, at: datetime, jump: int) -> Seen:  # noqa: PLR0913, PLR0917  # what is written, and under what
        """Let the row of a kind say at least this number; returns what it says now.

        Args:
            kind: Which.
            table: The week's table.
            number: The highest that was delivered here.
            last: The row as it was seen last. One operation, if it still is the present one.
            at: The time.
            jump: How far from what it says the number may be; one further away is not written, nor one of before a
                reset.

        Raises:
            StorageUnavailable: It is not known to be written.
        """
        for _ in range(_ROUNDS):
            written = await self._write(table, step_of(kind, number, last, at))
            if written:
                return Seen(number, written, last.resets)
            seen = await self.read(kind, table)
            far = seen.number >= 0 and number - seen.number > jump
            if seen.number >= number or far or seen.resets != last.resets:
                return seen
            last = seen
        msg = f"the row of {kind[3]} in {table} is written by too many at once"
        raise StorageUnavailable(msg)

    async def listed(self, wanted: WantedKinds) -> list[Newest]:
        """List kinds, by organization, group, legal entity and type.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        found = [newest for _, _, newest in await self._wanted(wanted)]
        return sorted(found, key=lambda each: (each.organization, each.group, each.legal_entity, each.type))

    async def reset(self, wanted: WantedKinds, at: datetime) -> list[Newest]:
        """Forget the newest of kinds; every process follows when it reads or writes the row next.

        Returns:
            They, as they were.

        Raises:
            StorageUnavailable: It is not known to be done for all; doing it again goes on.
        """
        for organization in await self._organizations(wanted):
            await self.load(organization, table_of(at))
        found = await self._wanted(wanted)
        for table, row, newest in found:
            kind = (newest.organization, newest.group, newest.legal_entity, newest.type)
            await self._reset(kind, table, seen_in(row), at)
        return [newest for _, _, newest in found]

    async def retain(self, at: datetime, keep: timedelta) -> None:
        """Carry over what lies in a table that is about to be dropped with its week.

        Raises:
            StorageUnavailable: The account did not answer; nothing may be dropped.
        """
        for organization in await self._organizations(WantedKinds()):
            before, _ = await self._before(organization)
            if outlived(before, at, keep):
                await self.load(organization, table_of(at))

    async def _reset(self, kind: Kind, table: str, seen: Seen, at: datetime) -> None:
        for _ in range(_ROUNDS):
            again = msgspec.structs.replace(seen, resets=seen.resets + 1)
            if await self._write(table, step_of(kind, -1, again, at)):
                return
            seen = await self.read(kind, table)
        msg = f"the row of {kind[3]} in {table} is written by too many at once"
        raise StorageUnavailable(msg)

    async def _wanted(self, wanted: WantedKinds) -> list[tuple[str, StoredRow, Newest]]:
        found: list[tuple[str, StoredRow, Newest]] = []
        for organization in await self._organizations(wanted):
            table, earlier = await self._before(organization)
            found += [] if table else [(NEWEST, row, shown(row)) for row in earlier]
            for name in filter(None, (table, UNTIMED)):
                found += [(name, row, shown(row)) async for row in self._rows(organization, name)]
        # What was only looked at and never delivered has no number, and was not reset.
        return [each for each in found if wanted.takes(each[2]) and (each[2].number or each[2].resets)]

    async def _organizations(self, wanted: WantedKinds) -> list[str]:
        if wanted.organization:
            return [wanted.organization]
        table = await self._storage.table(NEWEST)
        return list(dict.fromkeys([row.partition async for row in table.select()]))

    async def _before(self, organization: str) -> tuple[str, list[StoredRow]]:
        """Say in which table an organization's rows were last, and what is of before they were in one."""
        table = await self._storage.table(NEWEST)
        self.operations += 1
        rows = [row async for row in table.select([Where("PartitionKey", "eq", organization)])]
        last = next((str(row.entity.get("table", "")) for row in rows if row.key == _CARRIED), "")
        # A row without a group is of before there were any, and read no more.
        return (last if is_weekly(last) else ""), [row for row in rows if "group" in row.entity]

    async def _rows(self, organization: str, table: str) -> AsyncIterator[StoredRow]:
        found = await self._storage.table(table)
        self.operations += 1
        where = [Where("PartitionKey", "eq", organization), Where("RowKey", "ge", FIRST), Where("RowKey", "lt", _PAST)]
        async for row in found.select(where):
            yield row

    async def _page(self, organization: str, table: str) -> tuple[list[StoredRow], bool]:
        found = await self._storage.table(table)
        self.operations += 1
        where = [Where("PartitionKey", "eq", partition_in(table, organization, "")), Where("RowKey", "ge", _CARRIED)]
        page = await found.page([*where, Where("RowKey", "lt", _PAST)], limit=PAGE)
        return page.rows, page.following is None

    async def _carry(self, organization: str, table: str, there: dict[str, StoredRow]) -> None:
        """Write into a week's table what the one before has; the mark last, so that who dies is followed by another."""
        last, rows = await self._before(organization)
        if table == UNTIMED:
            rows = []  # what has no time has an order of its own, which no week ends
        elif last and last != table:
            rows += [row async for row in self._rows(organization, last)]
        mark = {"PartitionKey": organization, "RowKey": _CARRIED, "v": VERSION}
        steps = [*_missing(organization, rows, there), Insert(mark)]
        found = await self._storage.table(table)
        for start in range(0, len(steps), MOST_OPERATIONS):
            self.operations += 1
            if not isinstance(await found.batch(organization, steps[start : start + MOST_OPERATIONS]), list):
                return  # another process does the same, or writes what it has delivered
        index, mark = (
            await self._storage.table(NEWEST),
            {"PartitionKey": organization, "RowKey": _CARRIED, "v": VERSION},
        )
        self.operations += 1
        if table == UNTIMED:
            await index.insert(mark)
        elif last < table:
            await index.put(mark | {"table": table})

    async def _write(self, table: str, step: Insert | Replace) -> str:
        found = await self._storage.table(table)
        self.operations += 1
        if isinstance(step, Insert):
            return await found.insert(step.entity) or ""
        return await found.replace(step.entity, step.etag) or ""


def _missing(organization: str, rows: list[StoredRow], there: dict[str, StoredRow]) -> list[Operation]:
    """Say what is to be written so that a table, which has some rows, says at least what others say."""
    best: dict[str, StoredRow] = {}
    for row in rows:
        key = FIRST + row.key.removeprefix(FIRST)
        if key not in best or _rank(best[key]) < _rank(row):
            best[key] = row
    steps: list[Operation] = []
    for key, row in best.items():
        entity, present = row.entity | {"PartitionKey": organization, "RowKey": key}, there.get(key)
        if present is None:
            steps.append(Insert(entity))
        elif _rank(present) < _rank(row):
            steps.append(Replace(entity, present.etag))
    return steps


def _rank(row: StoredRow) -> tuple[int, int]:
    seen = seen_in(row)
    return seen.resets, seen.number
