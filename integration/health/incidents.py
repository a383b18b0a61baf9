"""Incidents that have ended, and maintenance that operators have called: rows, a partition a month."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from integration.clock import Clock
from integration.errors import CorruptRecord
from integration.health.machine import Incident
from integration.health.maintenance import MaintenanceCall
from integration.health.standing import Sort, Watched
from integration.health.sums import forget
from integration.loggers import logger
from integration.records import Reader
from integration.storage import Storage, StoredRow, Where
from integration.storage.names import INCIDENTS
from integration.storage.tables import MOST_OPERATIONS, Cursor, Put

log = logger("health")

KEEP = timedelta(days=90)
"""How long incidents that have ended, and maintenance that is over, are kept."""
MOST_PAGES = 4
"""How many requests one reading of what is recent takes at most: 4,000 rows."""
_CALLS = "maintenance"
"""Sorts behind all months."""


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """An incident that has ended.

    Args:
        sort: Whose it was.
        name: The same.
        incident: As it was at its end.
        v: Version of this record.
    """

    sort: Sort
    name: str
    incident: Incident
    v: int = 1


class Recent(msgspec.Struct, frozen=True, kw_only=True):
    """What a page shows of what is over.

    Args:
        ended: Incidents that have ended, the latest end first.
        calls: The maintenance that was called.
        is_whole: False: there were more incidents than are read at once.
    """

    ended: tuple[Ended, ...] = ()
    calls: tuple[MaintenanceCall, ...] = ()
    is_whole: bool = True


class Incidents:
    """The incidents that have ended, and the maintenance that was called.

    Args:
        storage: The worker's storage account.
        clock: The time.
    """

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock

    async def note(self, ended: Sequence[tuple[Watched, Incident]]) -> None:
        """Keep incidents that have ended; one that is noted twice is kept once.

        Raises:
            StorageUnavailable: It is not known which are kept; the same call does it again.
        """
        months: dict[str, dict[str, Put]] = {}
        for watched, incident in ended:
            record = Ended(sort=watched.sort, name=watched.name, incident=incident)
            month = _month(incident.ended_at or incident.since)
            row = {
                "PartitionKey": month,
                "RowKey": incident.id,
                "subject": watched.name,
                "kind": incident.kind,
                "record": msgspec.json.encode(record),
            }
            months.setdefault(month, {})[incident.id] = Put(row)
        table = await self._storage.table(INCIDENTS)
        for month, rows in months.items():
            puts = list(rows.values())
            for begin in range(0, len(puts), MOST_OPERATIONS):
                await table.batch(month, puts[begin : begin + MOST_OPERATIONS])

    async def ended(self, *, subject: str = "", kind: str = "", since: datetime | None = None) -> list[Ended]:
        """Give incidents that have ended, the latest end first; one request for every 1,000 of them.

        Args:
            subject: Of this one alone; empty: of all.
            kind: Of this kind of machine alone; empty: of all.
            since: That have ended from this time on; None: all that are kept.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        begin = since or self._clock.now() - KEEP
        where = [Where("PartitionKey", "ge", _month(begin)), Where("PartitionKey", "lt", _CALLS)]
        where += [Where("subject", "eq", subject)] if subject else []
        where += [Where("kind", "eq", kind)] if kind else []
        found: list[Ended] = []
        table = await self._storage.table(INCIDENTS)
        async for row in table.select(where):
            ended = _readable(_READER, row)
            if ended is not None and (ended.incident.ended_at or begin) >= begin:
                found.append(ended)
        return sorted(found, key=_at, reverse=True)

    async def recent(self, since: datetime) -> "Recent":
        """Give incidents that have ended lately and the maintenance that was called: `MOST_PAGES` requests at most.

        Args:
            since: Incidents of the months from this time on.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        table = await self._storage.table(INCIDENTS)
        where = [Where("PartitionKey", "ge", _month(since)), Where("PartitionKey", "le", _CALLS)]
        rows: list[StoredRow] = []
        place: Cursor | None = None
        for _ in range(MOST_PAGES):
            page = await table.page(where, after=place)
            rows += page.rows
            place = page.following
            if place is None:
                break
        ended = [found for row in rows if row.partition != _CALLS and (found := _readable(_READER, row))]
        calls = [found for row in rows if row.partition == _CALLS and (found := _readable(_CALL_READER, row))]
        if place is not None:
            # They lie behind the months; whether somebody is silent must be known.
            calls = await self.calls()
        return Recent(ended=tuple(sorted(ended, key=_at, reverse=True)), calls=tuple(calls), is_whole=place is None)

    async def find(self, incident: str) -> Ended | None:
        """Give the incident of this id, if it has ended and is kept.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        table = await self._storage.table(INCIDENTS)
        async for row in table.select([Where("PartitionKey", "lt", _CALLS), Where("RowKey", "eq", incident)]):
            if (ended := _readable(_READER, row)) is not None:
                return ended
        return None

    async def call(self, call: MaintenanceCall) -> None:
        """Keep maintenance that was called; the same call replaces itself.

        Raises:
            StorageUnavailable: It is not known to be kept.
        """
        row = {
            "PartitionKey": _CALLS,
            "RowKey": call.id,
            "organization": call.organization,
            "record": msgspec.json.encode(call),
        }
        await (await self._storage.table(INCIDENTS)).put(row)

    async def calls(self) -> list[MaintenanceCall]:
        """Give the maintenance that was called, the latest beginning first.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        table = await self._storage.table(INCIDENTS)
        rows = table.select([Where("PartitionKey", "eq", _CALLS)])
        found = [call async for row in rows if (call := _readable(_CALL_READER, row)) is not None]
        return sorted(found, key=lambda call: call.since, reverse=True)

    async def retain(self, keep: timedelta = KEEP) -> int:
        """Delete what was over longer ago than `keep`; returns how many rows.

        Raises:
            StorageUnavailable: The account did not answer; what is left is deleted the next time.
        """
        table = await self._storage.table(INCIDENTS)
        before = self._clock.now() - keep
        gone = [call for call in await self.calls() if call.until < before]
        for call in gone:
            await table.remove(_CALLS, call.id)
        return len(gone) + await forget(table, _month(before))


_READER = Reader(msgspec.json.Decoder(Ended), "incident")
_CALL_READER = Reader(msgspec.json.Decoder(MaintenanceCall), "maintenance")


def _readable[T](reader: Reader[T], row: StoredRow) -> T | None:
    try:
        return reader.read(row.entity.get("record"), row.key)
    except CorruptRecord as corrupt:
        log.warning("%s", corrupt)
        return None


def _at(ended: Ended) -> tuple[datetime, str]:
    return ended.incident.ended_at or ended.incident.since, ended.incident.id


def _month(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m}"
