"""A blob container in memory, with its versions and leases."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import msgspec

from integration.errors import StorageRefused
from integration.records import LARGEST
from integration.storage.blob_batch import MOST, Version
from integration.storage.blobs import StoredBlob
from integration.storage.memory.account import Account

_SHORTEST_LEASE, _LONGEST_LEASE = 15, 60
_DELETING = 30.0
"""Seconds for which a deleted container is not made again. Source: "Delete Container": at least 30."""


class Kept(msgspec.Struct, frozen=True):
    """A blob."""

    body: bytes
    metadata: dict[str, str]
    etag: str
    written_at: datetime


class Held(msgspec.Struct, frozen=True):
    """A lease: whose, and until when on the monotonic clock."""

    word: str
    until: float


class MemoryBlobs:
    """What `Blobs` is, in memory.

    Args:
        account: Where it is.
        container: The container's name.
    """

    def __init__(self, account: Account, container: str) -> None:
        self._account = account
        self._container = container
        self.blobs: dict[str, Kept] = {}
        """What is in it; a test may read it, and break blobs in it."""
        self._leases: dict[str, Held] = {}
        self._deleted: float | None = None

    def drop(self) -> None:
        """Delete it with its blobs; it cannot be made again for a while."""
        self.blobs.clear()
        self._leases.clear()
        self._deleted = self._account.clock.monotonic()

    async def put(self, path: str, body: bytes, *, metadata: Mapping[str, str] | None = None) -> None:
        """Write one blob, as `Blobs.put`."""

        def act() -> None:
            self._check(path, "writing a blob")
            self._write(path, body, metadata)

        await self._account.ask("put_blob", act)

    async def get(self, path: str) -> bytes | None:
        """Read one blob, as `Blobs.get`."""
        found = await self.get_version(path)
        return found[0] if found is not None else None

    async def get_version(self, path: str) -> tuple[bytes, str] | None:
        """Read one blob with its version, as `Blobs.get_version`."""

        def act() -> tuple[bytes, str] | None:
            found = self.blobs.get(path)
            return (found.body[: LARGEST + 1], found.etag) if found is not None else None

        return await self._account.ask("get_blob", act)

    async def delete(self, path: str) -> bool:
        """Delete one blob, as `Blobs.delete`."""
        return await self._account.ask("delete_blob", lambda: self._delete(path))

    async def delete_version(self, path: str, etag: str) -> bool:
        """Delete one version, as `Blobs.delete_version`."""
        return await self._account.ask("delete_blob", lambda: self._delete_as(Version(path, etag)))

    async def delete_many(self, versions: Sequence[Version]) -> Sequence[bool]:
        """Delete blobs, as `Blobs.delete_many`."""
        done: list[bool] = []
        for start in range(0, len(versions), MOST):
            lot = versions[start : start + MOST]
            done += await self._account.ask("delete_blobs", lambda lot=lot: self._delete_each(lot))
        return done

    async def list(self, prefix: str) -> AsyncIterator[StoredBlob]:
        """List blobs, as `Blobs.list`."""
        for path, kept in await self._found(prefix):
            yield StoredBlob(path, dict(kept.metadata))

    async def names(self, prefix: str) -> AsyncIterator[str]:
        """List paths, as `Blobs.names`."""
        for path, _ in await self._found(prefix):
            yield path

    async def versions(self, prefix: str) -> AsyncIterator[Version]:
        """List what is there now, as `Blobs.versions`."""
        for path, kept in await self._found(prefix):
            yield Version(path, kept.etag, kept.written_at)

    async def folders(self, prefix: str) -> AsyncIterator[str]:
        """List folders, as `Blobs.folders`."""
        inner = [path[len(prefix) :] for path, _ in await self._found(prefix)]
        for folder in dict.fromkeys(path.split("/")[0] for path in inner if "/" in path):
            yield f"{prefix}{folder}/"

    async def any(self, prefix: str) -> bool:
        """Tell whether a path begins so, as `Blobs.any`."""
        return bool(await self._found(prefix))

    @asynccontextmanager
    async def lease(self, path: str, *, seconds: int = 60) -> AsyncGenerator["MemoryLease | None"]:
        """Hold a lease, as `Blobs.lease`."""
        if not _SHORTEST_LEASE <= seconds <= _LONGEST_LEASE:
            msg = f"taking a lease: the account answered 400 to {seconds} s"
            raise StorageRefused(msg, status=400)
        lease = await self._account.ask("lease", lambda: self._lease(path, seconds))
        try:
            yield lease
        finally:
            if lease is not None:
                await self._account.ask("release", lease.give_back)

    def _lease(self, path: str, seconds: int) -> "MemoryLease | None":
        if self.holder(path):
            return None
        if path not in self.blobs:
            self._write(path, b"", None)
        lease = MemoryLease(self._account, self._leases, self.blobs, path, seconds)
        lease.take()
        return lease

    def holder(self, path: str) -> str:
        """Name who holds the lease of a blob now; empty: nobody."""
        held = self._leases.get(path)
        return held.word if held is not None and self._account.clock.monotonic() < held.until else ""

    async def _found(self, prefix: str) -> "tuple[tuple[str, Kept], ...]":
        return await self._account.ask(
            "list_blobs", lambda: tuple(each for each in sorted(self.blobs.items()) if each[0].startswith(prefix))
        )

    def _write(self, path: str, body: bytes, metadata: Mapping[str, str] | None) -> None:
        self._account.check_free(self._deleted, _DELETING, "writing a blob")
        now = self._account.clock.now()
        self.blobs[path] = Kept(bytes(body), dict(metadata or {}), self._account.version(), now)

    def _delete(self, path: str) -> bool:
        if path not in self.blobs:
            return False
        self._check(path, "deleting a blob")
        del self.blobs[path]
        return True

    def _delete_as(self, version: Version) -> bool:
        found = self.blobs.get(version.path)
        return found is not None and version.etag in {None, found.etag} and self._delete(version.path)

    def _delete_each(self, versions: Sequence[Version]) -> Sequence[bool]:
        done: list[bool] = []
        refused: list[StorageRefused] = []
        for version in versions:
            try:
                done.append(self._delete_as(version))
            except StorageRefused as error:
                refused.append(error)
        if refused:
            raise refused[0]  # the others are deleted all the same
        return done

    def _check(self, path: str, doing: str) -> None:
        if self.holder(path):  # none of ours names its lease when it writes
            msg = f"{doing}: the account answered 412: another holds a lease on it"
            raise StorageRefused(msg, status=412)


class MemoryLease:
    """What `BlobLease` is, in memory."""

    def __init__(
        self, account: Account, leases: dict[str, Held], blobs: Mapping[str, Kept], path: str, seconds: int
    ) -> None:
        self._account = account
        self._leases = leases
        self._blobs = blobs
        self._path = path
        self._seconds = seconds
        self._word = account.version()

    def take(self) -> None:
        """Hold it from now on."""
        self._leases[self._path] = Held(self._word, self._account.clock.monotonic() + self._seconds)

    async def renew(self) -> bool:
        """Extend the lease, as `BlobLease.renew`."""

        def act() -> bool:
            if not self._ours() or self._path not in self._blobs:
                return False
            self.take()
            return True

        return await self._account.ask("renew", act)

    def give_back(self) -> None:
        """Hold it no more."""
        if self._ours():
            del self._leases[self._path]

    def _ours(self) -> bool:
        # One that ran out can be renewed as long as nobody else has taken it. Source: "Lease Blob".
        held = self._leases.get(self._path)
        return held is not None and held.word == self._word
