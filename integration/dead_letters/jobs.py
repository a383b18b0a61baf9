"""Replays and purges as records: what was asked, how far it is. One at a time works, under a lease."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

import msgspec

from integration.dead_letters.places import Filter, Place
from integration.errors import CorruptRecord, UnknownDeadLetter, UnknownJob
from integration.records import VERSION, Reader
from integration.storage import Storage
from integration.storage.names import DEAD_LETTERS_LEASE, JOBS

if TYPE_CHECKING:
    from integration.storage.blobs import BlobLease

KEEP = timedelta(days=30)
"""How long a job can be asked for after it was last worked on."""
_JOBS = "jobs/"
_CANCELLED = "cancelled/"
_ID = re.compile(r"[0-9a-f]{32}")

type Kind = Literal["replay", "purge"]


class Job(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A replay or purge of dead letters.

    Args:
        id: 32 hexadecimal digits.
        kind: What is done with them.
        filter: Which dead letters; those that became one after `requested_at` are left.
        ids: These alone, instead of a filter.
        requested_at: When it was asked for.
        per_second: Dead letters a second, at most.
        current_environment: Deliver to the environment that is linked now, whichever it was meant for.
        state: How it stands.
        cursor: The id of the last dead letter that was seen; what follows is still to do.
        counts: What became of them: delivered, deferred, parked, deadLettered, ignored, purged, kept.
        updated_at: When this was last written.
        v: Version of this record.
    """

    id: str
    kind: Kind
    requested_at: datetime
    updated_at: datetime
    filter: Filter = Filter()
    ids: tuple[str, ...] = ()
    per_second: float = 20.0
    current_environment: bool = False
    state: Literal["queued", "running", "done", "cancelled"] = "queued"
    cursor: str = ""
    counts: dict[str, int] = {}
    v: int = VERSION

    @property
    def over(self) -> bool:
        """Whether nothing is done for it any more."""
        return self.state in ("done", "cancelled")

    def counted(self, *whats: str) -> "Job":
        """Return the job with one more of each."""
        counts = dict(self.counts)
        for what in whats:
            counts[what] = counts.get(what, 0) + 1
        return msgspec.structs.replace(self, counts=counts)


_READER = Reader(msgspec.json.Decoder(Job), "job")


class Jobs:
    """Keeps jobs.

    Args:
        storage: The worker's storage account.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def save(self, job: Job) -> None:
        """Keep a job as it stands.

        Raises:
            StorageUnavailable: It is not known to be kept.
        """
        await self._storage.blobs(JOBS).put(f"{_JOBS}{job.id}.json", msgspec.json.encode(job))

    async def load(self, job: str) -> Job:
        """Read a job.

        Raises:
            UnknownJob: There is none of this id.
            CorruptRecord: It cannot be read.
            StorageUnavailable: The account did not answer.
        """
        body = await self._storage.blobs(JOBS).get(f"{_JOBS}{job}.json") if _ID.fullmatch(job) else None
        if body is None:
            msg = f"there is no job {job[:40]!r}"
            raise UnknownJob(msg)
        found = _READER.read(body, job)
        try:
            for place in filter(None, (found.cursor, *found.ids)):
                Place.of_id(place)
        except UnknownDeadLetter as error:
            msg = f"the job {job} names a place that can be none"
            raise CorruptRecord(msg) from error
        return found

    async def cancel(self, job: str) -> None:
        """Say that a job is to stop: beside it, since whoever works on it writes it.

        Raises:
            StorageUnavailable: It is not known to be said.
        """
        await self._storage.blobs(JOBS).put(f"{_CANCELLED}{job}", b"")

    async def cancelled(self, job: str) -> bool:
        """Tell whether a job is to stop.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        return await self._storage.blobs(JOBS).get(f"{_CANCELLED}{job}") is not None

    async def sweep(self, now: datetime) -> int:
        """Delete the jobs that nobody has worked on for `KEEP`; returns how many blobs.

        Args:
            now: The time.

        Raises:
            StorageUnavailable: The account did not answer; what is left is deleted the next time.
        """
        blobs, deleted = self._storage.blobs(JOBS), 0
        for prefix in (_JOBS, _CANCELLED):
            old = [each async for each in blobs.versions(prefix) if each.written_at and now - each.written_at > KEEP]
            deleted += sum(await blobs.delete_many(old))
        return deleted

    @asynccontextmanager
    async def working(self) -> AsyncGenerator["BlobLease | None"]:
        """Hold the one right to replay or purge; None when another has it.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        async with self._storage.blobs(JOBS).lease(DEAD_LETTERS_LEASE) as lease:
            yield lease
