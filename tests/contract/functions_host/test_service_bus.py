"""Service Bus triggers on the local host: settlement, locks, sessions and poison; what was away is found again."""

import asyncio
import json
import time
import uuid
from datetime import UTC, datetime

import pytest
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient
from azure.servicebus.amqp import AmqpAnnotatedMessage

from emulation.child import ChildFailed
from emulation.service_bus import Milliseconds, ServiceBus, SubscriptionConfig

QUICK = {"extensions": {"serviceBus": {"maxConcurrentCalls": 4, "sessionIdleTimeout": "00:00:02"}}}
SHOW = """
import asyncio
import json

@app.{decorator}(arg_name="message", connection="Bus", {entity})
async def show(message: func.ServiceBusMessage) -> None:
    body = message.get_body().decode(errors="replace")
    if body.startswith("fail"):
        raise ValueError(f"attempt {{message.delivery_count}}")
    if body.startswith("slow"):
        await asyncio.sleep(float(body.split()[1]))
    seen = {{
        "body": body, "id": message.message_id, "correlation": message.correlation_id, "label": message.label,
        "content_type": message.content_type, "count": message.delivery_count, "session": message.session_id,
        "properties": message.application_properties, "user": message.user_properties,
        "enqueued": message.enqueued_time_utc.isoformat(), "sequence": message.sequence_number,
    }}
    print("got " + json.dumps(seen), flush=True)
"""


def queue_app(extra: str = "") -> str:
    return SHOW.format(decorator="service_bus_queue_trigger", entity='queue_name="%NAME%"' + extra)


def settings(azurite, bus: ServiceBus, name: str, **more: str) -> dict[str, str]:
    return {"AzureWebJobsStorage": azurite.connection_string, "Bus": bus.connection_string, "NAME": name, **more}


async def send(
    bus: ServiceBus, entity: str, *messages: ServiceBusMessage | AmqpAnnotatedMessage, topic: bool = False
) -> None:
    async with ServiceBusClient.from_connection_string(bus.connection_string) as client:
        sender = client.get_topic_sender(entity) if topic else client.get_queue_sender(entity)
        async with sender:
            await sender.send_messages(list(messages))


async def seen(host, count: int = 1, seconds: float = 20) -> list[dict]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        lines = [line for line in host.log.splitlines() if line.startswith("got ")]
        if len(lines) >= count:
            return [json.loads(line.removeprefix("got ")) for line in lines]
        await asyncio.sleep(0.05)
    pytest.fail(f"{count} messages were not handled: {host.log}")


async def settles(bus: ServiceBus, entity: str, seconds: float = 20, **expected: int) -> None:
    deadline = time.monotonic() + seconds
    while any(bus.control.counts(entity)[key] != value for key, value in expected.items()):
        assert time.monotonic() < deadline, bus.control.counts(entity)
        await asyncio.sleep(0.05)


async def test_a_message_is_handed_over_with_its_properties_and_completed(azurite, service_bus, new_queue, run):
    name = new_queue()
    host = run(queue_app(), QUICK, env=settings(azurite, service_bus, name))
    before = datetime.now(UTC)
    message = ServiceBusMessage(
        "grüße ✓",
        message_id="m1",
        correlation_id="c1",
        subject="greeting",
        content_type="text/plain",
        application_properties={"http://schemas.microsoft.com/xrm/2011/Claims/RequestName": "Update", "n": 3},
    )
    await send(service_bus, name, message)
    [got] = await seen(host)
    assert (got["body"], got["id"], got["correlation"], got["label"]) == ("grüße ✓", "m1", "c1", "greeting")
    assert (got["content_type"], got["count"], got["sequence"]) == ("text/plain", 1, 1)
    assert got["properties"] == {"http://schemas.microsoft.com/xrm/2011/Claims/RequestName": "Update", "n": 3}
    assert got["user"] == got["properties"]
    enqueued = datetime.fromisoformat(got["enqueued"])
    assert enqueued.tzinfo is None  # .NET's `DateTimeOffset.DateTime`
    assert abs((enqueued.replace(tzinfo=UTC) - before).total_seconds()) < 20
    await settles(service_bus, name, active=0, locked=0)


async def test_a_message_that_keeps_failing_ends_in_the_entitys_own_dead_letter_queue(
    azurite, service_bus, new_queue, run
):
    name = new_queue(max_delivery_count=3)
    host = run(queue_app(), QUICK, env=settings(azurite, service_bus, name))
    await send(service_bus, name, ServiceBusMessage("fail always"))
    await settles(service_bus, f"{name}/$DeadLetterQueue", active=1)
    assert [f"attempt {n}" in host.log for n in (1, 2, 3, 4)] == [True, True, True, False]


