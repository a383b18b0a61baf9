"""What the instances tell one another of the newest business event delivered: a row a kind, which rises until reset."""

import hashlib
from datetime import datetime

import msgspec

from integration.errors import StorageUnavailable
from integration.loggers import logger
from integration.storage import Storage, StoredRow, Where
from integration.storage.names import NEWEST

VERSION = 1
_ROUNDS = 8
_TEXT = 2_048

log = logger("delivery")

type Kind = tuple[str, str, str, str]
"""Organization, group of sources, legal entity, type."""


class Seen(msgspec.Struct, frozen=True):
    """A row as it was read or written.

    Args:
        number: The highest ControlNumber delivered; -1: there is none.
        etag: The row's version; empty: there is no row.
        resets: How often an operator has reset it.
    """

    number: int = -1
    etag: str = ""
    resets: int = 0


class Newest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The newest of a kind as an operator sees it.

    Args:
        organization: The configured name.
        group: Of sources.
        legal_entity: Of the events.
        type: Of the events.
        number: The highest ControlNumber delivered, as text (an int64); null: none since it was reset.
        resets: How often it was reset.
        updated_at: When the row was last written.
    """

    organization: str
    group: str
    legal_entity: str
    type: str
    number: str | None
    resets: int
    updated_at: datetime | None


class WantedKinds(msgspec.Struct, frozen=True, kw_only=True):
    """Which kinds are meant; what is empty does not restrict.

    Args:
        organization: The configured name.
        group: Of sources.
        legal_entity: Of the events.
        type: Of the events.
    """

    organization: str = ""
    group: str = ""
    legal_entity: str = ""
    type: str = ""

    def takes(self, newest: Newest) -> bool:
        """Tell whether a kind is meant."""
        told = msgspec.structs.asdict(self)
        return all(not value or getattr(newest, name) == value for name, value in told.items())


class NewestRows:
    """The rows of every kind.

    Args:
        storage: The worker's storage account.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.operations = 0
        """Table operations so far, retries of the SDK not counted."""

    async def read(self, kind: Kind) -> Seen:
        """Read the row of a kind; one that cannot be read counts as none and is written over.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        table = await self._storage.table(NEWEST)
        self.operations += 1
        row = await table.get(kind[0], _row_key(kind))
        return _seen(row) if row is not None else Seen()

    async def lift(self, kind: Kind, number: int, last: Seen, at: datetime, jump: int) -> Seen:
        """Let the row of a kind say at least this number; returns what it says now.

        Args:
            kind: Which.
            number: The highest that was delivered here.
            last: The row as it was seen last. One operation, if it still is the present one.
            at: The time.
            jump: How far from what it says the number may be; one further away is not written, nor one of before a
                reset.

        Raises:
            StorageUnavailable: It is not known to be written.
        """
        for _ in range(_ROUNDS):
            written = await self._write(kind, number, last, at)
            if written:
                return Seen(number, written, last.resets)
            seen = await self.read(kind)
            far = seen.number >= 0 and number - seen.number > jump
            if seen.number >= number or far or seen.resets != last.resets:
                return seen
            last = seen
        msg = f"the row of {kind[3]} in {NEWEST} is written by too many at once"
        raise StorageUnavailable(msg)

    async def listed(self, wanted: WantedKinds) -> list[Newest]:
        """List kinds, by organization, group, legal entity and type.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        found = [newest for _, newest in await self._rows(wanted)]
        return sorted(found, key=lambda each: (each.organization, each.group, each.legal_entity, each.type))

    async def reset(self, wanted: WantedKinds, at: datetime) -> list[Newest]:
        """Forget the newest of kinds; every process follows within `SHARE`.

        Returns:
            They, as they were.

        Raises:
            StorageUnavailable: It is not known to be done for all; doing it again goes on.
        """
        found = await self._rows(wanted)
        for row, newest in found:
            kind = (newest.organization, newest.group, newest.legal_entity, newest.type)
            await self._reset(kind, _seen(row), at)
        return [newest for _, newest in found]

    async def _reset(self, kind: Kind, seen: Seen, at: datetime) -> None:
        for _ in range(_ROUNDS):
            if await self._write(kind, -1, msgspec.structs.replace(seen, resets=seen.resets + 1), at):
                return
            seen = await self.read(kind)
        msg = f"the row of {kind[3]} in {NEWEST} is written by too many at once"
        raise StorageUnavailable(msg)

    async def _rows(self, wanted: WantedKinds) -> list[tuple[StoredRow, Newest]]:
        table = await self._storage.table(NEWEST)
        where = [Where("PartitionKey", "eq", wanted.organization)] if wanted.organization else []
        # A row without a group is of before there were any, and read no more.
        found = [(row, _newest(row)) async for row in table.select(where) if "group" in row.entity]
        return [(row, newest) for row, newest in found if wanted.takes(newest)]

    async def _write(self, kind: Kind, number: int, last: Seen, at: datetime) -> str:
        organization, group, entity, type_ = kind
        row = {
            "PartitionKey": organization,
            "RowKey": _row_key(kind),
            "v": VERSION,
            "group": group,
            "legal_entity": entity[:_TEXT],
            "type": type_[:_TEXT],
            "number": str(number) if number >= 0 else "",
            "resets": last.resets,
            "updated_at": at,
        }
        table = await self._storage.table(NEWEST)
        self.operations += 1
        return await (table.replace(row, last.etag) if last.etag else table.insert(row)) or ""


def _row_key(kind: Kind) -> str:
    return hashlib.sha256("\x00".join(kind).encode()).hexdigest()


def _seen(row: StoredRow) -> Seen:
    text, resets = row.entity.get("number", ""), row.entity.get("resets", 0)
    readable = isinstance(text, str) and (not text or (text.isascii() and text.isdigit()))
    if row.entity.get("v") != VERSION or not readable or not isinstance(resets, int):
        log.error("the row %s of %s cannot be read and is written anew", row.key, NEWEST)
        return Seen(-1, row.etag)
    return Seen(int(text) if text else -1, row.etag, resets)


def _newest(row: StoredRow) -> Newest:
    seen, at = _seen(row), row.entity.get("updated_at")
    return Newest(
        organization=row.partition,
        group=str(row.entity.get("group", "")),
        legal_entity=str(row.entity.get("legal_entity", "")),
        type=str(row.entity.get("type", "")),
        number=str(seen.number) if seen.number >= 0 else None,
        resets=seen.resets,
        updated_at=at if isinstance(at, datetime) else None,
    )
