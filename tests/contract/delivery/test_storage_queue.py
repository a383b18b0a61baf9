"""The Storage-queue target on a real queue."""

import json

import msgspec
import pytest
from azure.storage.queue import BinaryBase64DecodePolicy, QueueClient

from integration.config.model import StorageQueueTarget
from integration.delivery.shipment import Shipment
from integration.delivery.targets.storage_queue import StorageQueue
from integration.errors import TargetRejected, TargetUnavailable
from integration.events.event import Event
from integration.storage import Storage
from integration.storage.queues import MAX_MESSAGE, unwrap


def event(size: int = 1) -> Event:
    data = msgspec.Raw(json.dumps("x" * size).encode())
    return Event(id="e1", source="/s", type="t", organization="contoso", data=data)


@pytest.fixture
async def storage(azurite):
    connection = azurite.spare_account()
    storage = Storage({"Orders": connection})
    yield storage, connection
    await storage.close()


async def test_an_event_is_on_the_queue_as_base64_and_the_queue_is_made(storage):
    opened, connection = storage
    target = StorageQueue(StorageQueueTarget(name="orders", queue="orders", connection="Orders"), opened)
    await target.deliver(Shipment(event(), "route"))
    policy = BinaryBase64DecodePolicy()
    with QueueClient.from_connection_string(connection, "orders", message_decode_policy=policy) as queue:
        (message,) = queue.receive_messages()
        assert json.loads(message.content)["id"] == "e1"


async def test_the_largest_message_fits_and_one_byte_more_is_refused_for_good(storage):
    opened, _ = storage
    target = StorageQueue(StorageQueueTarget(name="o", queue="orders", connection="Orders", body="data"), opened)
    await target.deliver(Shipment(event(MAX_MESSAGE - 2), "route"))
    with pytest.raises(TargetRejected, match="more than the"):
        await target.deliver(Shipment(event(MAX_MESSAGE - 1), "route"))


async def test_an_account_that_is_gone_may_come_back():
    gone = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;QueueEndpoint=http://127.0.0.1:1/a;"
    opened = Storage({"Orders": gone})
    opened.queue("orders", connection="Orders", hasty=True)
    target = StorageQueue(StorageQueueTarget(name="orders", queue="orders", connection="Orders"), opened)
    target._queue = opened.queue("orders", connection="Orders", hasty=True)  # the same, with less patience
    with pytest.raises(TargetUnavailable):
        await target.deliver(Shipment(event(), "route"))
    await opened.close()


@pytest.mark.parametrize(
    ("text", "read"),
    [(b"eyJhIjoxfQ==", b'{"a":1}'), (b'{"a":1}', b'{"a":1}'), (b"not base64!", b"not base64!"), (b"", b"")],
)
def test_a_queue_message_is_read_as_base64_or_as_it_stands(text, read):
    assert unwrap(text) == read