ODD = {
    "names": ServiceBusMessage('{"SequenceNumber": "ADDR-12", "State": "NY", "expiresatutc": "never"}'),
    "latin": ServiceBusMessage("grün".encode("cp1252")),
    "utf-16": ServiceBusMessage("grün".encode("utf-16")),
    "contract": ServiceBusMessage(b"@\x06string\x083http://schemas.microsoft.com/2003/10/Serialization/\x99\x02ok"),
    "value": AmqpAnnotatedMessage(value_body="a text"),
    "number": AmqpAnnotatedMessage(value_body=7),
    "sequence": AmqpAnnotatedMessage(sequence_body=[["a"]]),
}


async def handled(azurite, bus: ServiceBus, name: str, run, data_type: str) -> tuple[dict[str, bytes], str]:
    """Send the odd bodies, by two attempts each, and return those that came and the host's log."""
    bus.control.create("queue", {"name": name, "max_delivery_count": 2})
    source = f"""
    @app.service_bus_queue_trigger(arg_name="message", connection="Bus", queue_name="%NAME%"{data_type})
    async def show(message: func.ServiceBusMessage) -> None:
        print("got", message.application_properties["kind"], message.get_body().hex(), flush=True)
    """
    host = run(source, QUICK, env=settings(azurite, bus, name))
    for kind, message in ODD.items():
        message.application_properties = {"kind": kind}
        await send(bus, name, message)
    await settles(bus, name, active=0, locked=0)
    lines = [line.split() for line in host.log.splitlines() if line.startswith("got ")]
    return {line[1]: bytes.fromhex("".join(line[2:])) for line in lines}, host.log


async def test_without_a_data_type_a_body_is_text_and_its_members_are_metadata(azurite, service_bus, run):
    name = f"text-{uuid.uuid4().hex[:8]}"
    got, log = await handled(azurite, service_bus, name, run, "")
    assert got == {
        "latin": b"gr\xef\xbf\xbdn",
        "utf-16": "��g\0r\0�\0n\0".encode(),
        "contract": b"ok",
        "value": b"a text",
    }
    # The others were given back until the broker buried them, as Azure does.
    assert service_bus.control.counts(f"{name}/$DeadLetterQueue")["active"] == 3
    assert log.count("cannot be bound to a string") == 4
    assert log.count("field 'ExpiresAtUtc' in trigger metadata") + log.count("does not match format") >= 2


async def test_with_the_data_type_binary_a_body_comes_as_it_was_sent(azurite, service_bus, run):
    name = f"binary-{uuid.uuid4().hex[:8]}"
    got, log = await handled(azurite, service_bus, name, run, ", data_type=func.DataType.BINARY")
    data = {kind: b"".join(message.body) for kind, message in ODD.items() if isinstance(message, ServiceBusMessage)}
    assert got == data
    assert service_bus.control.counts(f"{name}/$DeadLetterQueue")["active"] == 3
    assert log.count("has no bytes to bind to") == 6


async def test_a_subscription_is_read(azurite, service_bus, new_topic, run):
    name = new_topic(SubscriptionConfig(name="s"))
    source = SHOW.format(decorator="service_bus_topic_trigger", entity='topic_name="%NAME%", subscription_name="s"')
    host = run(source, QUICK, env=settings(azurite, service_bus, name))
    await send(service_bus, name, ServiceBusMessage("by topic"), topic=True)
    assert (await seen(host))[0]["body"] == "by topic"


async def test_only_so_many_calls_run_at_once_and_the_lock_of_a_slow_one_is_renewed(
    azurite, service_bus, new_queue, run
):
    name = new_queue(lock_duration=Milliseconds(5000), max_delivery_count=1)
    host = run(queue_app(), QUICK, env=settings(azurite, service_bus, name))
    await send(service_bus, name, *[ServiceBusMessage("slow 7") for _ in range(4)], ServiceBusMessage("next"))
    await settles(service_bus, name, locked=4)
    assert service_bus.control.counts(name)["active"] == 5
    assert [got["count"] for got in await seen(host, 5)] == [1] * 5
    await settles(service_bus, name, active=0, locked=0)
    assert service_bus.control.counts(f"{name}/$DeadLetterQueue")["active"] == 0


async def test_sessions_are_read_each_in_order(azurite, service_bus, new_queue, run):
    name = new_queue(requires_session=True)
    host = run(queue_app(", is_sessions_enabled=True"), QUICK, env=settings(azurite, service_bus, name))
    messages = [ServiceBusMessage(f"{s}{n}", session_id=s) for n in range(5) for s in ("a", "b", "c")]
    await send(service_bus, name, *messages)
    got = await seen(host, 15)
    for session in ("a", "b", "c"):
        assert [each["body"] for each in got if each["session"] == session] == [f"{session}{n}" for n in range(5)]
    await settles(service_bus, name, active=0, locked=0)


