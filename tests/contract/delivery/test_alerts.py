"""Alerts are events: each type goes by every binding as any event does, and the cloudevents library reads it back."""

import gc
import json
from datetime import UTC, datetime

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
from integration.events.alerts import ALL, BY_NAME, Alert, Environment, Failed, event_of
from integration.storage import Storage

NOW = datetime(2026, 3, 1, 14, 5, 6, 789, tzinfo=UTC)
# The SDK leaves sockets behind when it is closed.
pytestmark = pytest.mark.filterwarnings("ignore:.*unclosed.*:ResourceWarning")


@pytest.fixture(autouse=True)
def collected():
    yield
    gc.collect()


def alert(kind):
    known = BY_NAME[kind]
    data = Alert(
        organization="" if known.machine == "target" else "contoso",
        organization_url="https://contoso.crm.dynamics.com",
        subject="contoso",
        check=known.machine,
        incident="0123456789abcdef",
        transition="triggered" if known.ended_by else "resolved",
        n=ALL.index(kind) + 1,
        since=NOW,
        code="0x80048d0b",
        message='Grüße ✓ 漢 😀 "quoted" % and\nlines',
        previous=Environment(url="https://contoso.operations.dynamics.com", tenant_id="t", id="i"),
        children=("a", "b"),
        failed=(Failed(type="T", id="1", code="C", message="M", route="r"),),
        facts={"days": "12"},
        page="https://app.example/api/status",
        command="fno-link doctor contoso",
    )
    return event_of(kind, data, NOW, organization="contoso")


ALERTS = [alert(kind) for kind in ALL]


def same(read: CloudEvent, sent) -> None:
    assert (read.get_id(), read.get_source(), read.get_type()) == (sent.id, sent.source, sent.type)
    assert (read.get_subject(), read.get_time()) == (sent.subject, NOW)
    assert (read.get_extension("organization"), read.get_data()) == ("contoso", sent.payload)
    assert read.get_data()["message"].startswith("Grüße ✓ 漢 😀")


@pytest.mark.parametrize("mode", ["structured", "binary"])
async def test_by_a_webhook(receivers, mode):
    async with httpx.AsyncClient(trust_env=False) as http:
        target = Webhook(WebhookTarget(name="hook", url=receivers.url(mode), mode=mode), http)
        for each in ALERTS:
            await target.deliver(Shipment(each, "alerts"))
    for sent, got in zip(ALERTS, receivers.received(mode), strict=True):
        same(from_http(HTTPMessage(dict(got.headers), got.body.encode()), JSONFormat(), CloudEvent), sent)


async def test_by_event_grid():
    topic = Topic(Access(keys=("key",)))
    server = LoopbackServer(topic)
    await server.start()
    endpoint = f"http://127.0.0.1:{server.port}/api/events"
    async with httpx.AsyncClient(trust_env=False) as http:
        target = EventGrid(
            EventGridTarget(name="grid", endpoint=endpoint, key="key"), http, lambda _: pytest.fail("key")
        )
        for each in ALERTS:
            await target.deliver(Shipment(each, "alerts"))
    await server.stop()
    for sent, (_, batch) in zip(ALERTS, topic.accepted, strict=True):
        [element] = json.loads(batch)
        message = HTTPMessage({"content-type": "application/cloudevents+json"}, json.dumps(element).encode())
        same(from_http(message, JSONFormat(), CloudEvent), sent)


async def test_by_a_storage_queue(azurite):
    connection = azurite.spare_account()
    storage = Storage({"Operators": connection})
    target = StorageQueue(StorageQueueTarget(name="ops", queue="operators", connection="Operators"), storage)
    for each in ALERTS:
        await target.deliver(Shipment(each, "alerts"))
    await storage.close()
    policy = BinaryBase64DecodePolicy()
    with QueueClient.from_connection_string(connection, "operators", message_decode_policy=policy) as queue:
        got = [message.content for message in queue.receive_messages()]
    for sent, body in zip(ALERTS, got, strict=True):
        message = HTTPMessage({"content-type": "application/cloudevents+json"}, body)
        same(from_http(message, JSONFormat(), CloudEvent), sent)


async def test_by_service_bus(service_bus, new_queue):
    queue = new_queue()
    namespaces = Namespaces({"Bus": service_bus.connection_string}, lambda _: pytest.fail("a key is configured"))
    target = ServiceBus(ServiceBusTarget(name="ops", connection="Bus", queue=queue), namespaces)
    for each in ALERTS:
        await target.deliver(Shipment(each, "alerts"))
    await target.close()
    await namespaces.close()
    got = []
    async with (
        ServiceBusClient.from_connection_string(service_bus.connection_string) as client,
        client.get_queue_receiver(queue) as receiver,
    ):
        while len(got) < len(ALERTS):
            for message in await receiver.receive_messages(max_message_count=len(ALERTS), max_wait_time=30):
                got.append(message)
                await receiver.complete_message(message)
    for sent, message in zip(ALERTS, got, strict=True):
        text = {key.decode(): value.decode() for key, value in message.application_properties.items()}
        body = b"".join(message.body)
        read = AMQPMessage({"content-type": message.content_type}, text, body)
        same(from_amqp(read, JSONFormat(), CloudEvent), sent)
