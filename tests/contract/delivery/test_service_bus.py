"""The Service Bus target on the local broker, with its faults; what needs none of them is in test_namespace.py."""

import asyncio
import gc
import json
import uuid
from contextlib import asynccontextmanager

import pytest
from azure.servicebus import NEXT_AVAILABLE_SESSION, ServiceBusMessage, ServiceBusMessageBatch
from azure.servicebus.aio import ServiceBusClient, ServiceBusSender
from cloudevents.core.bindings.amqp import AMQPMessage, from_amqp
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from emulation.service_bus import Key, Milliseconds, ServiceBus
from emulation.tcp_proxy import TcpProxy
from integration.config.keys.model import ServiceBusTarget
from integration.delivery.shipment import Shipment
from integration.delivery.targets.service_bus import Namespaces
from integration.delivery.targets.service_bus.target import ServiceBus as Target
from integration.delivery.targets.service_bus.writer import Together, Writer
from integration.errors import TargetRejected, TargetUnavailable, TemplateField
from integration.events.event import Event

# The SDK leaves sockets behind when its peer is gone.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*unclosed.*:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def collected():
    yield
    gc.collect()


def event(number: int = 1, *, size: int = 0, **changes) -> Event:
    fields = {
        "id": str(uuid.uuid4()),
        "source": "https://contoso.crm.dynamics.com/finance-operations",
        "type": "SalesOrderConfirmedBusinessEvent",
        "organization": "contoso",
        "data": json.dumps({"SalesOrderId": f"SO-{number}", "note": "x" * size}).encode(),
        "subject": "Grüße ✓",
        "extensions": {"legalentity": "usmf", "fnourl": "https://contoso.operations.dynamics.com", "retry": 3},
    }
    return Event(**fields | changes)


@asynccontextmanager
async def opened(connection: str, **settings):
    namespaces = Namespaces({"Bus": connection}, lambda _: pytest.fail("no identity is configured"))
    target = Target(ServiceBusTarget(name="t", connection="Bus", **settings), namespaces)
    try:
        yield target
    finally:
        await target.close()
        await namespaces.close()


async def received(bus: ServiceBus, queue: str, count: int, **options):
    async with ServiceBusClient.from_connection_string(bus.connection_string) as client:
        receiver = client.get_queue_receiver(queue, **options)
        found = []
        async with receiver:
            while len(found) < count:
                messages = await receiver.receive_messages(max_message_count=count, max_wait_time=10)
                assert messages, f"{len(found)} of {count} came"
                found += messages
                await asyncio.gather(*map(receiver.complete_message, messages))
        return found


def text(value):
    return value.decode() if isinstance(value, bytes) else value


def read_by_cloudevents(message) -> CloudEvent:
    properties = {text(key): text(value) for key, value in message.application_properties.items()}
    body = b"".join(message.body)
    received = AMQPMessage(
        properties={"content-type": message.content_type}, application_properties=properties, application_data=body
    )
    return from_amqp(received, JSONFormat(), CloudEvent)


async def test_the_cloudevents_library_reads_a_delivery_back(service_bus, new_queue):
    queue, sent = new_queue(), event()
    async with opened(service_bus.connection_string, queue=queue) as target:
        await target.deliver(Shipment(sent, "orders"))
    [message] = await received(service_bus, queue, 1)
    read = read_by_cloudevents(message)
    assert (read.get_id(), read.get_source(), read.get_type()) == (sent.id, sent.source, sent.type)
    assert (read.get_subject(), read.get_extension("legalentity")) == ("Grüße ✓", "usmf")
    assert read.get_extension("retry") == 3
    assert read.get_data() == sent.payload
    assert b"".join(message.body) == bytes(sent.data)
    assert (message.message_id, message.subject, message.session_id) == (f"{sent.key[:32]}:orders", "Grüße ✓", None)


async def test_what_its_sender_has_given_up_before_it_was_sent_is_not_sent_later(service_bus, new_queue):
    queue = new_queue()
    with TcpProxy(service_bus.port) as proxy:
        behind = service_bus.connection_string.replace(f":{service_bus.port}", f":{proxy.port}")
        async with opened(behind, queue=queue) as target:
            await target.deliver(Shipment(event(1), "first"))
            proxy.hold()
            sending = asyncio.create_task(target.deliver(Shipment(event(2), "sending")))
            await asyncio.sleep(0.05)
            waiting = [asyncio.create_task(target.deliver(Shipment(event(3), name))) for name in ("given-up", "kept")]
            await asyncio.sleep(0.05)
            waiting[0].cancel()
            await asyncio.to_thread(proxy.restore)
            await asyncio.gather(sending, waiting[1])
            await target.deliver(Shipment(event(4), "last"))
    routes = [message["message_id"].split(":")[1] for message in service_bus.control.messages(queue)]
    assert routes == ["first", "sending", "kept", "last"]


