"""The Storage-queue target on a real queue, and how a message of one is read."""

import base64
import json

import msgspec
import pytest
from azure.storage.queue import BinaryBase64DecodePolicy, QueueClient

from integration.config.keys.model import StorageQueueTarget
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


JSON = b'{"BusinessEventId": "Gr\xc3\xbcn"}'


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (b"eyJhIjoxfQ==", b'{"a":1}'),
        (b"\r\n eyJh\tIjox\r\nfQ==\n", b'{"a":1}'),
        (b"W10=", b"[]"),
        (b"cGxhaW4gdGV4dA==", b"plain text"),
        (b"ZXJwLWluIGJ5dGVz", b"erp-in bytes"),
        (b'{"a":1}', b'{"a":1}'),
        (b"not base64!", b"not base64!"),
        (b"", b""),
    ],
)
def test_a_queue_message_is_read_as_base64_or_as_it_stands(text, read):
    assert unwrap(text) == read


@pytest.mark.parametrize(
    "body",
    [
        JSON,
        JSON.decode().encode("cp1252"),
        JSON.decode().encode("utf-16"),
        JSON.decode().encode("utf-16-be"),
        b"\xef\xbb\xbf" + JSON,
        b' [{"a": 1}]\r\n',
        b'"{\\"a\\": 1}"',
        b"a text of two lines\r\nwith gr\xc3\xbcn",
        b"<RemoteExecutionContext/>",
        b"@\x06string\x083http://schemas.microsoft.com/2003/10/Serialization/\x99\x02{}",
    ],
)
@pytest.mark.parametrize("width", [1, 60, 64, 76, 100_000])
def test_what_a_sender_wrapped_comes_out_whole_however_its_lines_are_broken(body, width):
    text = base64.b64encode(body)
    assert unwrap(b"\r\n".join(text[at : at + width] for at in range(0, len(text), width))) == body


@pytest.mark.parametrize(
    "text",
    [
        *(b"test", b"null", b"true", b"1234", b"false123", b"Kiwi", b"Test", b"PING", b"ping pong", b"SO000123"),
        *(b"order/42", b"deadbeef", b"1544", b"-123", b"Inti", b"exam", b"test\n", b"hello world", b"ORDERS READY"),
    ],
)
def test_plain_text_whose_letters_are_base64_is_kept_as_it_was_sent(text):
    assert unwrap(text) == text
