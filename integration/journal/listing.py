"""Reading the journal: pages of rows by filter, and one row by its key or its event's id.

Rows lie by organization and hash, so a table has no order of time within: events without a time come first, then the
newest week; each page is sorted. A week is read on the server's side of the filter; where little matches, a page may
be short, even empty, and still have a next one.
"""

import asyncio
import base64
import binascii
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Self

import msgspec

from integration.clock import Clock
from integration.errors import CorruptRecord, InvalidRequest
from integration.journal.entity import decode
from integration.journal.record import Row, State
from integration.journal.tables import PAST_EVENTS, is_table, organization_in, partition_in, partitions_in
from integration.storage import Storage, StoredRow, Where
from integration.storage.names import JOURNAL
from integration.storage.removals import remove_all
from integration.storage.tables import PAGE, Cursor, Remove

PAGE_BUDGET_SECONDS = 10.0
"""Seconds after which a page ends where it is."""
_AT_ONCE = 16
_LONGEST_TOKEN = 4096
_SURROGATES, _PAST_SURROGATES = 0xD800, 0xE000


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows are meant; what is empty does not restrict.

    Args:
        organization: The configured name.
        state: Where the event stands.
        id: The event's id.
        type: The event's type; with `*` at its end, every type that begins so.
        source: The configured source it came in by.
        legal_entity: Of the event.
        since: First accepted at this time or later.
        until: First accepted before this time.
    """

    organization: str = ""
    state: State | None = None
    id: str = ""
    type: str = ""
    source: str = ""
    legal_entity: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_empty(self) -> bool:
        """Whether every row is meant."""
        return self == Wanted()

    def where(self, table: str) -> list[Where]:
        """Give the conditions that a row of a table meets which is meant."""
        found = [Where("RowKey", "lt", PAST_EVENTS)]
        if self.organization:
            # The range spares the server most other organizations; `a-b` may lie within that of `a`, so compare, too.
            first, last = partitions_in(table, self.organization)
            found += [
                Where("PartitionKey", "ge", first),
                Where("PartitionKey", "le", last),
                Where("organization", "eq", self.organization),
            ]
        if self.type.endswith("*"):
            begin = self.type[:-1]
            found += [Where("type", "ge", begin), Where("type", "lt", _behind(begin))] if begin else []
        elif self.type:
            found.append(Where("type", "eq", self.type))
        equal = {"state": self.state, "id": self.id, "source": self.source, "legal_entity": self.legal_entity}
        found += [Where(name, "eq", value) for name, value in equal.items() if value]
        if self.since is not None:
            found.append(Where("accepted_at", "ge", self.since))
        if self.until is not None:
            found.append(Where("accepted_at", "lt", self.until))
        return found


class Bookmark(msgspec.Struct, frozen=True, array_like=True):
    """Where the next page begins.

    Args:
        table: The week's table.
        partition: The service's continuation within it; both empty: from its start.
        row: As `partition`.
    """

    table: str
    partition: str = ""
    row: str = ""

    @property
    def token(self) -> str:
        """The opaque text of it, safe in URLs."""
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode().rstrip("=")

    @classmethod
    def of_token(cls, token: str) -> Self:
        """Read the text of a bookmark.

        Raises:
            InvalidRequest: It is none.
        """
        try:
            if len(token) > _LONGEST_TOKEN:
                raise ValueError  # noqa: TRY301  # one answer for everything that is no token
            body = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
            bookmark = msgspec.json.decode(body, type=cls)
            if not is_table(bookmark.table):
                raise ValueError  # noqa: TRY301  # as above
        except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
            msg = "after is not the `next` of a page before"
            raise InvalidRequest(msg) from error
        return bookmark


class Found(msgspec.Struct, frozen=True):
    """A row, and where it was.

    Args:
        table: The week's table.
        partition: PartitionKey.
        key: RowKey: the event's storage key.
        etag: Its version.
        row: None where it cannot be read.
    """

    table: str
    partition: str
    key: str
    etag: str
    row: Row | None

    @property
    def organization(self) -> str:
        """The configured name, even where the row cannot be read."""
        return organization_in(self.table, self.partition)


class Listing:
    """The rows of every week.

    Args:
        storage: The worker's storage account.
        clock: The time.
    """

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock

    async def page(self, wanted: Wanted, limit: int, after: Bookmark | None = None) -> tuple[list[Found], str | None]:
        """Read one page.

        Args:
            wanted: Which rows.
            limit: How many at most.
            after: Where the page before has ended.

        Returns:
            The rows, newest week first and sorted within it, and the token of the next page, if there may be one.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        started = self._clock.monotonic()
        found: list[Found] = []
        names = [name for name in await self._tables() if after is None or name <= after.table]
        for number, name in enumerate(names):
            mark = after if after is not None and after.table == name else Bookmark(name)
            week: list[Found] = []
            while True:
                rows, following = await self._read(wanted, limit - len(found) - len(week), mark)
                week += rows
                over = len(found) + len(week) >= limit or self._clock.monotonic() - started > PAGE_BUDGET_SECONDS
                if following is None or over:
                    break
                mark = following
            found += sorted(week, key=_time, reverse=True)
            if following is not None:
                return found, following.token
            if over and number + 1 < len(names):
                return found, Bookmark(names[number + 1]).token
        return found, None

    async def get(self, organization: str, key: str) -> Found | None:
        """Read the row of an event's key, in whichever week it is.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        for name in await self._tables():
            table = await self._storage.table(name)
            stored = await table.get(partition_in(name, organization, key), key)
            if stored is not None:
                return _found(name, stored)
        return None

    async def remove(self, rows: Sequence[Found]) -> int:
        """Remove rows, but for those that have been written meanwhile.

        Returns:
            How many were removed.

        Raises:
            StorageUnavailable: Some may still be there.
        """
        partitions: dict[tuple[str, str], list[Found]] = {}
        for found in rows:
            partitions.setdefault((found.table, found.partition), []).append(found)
        gate, removed = asyncio.Semaphore(_AT_ONCE), 0

        async def of_one(table: str, partition: str, found: Sequence[Found]) -> int:
            async with gate:
                steps = [Remove(each.key, each.etag) for each in found]
                return await remove_all(await self._storage.table(table), partition, steps)

        for each in await asyncio.gather(*(of_one(*place, found) for place, found in partitions.items())):
            removed += each
        return removed

    async def _tables(self) -> list[str]:
        return sorted([name async for name in self._storage.tables(JOURNAL) if is_table(name)], reverse=True)

    async def _read(self, wanted: Wanted, limit: int, mark: Bookmark) -> tuple[list[Found], Bookmark | None]:
        """Ask the service once; a week that has been dropped meanwhile has no rows."""
        table = await self._storage.table(mark.table)
        begin = Cursor(mark.partition, mark.row) if mark.partition or mark.row else None
        page = await table.page(wanted.where(mark.table), limit=min(limit, PAGE), after=begin)
        rows = [_found(mark.table, stored) for stored in page.rows]
        following = page.following
        return rows, Bookmark(mark.table, following.partition, following.row) if following is not None else None


def _behind(begin: str) -> str:
    """Return the first text behind all that begin so."""
    last = ord(begin[-1]) + 1
    return begin[:-1] + chr(_PAST_SURROGATES if _SURROGATES <= last < _PAST_SURROGATES else min(last, sys.maxunicode))


def _found(table: str, stored: StoredRow) -> Found:
    try:
        row = decode(stored.entity)
    except CorruptRecord:
        row = None
    return Found(table, stored.partition, stored.key, stored.etag, row)


def _time(found: Found) -> datetime:
    return found.row.accepted_at if found.row is not None else datetime.min.replace(tzinfo=UTC)
