"""Where standings survive restarts: a row a subject, written under its ETag.

A row that cannot be read is set aside, in a property of its own where an operator can look at it, and begun anew: what
is still wrong is told again, since nobody knows any more that it was. A standing is cut into pieces: a property holds
64 KiB.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from integration.errors import CorruptRecord, StorageUnavailable
from integration.health import before
from integration.health.standing import Sort, Standing, Watched
from integration.loggers import logger
from integration.records import Reader
from integration.storage import Storage, StoredRow
from integration.storage.names import HEALTH

log = logger("health")

ROUNDS = 8
"""How often a change is made again after somebody else was faster."""
PIECE = 16_000
"""Characters of a standing in one property, each of at most four bytes in UTF-16."""
_PIECES = 32
_SORTS: frozenset[str] = frozenset({"organization", "target", "source", "app"})


class Kept(msgspec.Struct, frozen=True):
    """A standing and the version of its row.

    Args:
        standing: As it was read.
        etag: None: there is no row yet.
        aside: What could not be read: it stays in the row.
    """

    standing: Standing
    etag: str | None = None
    aside: str = ""


class Standings:
    """What is remembered of each subject.

    Args:
        storage: The worker's storage account.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def all(self) -> Mapping[Watched, Kept]:
        """Read everything: one request for every 1,000 subjects.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        found: dict[Watched, Kept] = {}
        table = await self._storage.table(HEALTH)
        async for row in table.select():
            watched = _watched(row)
            if watched is not None:
                found[watched] = _read(row, watched)
        return found

    async def load(self, watched: Watched) -> Kept:
        """Read one; a fresh one where there is none.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        row = await (await self._storage.table(HEALTH)).get(watched.sort, _key(watched))
        return Kept(Standing()) if row is None else _read(row, watched)

    async def save(self, watched: Watched, kept: Kept) -> Kept | None:
        """Write one, if its row is still the one that was read.

        Returns:
            It with its row's new version; None when somebody else was faster.

        Raises:
            StorageUnavailable: Whether it was written is not known.
        """
        table = await self._storage.table(HEALTH)
        entity = entity_of(watched, kept)
        etag = await (table.insert(entity) if kept.etag is None else table.replace(entity, kept.etag))
        return None if etag is None else Kept(kept.standing, etag, kept.aside)

    async def change(self, watched: Watched, apply: Callable[[Standing], Standing], known: Kept | None = None) -> Kept:
        """Change one, whoever else is at it: where somebody was faster it is read and changed again.

        Args:
            watched: Whose.
            apply: Gives it as it is to be; may be called several times. What it raises is raised.
            known: As it was read just now; None: it is read first.

        Returns:
            As it is written.

        Raises:
            StorageUnavailable: The account did not answer, or others were faster again and again.
        """
        kept = known or await self.load(watched)
        for _ in range(ROUNDS):
            changed = apply(kept.standing)
            if changed == kept.standing and kept.etag is not None:
                return kept
            saved = await self.save(watched, Kept(changed, kept.etag, kept.aside))
            if saved is not None:
                return saved
            kept = await self.load(watched)
        msg = f"the row of {watched.sort} {watched.name} is written by others all the time"
        raise StorageUnavailable(msg)

    async def forget(self, watched: Watched) -> None:
        """Delete a row, of what is not configured any more.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        await (await self._storage.table(HEALTH)).remove(watched.sort, _key(watched))


_READER = Reader(msgspec.json.Decoder(Standing), "standing", version=2)
_BEFORE = Reader(msgspec.json.Decoder(before.Row), "health state")


def _key(watched: Watched) -> str:
    return hashlib.sha256(watched.name.encode()).hexdigest()


def _watched(row: StoredRow) -> Watched | None:
    name = row.entity.get("name", row.entity.get("organization"))
    sort: Any = row.partition
    return Watched(sort, str(name)) if name and sort in _SORTS else None


def _read(row: StoredRow, watched: Watched) -> Kept:
    aside = row.entity.get("aside")
    aside = aside if isinstance(aside, str) else ""
    pieces = [row.entity.get(_piece(number)) for number in range(_PIECES)]
    whole = "".join(piece for piece in pieces if isinstance(piece, str))
    old = row.entity.get("state")
    try:
        if whole or old is None:
            return Kept(_READER.read(whole, f"of {watched.name}"), row.etag, aside)
        carried = before.carried_over(_BEFORE.read(old, f"of {watched.name}"), watched.name)
        return Kept(carried, row.etag, aside)
    except CorruptRecord:
        log.exception("what is remembered of %s %s is begun anew; it is kept aside", watched.sort, watched.name)
        return Kept(Standing(), row.etag, (whole or str(old))[:PIECE])


def entity_of(watched: Watched, kept: Kept) -> dict[str, Any]:
    """Write a standing as its row."""
    whole = msgspec.json.encode(kept.standing).decode()
    pieces = {_piece(number): whole[number * PIECE : (number + 1) * PIECE] for number in range(-(-len(whole) // PIECE))}
    return {
        "PartitionKey": watched.sort,
        "RowKey": _key(watched),
        "name": watched.name,
        "aside": kept.aside or None,
        **pieces,
    }


def _piece(number: int) -> str:
    return f"watch{number}"


def sort_of(kind: str) -> Sort:
    """Say whose rows have a kind of machine; dead letters and parked deliveries are an organization's."""
    if kind in ("target", "source"):
        return kind
    return "app" if kind in ("storage", "callers") else "organization"
