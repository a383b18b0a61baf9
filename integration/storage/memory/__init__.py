"""A storage account in memory: the twins of tables, queues and blobs, for unit tests.

Each behaves as its original does, conflicts, leases, visibility and limits included: one set of assertions is run
against both (tests/contract/storage). Nothing is kept beyond the process, and no Azure SDK is imported.
"""

from integration.storage.memory.blobs import MemoryBlobs
from integration.storage.memory.queues import MemoryQueue
from integration.storage.memory.storage import MemoryStorage
from integration.storage.memory.tables import MemoryTable

__all__ = ["MemoryBlobs", "MemoryQueue", "MemoryStorage", "MemoryTable"]
