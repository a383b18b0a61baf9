"""Data that is no text leaves by every kind of target as it came in, judged by libraries that are not ours."""

import json

import httpx
import pytest
from azure.servicebus.aio import ServiceBusClient
from azure.storage.queue import BinaryBase64DecodePolicy, QueueClient
from cloudevents.core.bindings.amqp import AMQPMessage, from_amqp
from cloudevents.core.bindings.http import HTTPMessage, from_http
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from emulation.event_grid import Access, Topic
from emulation.loopback import LoopbackServer
from integration.config.keys.model import EventGridTarget, ServiceBusTarget, StorageQueueTarget, WebhookTarget
from integration.delivery.shipment import Shipment
from integration.delivery.targets.event_grid import EventGrid
from integration.delivery.targets.service_bus import Namespaces
from integration.delivery.targets.service_bus.target import ServiceBus
from integration.delivery.targets.storage_queue import StorageQueue
from integration.delivery.targets.webhook import Webhook
from integration.events.decode import decode
from integration.events.event import Event
from integration.events.record import load, store
from integration.storage import Storage
from tests.strategies.events import message

BYTES = b"\xfb\xef\xbf"
ATTRIBUTES = {"specversion": "1.0", "id": "a-0071", "source": "urn:example:7777", "type": "updated.v1"}
STRUCTURED = {**ATTRIBUTES, "datacontenttype": "application/octet-stream", "data_base64": "+++/"}
HEADERS = {f"ce-{name}": value for name, value in ATTRIBUTES.items()}
PROPERTIES = {f"cloudEvents:{name}": value for name, value in ATTRIBUTES.items()}
OCTETS = "application/octet-stream"
MESSAGES = {
    "structured": message(json.dumps(STRUCTURED).encode(), content_type="application/cloudevents+json"),
    "batch": message(json.dumps([STRUCTURED]).encode(), content_type="application/cloudevents-batch+json"),
    "http": message(BYTES, content_type=OCTETS, headers=HEADERS),
    "amqp": message(BYTES, content_type=OCTETS, properties=PROPERTIES),
}


@pytest.fixture(params=sorted(MESSAGES))
def shipment(request) -> Shipment:
    (event,) = decode(MESSAGES[request.param]).items
    assert isinstance(event, Event)
    return Shipment(load(store(event)), "route")


def as_sent(read) -> None:
    assert (read.get_id(), read.get_source(), read.get_type()) == ("a-0071", "urn:example:7777", "updated.v1")
    assert read.get_datacontenttype() == OCTETS
    assert read.get_data() == BYTES
    assert set(read.get_attributes()) - {"time"} == {*ATTRIBUTES, "datacontenttype", "organization"}


@pytest.mark.parametrize("mode", ["binary", "structured"])
async def test_by_webhook(shipment, mode):
    sent: list[httpx.Request] = []

    def take(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(202, stream=httpx.ByteStream(b""))

    async with httpx.AsyncClient(transport=httpx.MockTransport(take)) as http:
        await Webhook(WebhookTarget(name="hook", url="https://a.example/hook", mode=mode), http).deliver(shipment)
        raw = WebhookTarget(name="hook", url="https://a.example/hook", body="data")
        await Webhook(raw, http).deliver(shipment)
    as_sent(from_http(HTTPMessage(dict(sent[0].headers), sent[0].content), JSONFormat(), CloudEvent))
    assert (sent[1].content, sent[1].headers["content-type"]) == (BYTES, OCTETS)


async def test_by_service_bus(shipment, service_bus, new_queue):
    queue = new_queue()
    namespaces = Namespaces({"Bus": service_bus.connection_string}, lambda _: pytest.fail("no identity"))
    target = ServiceBus(ServiceBusTarget(name="t", connection="Bus", queue=queue), namespaces)
    await target.deliver(shipment)
    await target.close()
    await namespaces.close()
    async with (
        ServiceBusClient.from_connection_string(service_bus.connection_string) as client,
        client.get_queue_receiver(queue) as receiver,
    ):
        (received,) = await receiver.receive_messages(max_wait_time=10)
    properties = {key.decode(): value.decode() for key, value in received.application_properties.items()}
    as_sent(
        from_amqp(
            AMQPMessage({"content-type": received.content_type}, properties, b"".join(received.body)),
            JSONFormat(),
            CloudEvent,
        )
    )


async def test_by_storage_queue(shipment, azurite):
    connection = azurite.spare_account()
    storage = Storage({"Orders": connection})
    await StorageQueue(StorageQueueTarget(name="o", queue="events", connection="Orders"), storage).deliver(shipment)
    data = StorageQueueTarget(name="o", queue="data", connection="Orders", body="data")
    await StorageQueue(data, storage).deliver(shipment)
    await storage.close()
    for name in ("events", "data"):
        policy = BinaryBase64DecodePolicy()
        with QueueClient.from_connection_string(connection, name, message_decode_policy=policy) as queue:
            (received,) = queue.receive_messages()
            if name == "events":
                as_sent(JSONFormat().read(CloudEvent, received.content))
            else:
                assert received.content == BYTES


async def test_by_event_grid(shipment):
    topic = Topic(Access(keys=("key",)))
    server = LoopbackServer(topic)
    await server.start()
    endpoint = f"http://127.0.0.1:{server.port}/api/events"
    target = EventGridTarget(name="grid", endpoint=endpoint, key="key")
    async with httpx.AsyncClient(trust_env=False) as http:
        await EventGrid(target, http, lambda _: pytest.fail("no identity")).deliver(shipment)
    await server.stop()
    ((_, body),) = topic.accepted
    (element,) = json.loads(body)
    as_sent(JSONFormat().read(CloudEvent, json.dumps(element).encode()))
