"""Where dead letters and parked deliveries are kept."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import msgspec

from integration.dead_letters.listing import Lying, oldest_first
from integration.dead_letters.places import Filter, Place
from integration.dead_letters.reasons import NOT_LINKED
from integration.dead_letters.record import Record, path_of
from integration.faults import summary
from integration.loggers import logger
from integration.plain_text import plain
from integration.storage import Storage, StoredBlob
from integration.storage.blob_batch import Version
from integration.storage.names import DEAD_LETTERS, LEASES, PARKED
from integration.tally import First, Key, Tally, What, uncounted

if TYPE_CHECKING:
    from integration.storage.blobs import BlobLease

log = logger("dead_letters")

_SHOWN = 300
"""Characters of a text that are kept of the first ones that are counted."""


class Parked(msgspec.Struct, frozen=True):
    """A parked delivery as the listing shows it, without reading it.

    Args:
        path: Where it is stored.
        organization: The configured name.
        reason: Why it is parked.
        environment: Fingerprint of the environment it was meant for; empty when none was known.
        route: The SHA-256, shortened, of its route's name.
    """

    path: str
    organization: str
    reason: str
    environment: str
    route: str


class DeadLetters:
    """Dead letters and parked deliveries of every organization.

    Args:
        storage: The worker's storage account.
        tally: Counts what is kept.
    """

    def __init__(self, storage: Storage, tally: Tally = uncounted) -> None:
        self._storage = storage
        self._tally = tally

    async def bury(self, record: Record) -> str:
        """Keep a dead letter and return its path; keeping it twice leaves one.

        Raises:
            StorageUnavailable: It is not known to be kept.
        """
        path = path_of(record)
        await self._storage.blobs(DEAD_LETTERS).put(path, record.encode())
        self._count("dead_lettered", record, path)
        return path

    async def places(self, wanted: Filter, after: Place | None = None) -> AsyncGenerator[Place]:
        """List dead letters, oldest first, without reading them.

        Args:
            wanted: Which.
            after: Only those behind this one.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        async for lying in oldest_first(self._storage.blobs(DEAD_LETTERS), wanted, after):
            yield lying.place

    async def lying(self, wanted: Filter, after: Place | None = None) -> AsyncGenerator[Lying]:
        """List dead letters as `places`, with the version that each is when it is listed."""
        async for lying in oldest_first(self._storage.blobs(DEAD_LETTERS), wanted, after):
            yield lying

    async def read(self, place: Place) -> tuple[bytes, str] | None:
        """Read a dead letter as stored, with its version for `remove`; None when it is gone.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        return await self._storage.blobs(DEAD_LETTERS).get_version(place.path)

    async def remove(self, place: Place, version: str) -> bool:
        """Remove a dead letter unless it has become one anew meanwhile.

        Returns:
            Whether it was removed.

        Raises:
            StorageUnavailable: It may still be there.
        """
        return await self._storage.blobs(DEAD_LETTERS).delete_version(place.path, version)

    async def remove_many(self, versions: Sequence[Version]) -> Sequence[bool]:
        """Remove dead letters as `remove` does, many in a request.

        Returns:
            Whether each was removed.

        Raises:
            StorageUnavailable: Some may still be there.
        """
        return await self._storage.blobs(DEAD_LETTERS).delete_many(versions)

    async def supersede(self, path: str, generation: int) -> bool:
        """Remove a dead letter whose delivery a later run has taken care of, unless that run or one after it wrote it.

        Args:
            path: Where it lies.
            generation: The journal's number of that run.

        Returns:
            Whether it was removed.

        Raises:
            StorageUnavailable: It may still be there.
            CorruptRecord: It cannot be read, and is kept.
        """
        place = Place.read(path)
        stored = await self.read(place) if place else None
        if place is None or stored is None or Record.decode(stored[0]).generation >= generation:
            return False
        return await self.remove(place, stored[1])

    async def park(self, record: Record) -> str:
        """Keep a delivery until its organization is linked again, and return its path.

        Raises:
            StorageUnavailable: It is not known to be kept.
        """
        path = path_of(record)
        await self._storage.blobs(PARKED).put(path, record.encode(), metadata=_marks(record, path))
        self._count("parked", record, path)
        return path

    async def parked(self, organization: str, reason: str = NOT_LINKED) -> AsyncIterator[Parked]:
        """List what is parked, oldest first.

        Args:
            organization: The configured name.
            reason: NOT_LINKED, or PARKED_FOR_OTHER_ENVIRONMENT.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        async for blob in self._storage.blobs(PARKED).list(f"{organization}/{reason}/"):
            yield _listed(blob)

    async def has_parked(self, organization: str, reason: str = NOT_LINKED) -> bool:
        """Tell whether anything is parked; one call.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        return await self._storage.blobs(PARKED).any(f"{organization}/{reason}/")

    async def read_parked(self, path: str) -> bytes | None:
        """Read a parked delivery as stored; None when it is gone. `Record.decode` makes a record of it.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        return await self._storage.blobs(PARKED).get(path)

    async def parked_places(self, wanted: Filter, after: Place | None = None) -> AsyncGenerator[Place]:
        """List parked deliveries, oldest first, without reading them; as `places`.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        async for lying in oldest_first(self._storage.blobs(PARKED), wanted, after):
            yield lying.place

    async def unpark(self, path: str) -> None:
        """Forget a parked delivery: it was delivered, or is kept elsewhere.

        Raises:
            StorageUnavailable: It may still be there.
        """
        await self._storage.blobs(PARKED).delete(path)

    @asynccontextmanager
    async def releasing(self, organization: str) -> AsyncGenerator["BlobLease | None"]:
        """Hold the one right to release an organization's parked deliveries; None when another instance has it.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        async with self._storage.blobs(PARKED).lease(f"{LEASES}{organization}") as lease:
            yield lease

    def _count(self, what: What, record: Record, path: str) -> None:
        """Count what is kept; whatever is wrong with counting, it is kept."""
        try:
            self._tally(*_counted(what, record, path))
        except Exception as error:  # noqa: BLE001  # or it would be kept a second time
            log.warning("not counted: %s", summary(error))


def _counted(what: What, record: Record, path: str) -> tuple[Key, First]:
    event, place = record.event, Place.read(path)
    first = First(
        at=record.recorded_at,
        type=plain(event.type, longest=_SHOWN) if event is not None else "",
        id=plain(event.id, longest=_SHOWN) if event is not None else "",
        route=record.route,
        message=plain(record.message, longest=_SHOWN),
        letter=place.id if what == "dead_lettered" and place is not None else "",
    )
    return Key(what, record.organization, record.source, record.target, record.reason), first


def _marks(record: Record, path: str) -> dict[str, str]:
    return {"environment": record.environment, "route": path.rsplit("-", 1)[-1].removesuffix(".json")}


def _listed(blob: StoredBlob) -> Parked:
    organization, reason, _ = blob.path.split("/", 2)
    return Parked(blob.path, organization, reason, blob.metadata.get("environment", ""), blob.metadata.get("route", ""))
