"""Queues: one set of assertions for a queue of a storage account and for its twin in memory."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from azure.storage.queue.aio import QueueClient

from integration.errors import StorageRefused
from integration.storage import Storage
from integration.storage.queues import MAX_MESSAGE
from tests.contract.storage.accounts import a_name, taken


async def test_a_queue_that_is_not_there_is_empty(storage):
    queue = storage.queue(a_name("q"))
    await queue.touch()
    assert await queue.depth() == 0
    assert await queue.oldest() is None


async def test_a_queue_is_made_when_first_needed_and_gives_what_was_put(storage, azurite):
    name = a_name("q")
    await storage.queue(name).put(b"\x00 caf\xc3\xa9")
    assert storage.queue(name).name == name
    assert await taken(storage, azurite, name) == [b"\x00 caf\xc3\xa9"]
    assert await taken(storage, azurite, name) == []


async def test_a_message_is_base64_and_never_expires(azurite):
    name, storage = a_name("q"), Storage({"AzureWebJobsStorage": azurite.connection_string})
    await storage.queue(name).put(b"\x00 caf\xc3\xa9")
    await storage.close()
    async with QueueClient.from_connection_string(azurite.connection_string, name) as reader:
        message = await reader.receive_message()
    assert message is not None
    assert base64.b64decode(message.content) == b"\x00 caf\xc3\xa9"
    assert message.expires_on is not None
    assert message.expires_on.year == 9999


async def test_a_delayed_message_is_counted_but_not_seen_yet(storage, azurite):
    name = a_name("q")
    before = datetime.now(UTC).replace(microsecond=0)
    await storage.queue(name).put(b"later", delay=timedelta(hours=1))
    assert await taken(storage, azurite, name) == []
    assert (await storage.queue(name).depth(), await storage.queue(name).oldest()) == (1, None)
    await storage.queue(name).put(b"now", delay=timedelta(seconds=-5))
    found = await storage.queue(name).oldest()
    assert found is not None
    assert found >= before
    assert await storage.queue(name).depth() == 2


async def test_what_no_queue_takes_is_refused(storage):
    queue = storage.queue(a_name("q"))
    await queue.put(b"x" * MAX_MESSAGE, delay=timedelta(days=7))
    with pytest.raises(StorageRefused):
        await queue.put(b"x" * (MAX_MESSAGE + 1))
    with pytest.raises(StorageRefused):
        await queue.put(b"x", delay=timedelta(days=7, seconds=1))
    assert await queue.depth() == 1