@pytest.mark.parametrize(("body", "content_type"), [("data", "application/json"), ("raw", "application/json")])
async def test_data_and_raw_go_out_byte_for_byte(service_bus, new_queue, body, content_type):
    queue, sent = new_queue(), event(raw=b'{"as": "it came"}')
    async with opened(service_bus.connection_string, queue=queue, body=body) as target:
        await target.deliver(Shipment(sent, "orders"))
    [message] = await received(service_bus, queue, 1)
    assert b"".join(message.body) == (bytes(sent.data) if body == "data" else sent.raw)
    assert (message.content_type, message.application_properties) == (content_type, {} or None)


async def test_every_attempt_has_the_same_message_id_so_that_duplicates_are_dropped(service_bus, new_queue):
    queue, sent = new_queue(duplicate_detection=Milliseconds(60_000)), event()
    async with opened(service_bus.connection_string, queue=queue) as target:
        for attempt in (1, 2, 3):
            await target.deliver(Shipment(sent, "orders", attempt))
        await target.deliver(Shipment(sent, "others"))
    assert service_bus.control.counts(queue)["active"] == 2


async def test_sessions_group_and_a_long_one_is_hashed(service_bus, new_queue):
    queue = new_queue(requires_session=True)
    long = "é" * 200
    async with opened(service_bus.connection_string, queue=queue, session="{data.SalesOrderId}") as target:
        await target.deliver(Shipment(event(7), "orders"))
        await target.deliver(Shipment(event(data=json.dumps({"SalesOrderId": long}).encode()), "orders"))
        with pytest.raises(TemplateField):
            await target.deliver(Shipment(event(data=b"{}"), "orders"))
    sessions = {
        (await received(service_bus, queue, 1, session_id=NEXT_AVAILABLE_SESSION))[0].session_id for _ in range(2)
    }
    assert "SO-7" in sessions
    assert all(len(session) in (4, 64) for session in sessions)


async def test_a_message_without_the_session_that_a_queue_requires_is_refused_alone(service_bus, new_queue):
    queue = new_queue(requires_session=True)
    async with opened(service_bus.connection_string, queue=queue) as target:
        with pytest.raises(TargetRejected, match="refused"):
            await target.deliver(Shipment(event(), "orders"))


async def test_concurrent_sends_go_together_and_an_oversize_one_fails_alone(service_bus, new_queue):
    queue = new_queue()
    async with opened(service_bus.connection_string, queue=queue) as target:
        events = [event(number, size=300_000 if number in (7, 40) else 2_000) for number in range(200)]
        results = await asyncio.gather(
            *(target.deliver(Shipment(each, "orders")) for each in events), return_exceptions=True
        )
    failed = [number for number, result in enumerate(results) if isinstance(result, BaseException)]
    assert failed == [7, 40]
    assert all(isinstance(results[number], TargetRejected) for number in failed)
    messages = await received(service_bus, queue, 198)
    wanted = {f"{each.key[:32]}:orders" for number, each in enumerate(events) if number not in failed}
    assert {message.message_id for message in messages} == wanted


async def test_a_message_that_cannot_be_written_fails_alone(service_bus, new_queue):
    queue = new_queue()
    client = ServiceBusClient.from_connection_string(service_bus.connection_string)
    async with client:
        writer = Writer(queue, lambda: client.get_queue_sender(queue))
        messages = [ServiceBusMessage(str(number)) for number in range(20)]
        messages[7] = ServiceBusMessage("7", application_properties={"number": 2**70})
        results = await asyncio.gather(*map(writer.send, messages), return_exceptions=True)
        await writer.close()
    assert [number for number, result in enumerate(results) if result is not None] == [7]
    assert isinstance(results[7], TargetRejected)
    assert len(await received(service_bus, queue, 19)) == 19


async def test_a_lone_message_is_sent_at_once_and_does_not_keep_later_ones_apart(service_bus, new_queue, monkeypatch):
    queue, sends = new_queue(), []
    send_messages = ServiceBusSender.send_messages

    async def counted(sender, messages, **options):
        sends.append(len(messages) if isinstance(messages, ServiceBusMessageBatch) else 1)
        await send_messages(sender, messages, **options)

    monkeypatch.setattr(ServiceBusSender, "send_messages", counted)
    async with opened(service_bus.connection_string, queue=queue) as target:
        await target.deliver(Shipment(event(0), "orders"))
        assert sends == [1]
        lone = target.deliver(Shipment(event(1), "orders"))
        lone.send(None)  # one step of its coroutine, no turn of the loop: it is on its way already
        assert sends == [1, 1]
        lone.close()
        await asyncio.gather(*(target.deliver(Shipment(event(number), "orders")) for number in range(2, 10)))
        assert sends == [1, 1, 8]
        await asyncio.gather(*(target.deliver(Shipment(event(number), "orders")) for number in range(10, 20)))
        assert sends == [1, 1, 8, 10]
    assert len(await received(service_bus, queue, 20)) == 20


async def test_a_sender_that_is_cancelled_does_not_break_off_the_send(service_bus, new_queue):
    queue = new_queue()
    async with opened(service_bus.connection_string, queue=queue) as target:
        await target.deliver(Shipment(event(0), "orders"))
        given_up = asyncio.create_task(target.deliver(Shipment(event(1), "orders")))
        await asyncio.sleep(0)
        given_up.cancel()
        await target.deliver(Shipment(event(2), "orders"))
        with pytest.raises(asyncio.CancelledError):
            await given_up
    assert len(await received(service_bus, queue, 3)) == 3


