"""The storage account: queues, blobs and tables behind clients that live as long as the process."""

from integration.storage.blobs import Blobs, StoredBlob
from integration.storage.queues import Queue
from integration.storage.storage import INTERNAL, Storage
from integration.storage.tables import StoredRow, Table, Where

__all__ = ["INTERNAL", "Blobs", "Queue", "Storage", "StoredBlob", "StoredRow", "Table", "Where"]
