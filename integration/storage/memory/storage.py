"""What `Storage` is, in memory."""

from collections.abc import AsyncIterator

from integration.clock import Clock
from integration.storage.memory.account import Account
from integration.storage.memory.blobs import MemoryBlobs
from integration.storage.memory.queues import MemoryQueue
from integration.storage.memory.tables import MemoryTable
from integration.storage.storage import INTERNAL


class MemoryStorage:
    """The clients of accounts in memory, one for all connections. Several processes of a test share one.

    Args:
        clock: The time.
    """

    def __init__(self, clock: Clock) -> None:
        self.account = Account(clock)
        self._queues: dict[tuple[str, str], MemoryQueue] = {}
        self._blobs: dict[str, MemoryBlobs] = {}
        self._tables: dict[str, MemoryTable] = {}

    def queue(self, name: str, *, connection: str = INTERNAL, hasty: bool = False) -> MemoryQueue:
        """Give a queue, as `Storage.queue`."""
        del hasty  # memory has nothing to wait for
        return self._queues.setdefault((connection, name), MemoryQueue(self.account, name))

    def blobs(self, container: str, *, hasty: bool = False) -> MemoryBlobs:
        """Give a container, as `Storage.blobs`."""
        del hasty
        return self._blobs.setdefault(container, MemoryBlobs(self.account, container))

    async def table(self, name: str, *, hasty: bool = False) -> MemoryTable:
        """Give a table, as `Storage.table`."""
        del hasty
        return self.table_now(name)

    def table_now(self, name: str) -> MemoryTable:
        """Give a table to a test that looks into it."""
        return self._tables.setdefault(name, MemoryTable(self.account, name))

    async def tables(self, prefix: str) -> AsyncIterator[str]:
        """List the tables that are there, as `Storage.tables`."""
        names = await self.account.ask(
            "tables", lambda: sorted(name for name, each in self._tables.items() if each.exists)
        )
        for name in names:
            if name.startswith(prefix):
                yield name

    async def drop_table(self, name: str) -> None:
        """Delete a table, as `Storage.drop_table`."""
        await self.account.ask("drop_table", self.table_now(name).drop)

    async def drop_queue(self, name: str) -> None:
        """Delete a queue, as `Storage.drop_queue`."""
        await self.account.ask("drop_queue", self.queue(name).drop)

    async def drop_container(self, name: str) -> None:
        """Delete a container, as `Storage.drop_container`."""
        await self.account.ask("drop_container", self.blobs(name).drop)

    async def close(self) -> None:
        """Close nothing: there are no connections."""
