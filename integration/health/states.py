"""Where states survive restarts: a table row an organization, written under its ETag."""

import hashlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from integration.health.state import State
from integration.records import Reader
from integration.storage import Storage
from integration.storage.failures import storage_failures
from integration.storage.names import PAYLOADS

TABLE = "fnolinkhealth"
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
        from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415  # imported at first use: import budget

        table = await self._table()
        with storage_failures("reading the health state"):
            try:
                row = await table.get_entity(_PARTITION, _key(organization))
            except ResourceNotFoundError:
                return Kept(State(), None)
        etag = str(row.metadata["etag"])
        return Kept(_READER.read(row.get("state"), f"of {organization}"), etag)

    @asynccontextmanager
    async def turn(self, organization: str) -> AsyncGenerator[bool]:
        """Have an organization's state to oneself, from its reading until its alerts are sent.

        Two that send what one row has in its outbox would send each alert twice. Who dies has it for a minute more.

        Yields:
            Whether it is ours; False: another process is at it.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        async with self._storage.blobs(PAYLOADS).lease(f"leases/health/{_key(organization)}") as lease:
            yield lease is not None

    async def save(self, organization: str, kept: Kept) -> Kept | None:
        """Write a state, if its row is still the one that was read.

        Returns:
            The state with its row's new version; None when another instance was faster.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        from azure.core import MatchConditions  # noqa: PLC0415  # imported at first use: import budget
        from azure.core.exceptions import (  # noqa: PLC0415  # imported at first use: import budget
            ResourceExistsError,
            ResourceModifiedError,
            ResourceNotFoundError,
        )
        from azure.data.tables import UpdateMode  # noqa: PLC0415  # imported at first use: import budget

        table = await self._table()
        row = {
            "PartitionKey": _PARTITION,
            "RowKey": _key(organization),
            "organization": organization,
            "state": msgspec.json.encode(kept.state).decode(),
        }
        with storage_failures("writing the health state"):
            try:
                if kept.etag is None:
                    answer = await table.create_entity(row)
                else:
                    answer = await table.update_entity(
                        row, mode=UpdateMode.REPLACE, etag=kept.etag, match_condition=MatchConditions.IfNotModified
                    )
            except (ResourceExistsError, ResourceModifiedError, ResourceNotFoundError):
                return None
        return Kept(kept.state, str(answer["etag"]))

    async def forget(self, organization: str) -> None:
        """Delete an organization's row: a fresh state is begun at the next load.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        table = await self._table()
        with storage_failures("deleting the health state"):
            await table.delete_entity(_PARTITION, _key(organization))

    async def _table(self) -> Any:
        return await self._storage.raw_table(TABLE)


_READER = Reader(msgspec.json.Decoder(State), "health state")


def _key(organization: str) -> str:
    return hashlib.sha256(organization.encode()).hexdigest()
