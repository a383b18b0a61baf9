"""A blob container that is made when it is first needed."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from integration.records import LARGEST
from integration.storage.blob_batch import Version, deleted, quoted
from integration.storage.failures import storage_failures

if TYPE_CHECKING:
    from azure.storage.blob.aio import BlobLeaseClient, ContainerClient

NO_SUCH_RANGE = 416

_TAKEN = frozenset({409, 412})
"""Statuses that say that another has a lease, or has written the blob."""


class StoredBlob(msgspec.Struct, frozen=True):
    """A listed blob: its path and its metadata."""

    path: str
    metadata: dict[str, str]


class Blobs:
    """One container."""

    def __init__(self, client: "ContainerClient") -> None:
        self._client = client

    async def put(self, path: str, body: bytes, *, metadata: Mapping[str, str] | None = None) -> None:
        """Write one blob, replacing what is there.

        Raises:
            StorageUnavailable: It is not known to be stored.
        """
        from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415  # imported at first use: import budget

        marks = dict(metadata or {})
        with storage_failures("writing a blob"):
            try:
                await self._client.upload_blob(path, body, overwrite=True, metadata=marks)
            except ResourceNotFoundError:
                await self._create()
                await self._client.upload_blob(path, body, overwrite=True, metadata=marks)

    async def get(self, path: str) -> bytes | None:
        """Read one blob whole, one that is too large for a record as far as that shows; None when there is none.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415  # imported at first use: import budget

        with storage_failures("reading a blob"):
            try:
                return await (await self._open(path)).readall()
            except ResourceNotFoundError:
                return None

    async def _open(self, path: str) -> Any:
        from azure.core.exceptions import HttpResponseError  # noqa: PLC0415  # imported at first use: import budget

        try:
            return await self._client.download_blob(path, offset=0, length=LARGEST + 1)
        except HttpResponseError as error:
            if error.status_code != NO_SUCH_RANGE:
                raise
            return await self._client.download_blob(path)  # an empty blob has no first byte

    async def delete(self, path: str) -> bool:
        """Delete one blob.

        Returns:
            Whether it was there.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415  # imported at first use: import budget

        with storage_failures("deleting a blob"):
            try:
                await self._client.delete_blob(path)
            except ResourceNotFoundError:
                return False
            return True

    async def list(self, prefix: str) -> AsyncIterator[StoredBlob]:
        """List the blobs whose path begins with `prefix`, in the order of their paths.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415  # imported at first use: import budget

        with storage_failures("listing blobs"):
            try:
                async for found in self._client.list_blobs(name_starts_with=prefix, include=["metadata"]):
                    yield StoredBlob(found.name, dict(found.metadata or {}))
            except ResourceNotFoundError:
                return

    async def names(self, prefix: str) -> AsyncIterator[str]:
        """List paths that begin with `prefix`, in order, a thousand at a time.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415  # imported at first use: import budget

        with storage_failures("listing blobs"):
            try:
                async for found in self._client.list_blobs(name_starts_with=prefix, results_per_page=1000):
                    yield found.name
            except ResourceNotFoundError:
                return

    async def versions(self, prefix: str) -> AsyncIterator[Version]:
        """List the blobs whose path begins with `prefix`, in order, as they are now.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415  # imported at first use: import budget

        with storage_failures("listing blobs"):
            try:
                async for found in self._client.list_blobs(name_starts_with=prefix, results_per_page=1000):
                    yield Version(found.name, quoted(found.etag), found.last_modified)
            except ResourceNotFoundError:
                return

    async def folders(self, prefix: str) -> AsyncIterator[str]:
        """List the folders right under `prefix` ("" or ending with /), each with a / at its end, in order.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415  # imported at first use: import budget
        from azure.storage.blob.aio import BlobPrefix  # noqa: PLC0415  # imported at first use: import budget

        with storage_failures("listing folders"):
            try:
                async for found in self._client.walk_blobs(name_starts_with=prefix, delimiter="/"):
                    if isinstance(found, BlobPrefix):
                        yield str(found.name)
            except ResourceNotFoundError:
                return

    async def get_version(self, path: str) -> tuple[bytes, str] | None:
        """Read one blob as `get` does, with its ETag; None when there is none.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415  # imported at first use: import budget

        with storage_failures("reading a blob"):
            try:
                stream = await self._open(path)
                return await stream.readall(), str(stream.properties.etag)
            except ResourceNotFoundError:
                return None

    async def delete_version(self, path: str, etag: str) -> bool:
        """Delete one blob if it still is this version.

        Returns:
            Whether it was.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        from azure.core import MatchConditions  # noqa: PLC0415  # imported at first use: import budget
        from azure.core.exceptions import (  # noqa: PLC0415  # imported at first use: import budget
            ResourceModifiedError,
            ResourceNotFoundError,
        )

        with storage_failures("deleting a blob"):
            try:
                await self._client.delete_blob(path, etag=etag, match_condition=MatchConditions.IfNotModified)
            except (ResourceModifiedError, ResourceNotFoundError):
                return False
            return True

    async def delete_many(self, versions: Sequence[Version]) -> Sequence[bool]:
        """Delete blobs, 256 in a request.

        Returns:
            Whether each was deleted: it was there, and was this version.

        Raises:
            StorageUnavailable: The account did not answer: some may be deleted.
        """

        async def singly(version: Version) -> bool:
            if version.etag is None:
                return await self.delete(version.path)
            return await self.delete_version(version.path, version.etag)

        return await deleted(self._client, versions, singly)

    async def any(self, prefix: str) -> bool:
        """Tell whether a blob's path begins with `prefix`: one call.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415  # imported at first use: import budget

        with storage_failures("looking for blobs"):
            try:
                async for _ in self._client.list_blobs(name_starts_with=prefix, results_per_page=1):
                    return True
            except ResourceNotFoundError:
                return False
            return False

    @asynccontextmanager
    async def lease(self, path: str, *, seconds: int = 60) -> AsyncGenerator["BlobLease | None"]:
        """Hold a lease on a marker blob; None when another holds it.

        A holder that dies loses it after `seconds`. Source: "Lease Blob" (15 to 60 s, renewable).

        Raises:
            StorageUnavailable: The account did not answer.
        """
        from azure.core.exceptions import (  # noqa: PLC0415  # imported at first use: import budget
            HttpResponseError,
            ResourceNotFoundError,
        )
        from azure.storage.blob.aio import BlobLeaseClient  # noqa: PLC0415  # imported at first use: import budget

        lease: BlobLeaseClient | None = BlobLeaseClient(self._client.get_blob_client(path))
        with storage_failures("taking a lease"):
            try:
                try:
                    await lease.acquire(lease_duration=seconds)
                except ResourceNotFoundError:
                    await self._mark(path)
                    await lease.acquire(lease_duration=seconds)
            except HttpResponseError as error:
                if error.status_code not in _TAKEN:
                    raise
                lease = None
        if lease is None:
            yield None
            return
        try:
            yield BlobLease(lease)
        finally:
            with storage_failures("giving a lease back"):
                try:
                    await lease.release()
                except HttpResponseError as error:
                    if error.status_code not in {404, 409, 412}:  # it ran out and another holds it
                        raise

    async def _mark(self, path: str) -> None:
        """Write an empty blob, unless it is there: another may be faster, and hold a lease on it already."""
        from azure.core.exceptions import (  # noqa: PLC0415  # imported at first use: import budget
            HttpResponseError,
            ResourceNotFoundError,
        )

        try:
            try:
                await self._client.upload_blob(path, b"", overwrite=False)
            except ResourceNotFoundError:
                await self._create()
                await self._client.upload_blob(path, b"", overwrite=False)
        except HttpResponseError as error:
            if error.status_code not in _TAKEN:
                raise

    async def _create(self) -> None:
        from azure.core.exceptions import ResourceExistsError  # noqa: PLC0415  # imported at first use: import budget

        try:
            await self._client.create_container()
        except ResourceExistsError:
            return  # another instance was faster


class BlobLease:
    """A lease that is held."""

    def __init__(self, lease: "BlobLeaseClient") -> None:
        self._lease = lease

    async def renew(self) -> bool:
        """Extend the lease.

        Returns:
            False when it was lost: another may hold it, stop working.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        from azure.core.exceptions import HttpResponseError  # noqa: PLC0415  # imported at first use: import budget

        with storage_failures("renewing a lease"):
            try:
                await self._lease.renew()
            except HttpResponseError as error:
                if error.status_code in {404, 409, 412}:
                    return False
                raise
            return True