@pytest.mark.parametrize(
    ("settings", "learnt"),
    [({}, Together.ONE_KEY), ({"duplicate_detection": Milliseconds(60_000)}, Together.ONE_MESSAGE)],
)
async def test_a_partitioned_entity_is_remembered_and_gets_what_it_takes(service_bus, new_queue, settings, learnt):
    queue = new_queue(partitioned=True, **settings)
    async with opened(service_bus.connection_string, queue=queue, session="{data.SalesOrderId}") as target:
        for _ in range(3):
            await asyncio.gather(*(target.deliver(Shipment(event(number % 3), "orders")) for number in range(30)))
        assert target._writer.together is learnt
    assert service_bus.control.counts(queue)["active"] == 90


async def test_one_message_that_a_partitioned_entity_refuses_does_not_fail_others(service_bus, new_queue):
    queue = new_queue(partitioned=True)
    async with opened(service_bus.connection_string, queue=queue, session="{data.SalesOrderId}") as target:
        results = await asyncio.gather(
            *(
                target.deliver(Shipment(event(number % 3, size=400_000 if number == 4 else 10), "orders"))
                for number in range(9)
            ),
            return_exceptions=True,
        )
    assert [number for number, result in enumerate(results) if isinstance(result, TargetRejected)] == [4]
    assert service_bus.control.counts(queue)["active"] == 8


async def test_an_unknown_entity_is_named_and_worth_another_attempt(service_bus):
    async with opened(service_bus.connection_string, queue="no-such-queue") as target:
        with pytest.raises(TargetUnavailable, match="no entity no-such-queue"):
            await target.deliver(Shipment(event(), "orders"))
        service_bus.control.create("queue", {"name": "no-such-queue"})
        await target.deliver(Shipment(event(), "orders"))
    service_bus.control.delete("no-such-queue")


async def test_a_wrong_key_and_one_without_the_right_to_send_are_refused_in_words(service_bus, new_queue):
    queue = new_queue()
    service_bus.control.create_key(Key(name="listener", key="bGlzdGVu", rights=("listen",)))
    good = service_bus.connection_string
    endpoint = good.split(";")[0]
    wrong = (
        f"{endpoint};SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=wrong;UseDevelopmentEmulator=true"
    )
    listen = f"{endpoint};SharedAccessKeyName=listener;SharedAccessKey=bGlzdGVu;UseDevelopmentEmulator=true"
    for connection in (wrong, listen):
        async with opened(connection, queue=queue) as target:
            with pytest.raises(TargetUnavailable, match="refused the key") as caught:
                await target.deliver(Shipment(event(), "orders"))
            assert "wrong" not in str(caught.value)


async def test_dropped_connections_are_made_again_and_nothing_is_lost(service_bus, new_queue):
    queue = new_queue(duplicate_detection=Milliseconds(60_000))
    async with opened(service_bus.connection_string, queue=queue) as target:
        for round_ in range(3):
            await asyncio.gather(*(target.deliver(Shipment(event(number), "r")) for number in range(10)))
            if round_ < 2:
                service_bus.control.drop_connections()
    assert service_bus.control.counts(queue)["active"] == 30


async def test_a_broker_that_is_away_defers_and_is_found_again(new_queue):
    with ServiceBus() as bus:
        bus.control.create("queue", {"name": "orders"})
        async with opened(bus.connection_string, queue="orders") as target:
            await target.deliver(Shipment(event(), "orders"))
            bus.stop()
            async with asyncio.timeout(60):
                results = await asyncio.gather(
                    *(target.deliver(Shipment(event(number), "orders")) for number in range(20)),
                    return_exceptions=True,
                )
            assert {type(result) for result in results} == {TargetUnavailable}
            bus.start()
            bus.control.create("queue", {"name": "orders"})
            await target.deliver(Shipment(event(), "orders"))
            assert bus.control.counts("orders")["active"] == 1


async def test_a_busy_broker_is_a_reason_to_wait(service_bus, new_queue):
    queue = new_queue()
    async with opened(service_bus.connection_string, queue=queue) as target:
        service_bus.control.throttle(queue)
        with pytest.raises(TargetUnavailable, match="throttled") as caught:
            await target.deliver(Shipment(event(), "orders"))
        assert caught.value.retry_after == 10
        service_bus.control.clear()
        await target.deliver(Shipment(event(), "orders"))


async def test_closing_sends_what_waits(service_bus, new_queue):
    queue = new_queue()
    async with opened(service_bus.connection_string, queue=queue) as target:
        sends = [asyncio.create_task(target.deliver(Shipment(event(number), "r"))) for number in range(5)]
        await asyncio.sleep(0)
        await target.close()
        await asyncio.gather(*sends)
        with pytest.raises(TargetUnavailable, match="closed"):
            await target.deliver(Shipment(event(), "r"))
    assert service_bus.control.counts(queue)["active"] == 5