async def test_a_broker_that_was_away_is_found_again_without_a_busy_loop(azurite, run, tmp_path):
    with ServiceBus(journal=tmp_path / "journal") as bus:
        bus.control.create("queue", {"name": "work"})
        host = run(queue_app(), QUICK, env=settings(azurite, bus, "work"))
        await send(bus, "work", ServiceBusMessage("before"))
        await seen(host, 1)
        bus.stop()
        await asyncio.sleep(6)
        assert 1 <= host.log.count("cannot be read") <= 8
        bus.start()
        await send(bus, "work", ServiceBusMessage("after"))
        assert [got["body"] for got in await seen(host, 2, seconds=40)] == ["before", "after"]


async def test_a_queue_that_is_missing_is_named_without_a_busy_loop_and_read_once_it_exists(azurite, service_bus, run):
    name = f"missing-{uuid.uuid4().hex[:8]}"
    host = run(queue_app(), QUICK, env=settings(azurite, service_bus, name))
    await asyncio.sleep(5)
    told = [line for line in host.log.splitlines() if "cannot be read" in line]
    assert 1 <= len(told) <= 8
    assert all(name in line for line in told)
    service_bus.control.create("queue", {"name": name})
    await send(service_bus, name, ServiceBusMessage("there now"))
    assert [got["body"] for got in await seen(host, 1, seconds=40)] == ["there now"]


async def test_a_wrong_key_is_told_without_a_busy_loop_and_the_queue_is_left_alone(
    azurite, service_bus, new_queue, run
):
    name = new_queue()
    await send(service_bus, name, ServiceBusMessage("not ours"))
    parts = [part.split("=", 1) for part in service_bus.connection_string.rstrip(";").split(";")]
    wrong = ";".join(f"{key}={'d3Jvbmc=' if key == 'SharedAccessKey' else value}" for key, value in parts)
    host = run(queue_app(), QUICK, env=settings(azurite, service_bus, name) | {"Bus": wrong})
    await asyncio.sleep(5)
    told = [line for line in host.log.splitlines() if "cannot be read" in line]
    assert 1 <= len(told) <= 8
    assert "d3Jvbmc=" not in host.log
    assert "got " not in host.log
    assert service_bus.control.counts(name)["active"] == 1


async def test_a_stop_lets_calls_end_and_gives_back_what_it_did_not_begin(azurite, service_bus, new_queue, run):
    name = new_queue(max_delivery_count=5)
    host = run(queue_app(), QUICK, env=settings(azurite, service_bus, name))
    await send(service_bus, name, ServiceBusMessage("slow 2"), ServiceBusMessage("slow 2"))
    await settles(service_bus, name, locked=2)
    log = host.log
    assert log.count("got ") == 0
    host.stop()
    await settles(service_bus, name, active=0, locked=0, seconds=2)


async def test_a_link_that_takes_longer_to_open_than_a_request_for_messages_waits_is_opened(azurite, run):
    with ServiceBus() as bus:
        bus.control.create("queue", {"name": "work"})
        await send(bus, "work", ServiceBusMessage("through a slow line"))
        bus.control.delay(0.4)  # each of the half a dozen answers before a link is open
        host = run(queue_app(), QUICK, env=settings(azurite, bus, "work"))
        assert [got["body"] for got in await seen(host, 1, seconds=60)] == ["through a slow line"]
        assert "cannot be read" not in host.log


async def test_a_lock_that_was_lost_brings_the_message_again(azurite, service_bus, new_queue, run):
    name = new_queue()
    host = run(queue_app(), QUICK, env=settings(azurite, service_bus, name))
    await send(service_bus, name, ServiceBusMessage("slow 1"))
    await settles(service_bus, name, locked=1)
    service_bus.control.lose_locks(name)
    assert sorted(got["count"] for got in await seen(host, 2)) == [1, 2]
    await settles(service_bus, name, active=0, locked=0)
    assert "lock" in host.log


def test_cardinality_many_is_refused_with_its_reason(azurite, run):
    source = """
    import typing

    @app.service_bus_queue_trigger(arg_name="messages", connection="Bus", queue_name="q", cardinality="many")
    async def show(messages: typing.List[func.ServiceBusMessage]) -> None:
        print(len(messages))
    """
    with pytest.raises(ChildFailed, match="cardinality ONE"):
        run(source, env={"AzureWebJobsStorage": azurite.connection_string, "Bus": "Endpoint=sb://localhost"})
