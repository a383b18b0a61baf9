"""The same account twice: Azurite behind the Azure SDK, and its twin in memory."""

import base64
import uuid
from contextlib import asynccontextmanager

from azure.storage.queue.aio import QueueClient

from integration.clock import SystemClock
from integration.storage import Storage
from integration.storage.memory import MemoryStorage


def a_name(kind=""):
    return f"{kind}{uuid.uuid4().hex}" if kind else f"t{uuid.uuid4().hex}"


@asynccontextmanager
async def opened(kind, azurite):
    if kind == "memory":
        yield MemoryStorage(SystemClock())
        return
    storage = Storage({"AzureWebJobsStorage": azurite.connection_string})
    yield storage
    await storage.close()


async def taken(storage, azurite, name):
    """Take what is visible of a queue, as a reader would."""
    if isinstance(storage, MemoryStorage):
        return storage.queue(name).take()
    async with QueueClient.from_connection_string(azurite.connection_string, name) as reader:
        return [base64.b64decode(message.content) async for message in reader.receive_messages()]
