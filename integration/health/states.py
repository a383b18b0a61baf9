"""Where states survive restarts: a table row an organization, written under its ETag."""

import hashlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import msgspec

from integration.health.state import State
from integration.records import Reader
from integration.storage import Storage
from integration.storage.names import HEALTH, HEALTH_LEASES, PAYLOADS

_PARTITION = "organization"


class Kept(msgspec.Struct, frozen=True):
    """A state and the version of its row; no version: there is no row yet."""

    state: State
    etag: str | None


class States:
    """What is remembered of each organization.

    Args:
        storage: The worker's storage account.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def load(self, organization: str) -> Kept:
        """Read an organization's state; a fresh one when there is none.

        Raises:
            CorruptRecord: The row cannot be read; `etag` of the error's row is kept for `replace`.
            StorageUnavailable: The account did not answer.
        """
        row = await (await self._storage.table(HEALTH)).get(_PARTITION, _key(organization))
        if row is None:
            return Kept(State(), None)
        return Kept(_READER.read(row.entity.get("state"), f"of {organization}"), row.etag)

    @asynccontextmanager
    async def turn(self, organization: str) -> AsyncGenerator[bool]:
        """Have an organization's state to oneself, from its reading until its alerts are sent.

        Two that send what one row has in its outbox would send each alert twice. Who dies has it for a minute more.

        Yields:
            Whether it is ours; False: another process is at it.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        async with self._storage.blobs(PAYLOADS).lease(f"{HEALTH_LEASES}{_key(organization)}") as lease:
            yield lease is not None

    async def save(self, organization: str, kept: Kept) -> Kept | None:
        """Write a state, if its row is still the one that was read.

        Returns:
            The state with its row's new version; None when another instance was faster.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        table = await self._storage.table(HEALTH)
        row = {
            "PartitionKey": _PARTITION,
            "RowKey": _key(organization),
            "organization": organization,
            "state": msgspec.json.encode(kept.state).decode(),
        }
        etag = await (table.insert(row) if kept.etag is None else table.replace(row, kept.etag))
        return Kept(kept.state, etag) if etag is not None else None

    async def forget(self, organization: str) -> None:
        """Delete an organization's row: a fresh state is begun at the next load.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        await (await self._storage.table(HEALTH)).remove(_PARTITION, _key(organization))


_READER = Reader(msgspec.json.Decoder(State), "health state")


def _key(organization: str) -> str:
    return hashlib.sha256(organization.encode()).hexdigest()
