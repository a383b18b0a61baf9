"""The shared tier in Azure Table storage: one entity per organization."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable

from integration.clouds import organization_url
from integration.config.keys.model import Organization
from integration.errors import StorageRefused, StorageUnavailable
from integration.links.shared import Record, Stored, decode_record, encode_record
from integration.storage import INTERNAL, Storage, Table
from integration.storage.names import LINKS

PARTITION = "link"
TIMEOUT_SECONDS = 5.0
"""Seconds for one table operation: a link must not wait for storage that hangs."""


class TableTier:
    """A `SharedTier`. The table is made at the first write.

    Args:
        open_table: Gives the table.
        close: Closes what gives it; None: that belongs to somebody else.
        timeout: Seconds for one operation.
    """

    def __init__(
        self,
        open_table: Callable[[], Awaitable[Table]],
        *,
        close: Callable[[], Awaitable[None]] | None = None,
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        self._open_table = open_table
        self._close = close
        self._timeout = timeout

    @classmethod
    def from_connection_string(cls, connection_string: str, *, table: str = LINKS) -> "TableTier":
        """Use a storage account by its connection string.

        Args:
            connection_string: Of the account.
            table: The table's name.
        """
        storage = Storage({INTERNAL: connection_string})
        return cls(lambda: storage.table(table, hasty=True), close=storage.close)

    async def read(self, organization: Organization) -> Stored | None:
        """Return the record, None when there is none.

        Raises:
            StorageUnavailable: The table did not answer.
        """
        row = await self._within(lambda table: table.get(PARTITION, row_key(organization)))
        return Stored(decode_record(row.entity.get("record")), row.etag) if row is not None else None

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
            return await self._within(lambda table: table.insert(entity))
        return await self._within(lambda table: table.replace(entity, etag))

    async def aclose(self) -> None:
        """Close the account's client, if it was opened here."""
        if self._close is not None:
            await self._close()

    async def _within[T](self, operation: Callable[[Table], Awaitable[T]]) -> T:
        table = await self._open_table()  # imports the SDK at first use: that time must not count as the account's
        try:
            async with asyncio.timeout(self._timeout):
                return await operation(table)
        except TimeoutError as error:
            msg = f"The table of links did not answer within {self._timeout:g} s."
            raise StorageUnavailable(msg) from error
        except StorageRefused as error:
            msg = f"The table of links cannot be used: {error}"
            raise StorageUnavailable(msg) from error


def row_key(organization: Organization) -> str:
    """Return the row's key: another URL or tenant under the same name is another organization."""
    identity = f"{organization.name}\x00{organization_url(organization.url)}\x00{organization.tenant}"
    return hashlib.sha256(identity.encode()).hexdigest()
