"""The shared tier in Azure Table storage: one entity per organization."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

from integration.clouds import organization_url
from integration.config.keys.model import Organization
from integration.errors import StorageUnavailable
from integration.links.shared import Record, Stored, decode_record, encode_record

if TYPE_CHECKING:
    from azure.core import MatchConditions

TABLE = "fnolinklinks"
PARTITION = "link"
TIMEOUT = 5.0
"""Seconds for one table operation: a link must not wait for storage that hangs."""


class Entity(Protocol):
    """What is read of an entity."""

    @property
    def metadata(self) -> Mapping[str, Any]:
        """With its etag."""
        ...

    def get(self, key: str, /) -> Any:
        """Return a property, None when it has none of this name."""
        ...


class Table(Protocol):
    """What is used of `azure.data.tables.aio.TableClient`."""

    def get_entity(self, partition_key: str, row_key: str) -> Awaitable[Entity]:
        """Return an entity."""
        ...

    def create_entity(self, entity: Mapping[str, Any]) -> Awaitable[Mapping[str, Any]]:
        """Insert an entity."""
        ...

    def update_entity(
        self, entity: Mapping[str, Any], *, mode: str, etag: str, match_condition: "MatchConditions"
    ) -> Awaitable[Mapping[str, Any]]:
        """Replace an entity on a condition."""
        ...

    def create_table(self) -> Awaitable[object]:
        """Create the table."""
        ...

    def close(self) -> Awaitable[None]:
        """Close the client."""
        ...


class TableTier:
    """A `SharedTier`. The table is made at the first write.

    Args:
        open_table: Gives the client for the table; called once, at first use.
        owned: Whether closing this closes the client.
        timeout: Seconds for one operation.
    """

    def __init__(
        self, open_table: Callable[[], Awaitable[Table]], *, owned: bool = False, timeout: float = TIMEOUT
    ) -> None:
        self._open_table = open_table
        self._owned = owned
        self._timeout = timeout
        self._table: Table | None = None
        self._opening = asyncio.Lock()

    @classmethod
    def from_connection_string(cls, connection_string: str, *, table: str = TABLE) -> "TableTier":
        """Use a storage account by its connection string.

        Args:
            connection_string: Of the account.
            table: The table's name.
        """

        async def open_table() -> Table:
            from azure.data.tables.aio import TableClient  # noqa: PLC0415 (imported at first use: import budget)

            client = TableClient.from_connection_string(
                connection_string, table, retry_total=1, connection_timeout=2, read_timeout=4
            )
            return cast("Table", client)

        return cls(open_table, owned=True)

    async def read(self, organization: Organization) -> Stored | None:
        """Return the record, None when there is none.

        Raises:
            StorageUnavailable: The table did not answer.
        """

        async def get(table: Table) -> Stored | None:
            from azure.core.exceptions import (  # noqa: PLC0415 (imported at first use: import budget)
                ResourceNotFoundError,
            )

            try:
                entity = await table.get_entity(PARTITION, row_key(organization))
            except ResourceNotFoundError:
                return None
            return Stored(decode_record(entity.get("record")), str(entity.metadata["etag"]))

        return await self._within(get)

    async def write(self, organization: Organization, record: Record, etag: str | None) -> str | None:
        """Write if nobody else has.

        Args:
            organization: Whose.
            record: What.
            etag: The version that it replaces; None: there must be none.

        Returns:
            The new version, None when somebody else was first.

        Raises:
            StorageUnavailable: The table did not answer.
        """
        entity = {
            "PartitionKey": PARTITION,
            "RowKey": row_key(organization),
            "organization": organization.name,  # for people who look into the table
            "record": encode_record(record),
        }
        if etag is None:
            return await self._within(lambda table: _insert(table, entity))
        return await self._within(lambda table: _replace(table, entity, etag))

    async def aclose(self) -> None:
        """Close the client, if it was opened here."""
        if self._table is not None and self._owned:
            await self._table.close()
            self._table = None

    async def _within[T](self, operation: Callable[[Table], Awaitable[T]]) -> T:
        table = self._table or await self._opened()
        from azure.core.exceptions import AzureError  # noqa: PLC0415 (imported at first use: import budget)

        try:
            async with asyncio.timeout(self._timeout):
                return await operation(table)
        except TimeoutError as error:
            msg = f"The table of links did not answer within {self._timeout:g} s."
            raise StorageUnavailable(msg) from error
        except AzureError as error:
            msg = f"The table of links cannot be used ({type(error).__name__})."
            raise StorageUnavailable(msg) from error

    async def _opened(self) -> Table:
        # Importing the SDK takes a second on a busy machine: neither the loop nor the timeout may feel it.
        await asyncio.to_thread(import_module, "azure.data.tables.aio")
        async with self._opening:
            if self._table is None:
                self._table = await self._open_table()
            return self._table


def row_key(organization: Organization) -> str:
    """Return the row's key: another URL or tenant under the same name is another organization."""
    identity = f"{organization.name}\x00{organization_url(organization.url)}\x00{organization.tenant}"
    return hashlib.sha256(identity.encode()).hexdigest()


async def _insert(table: Table, entity: dict[str, Any]) -> str | None:
    from azure.core.exceptions import (  # noqa: PLC0415 (imported at first use: import budget)
        ResourceExistsError,
        ResourceNotFoundError,
    )

    try:
        return _etag(await table.create_entity(entity))
    except ResourceNotFoundError:
        pass
    except ResourceExistsError:
        return None
    with suppress(ResourceExistsError):  # another instance made it meanwhile
        await table.create_table()
    try:
        return _etag(await table.create_entity(entity))
    except ResourceExistsError:
        return None


async def _replace(table: Table, entity: dict[str, Any], etag: str) -> str | None:
    from azure.core import MatchConditions  # noqa: PLC0415 (imported at first use: import budget)
    from azure.core.exceptions import (  # noqa: PLC0415 (imported at first use: import budget)
        ResourceModifiedError,
        ResourceNotFoundError,
    )

    try:
        answer = await table.update_entity(
            entity, mode="replace", etag=etag, match_condition=MatchConditions.IfNotModified
        )
    except (ResourceModifiedError, ResourceNotFoundError):
        return None
    return _etag(answer)


def _etag(answer: Any) -> str:
    return str(answer["etag"])
