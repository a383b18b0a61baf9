"""The pipeline on Azurite."""

import base64
import contextlib

import pytest
from azure.core.exceptions import ResourceExistsError
from azure.storage.queue.aio import QueueClient

from integration.storage import Storage
from tests.fixtures.bench import ORDERS, OTHERS, Bench


@pytest.fixture
async def bench(azurite):
    # Containers and queues have fixed names, so every test gets an account of its own.
    connection = azurite.spare_account()
    storage = Storage({"AzureWebJobsStorage": connection})

    async def take(name):
        async with QueueClient.from_connection_string(connection, name) as queue:
            with contextlib.suppress(ResourceExistsError):
                await queue.create_queue()
            taken = []
            async for message in queue.receive_messages(max_messages=32):
                taken.append(base64.b64decode(message.content))
                await queue.delete_message(message)
            return taken

    yield Bench(storage, (ORDERS, OTHERS), take)
    await storage.close()
