"""What is done for one event is one trace, however often it waits; what is measured says what became of it."""

import json

from integration.dead_letters import Filter
from integration.delivery.queued.work import decode_continuation
from integration.errors import LinkUnknown, TargetUnavailable
from integration.telemetry.carrier import here
from integration.telemetry.operations import RECEIVE
from integration.telemetry.spans import span
from integration.worker.measured import counted
from tests.fixtures.bench import LINKED, NOT_LINKED, ORDERS, business_event

SECRETS = ("Bearer", "sig=", "?code=", "LegalEntity", "usmf")
SENDER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def take_in(bench, body=None):
    """Take a message in as the worker does, and give the context that its trace begins with."""
    with span(RECEIVE, "erp"):
        await bench.pipeline.receive(bench.inbound(body or business_event()))
        return here()


def traces(telemetry):
    return {each.context.trace_id for each in telemetry.spans}


async def test_an_attempt_that_fails_and_its_retry_are_in_the_trace_of_the_event(bench, telemetry):
    bench.build((ORDERS,))
    bench.orders.failures = [TargetUnavailable("orders answered 503: sig=SECRET", status=503)]
    await take_in(bench)
    (waiting,) = await bench.continuations()
    await bench.pipeline.resume(decode_continuation(waiting))
    assert len(traces(telemetry)) == 1
    assert [each.name for each in telemetry.spans] == [
        *("decode", "route", "link", "deliver orders", "receive erp"),
        *("link", "deliver orders", "retry fno-link-retries"),
    ]
    failed, made = telemetry.named("deliver orders")
    retry, received = telemetry.one("retry fno-link-retries"), telemetry.one("receive erp")
    assert (failed.attributes["fno_link.outcome"], failed.attributes["error.type"]) == ("deferred", "TargetUnavailable")
    assert (made.attributes["fno_link.outcome"], made.attributes["fno_link.attempt"]) == ("delivered", 2)
    assert made.attributes["http.response.status_code"] == 200
    assert retry.parent.span_id == received.context.span_id
    assert failed.context.span_id in [link.context.span_id for link in retry.links]
    assert failed.attributes["messaging.system"] == "azure_storage_queues"
    assert not any(secret in each.to_json() for secret in (*SECRETS, "SECRET") for each in telemetry.spans)


async def test_the_event_carries_the_start_of_its_way_and_the_same_at_each_attempt(bench, telemetry):
    bench.build((ORDERS,))
    bench.orders.failures = [TargetUnavailable("down")]
    seen = []
    deliver = bench.orders.deliver

    async def note(shipment):
        seen.append(shipment.event.extensions["traceparent"])
        return await deliver(shipment)

    bench.orders.deliver = note
    origin = await take_in(bench)
    (waiting,) = await bench.continuations()
    await bench.pipeline.resume(decode_continuation(waiting))
    assert seen == [origin, origin]


async def test_a_senders_own_context_is_sent_on_unchanged_and_linked(bench, telemetry):
    bench.build((ORDERS,))
    event = {
        "specversion": "1.0",
        "id": "1",
        "source": "/shop",
        "type": "SalesOrderX",
        "traceparent": SENDER,
        "data": {},
    }
    await take_in(bench, json.dumps(event).encode())
    (shipment,) = bench.orders.shipments
    assert shipment.event.extensions["traceparent"] == SENDER
    (link,) = telemetry.one("route").links
    assert f"{link.context.span_id:016x}" == SENDER[36:52]


async def test_a_parked_delivery_goes_on_in_its_trace(bench, telemetry):
    bench.build((ORDERS,))
    bench.links.answer = NOT_LINKED
    await take_in(bench)
    (record,) = await bench.parked()
    bench.links.answer = LINKED
    with span(RECEIVE, "the order to release"):
        await bench.releases.order("contoso", LINKED)
        for order in await bench.continuations():
            await bench.releases.run(decode_continuation(order))
    release, batch = telemetry.one("release"), telemetry.one("receive the order to release")
    assert len(bench.orders.shipments) == 1
    assert f"{release.context.trace_id:032x}" == record.trail.origin[3:35]
    assert release.context.trace_id != batch.context.trace_id
    assert batch.context.span_id in [link.context.span_id for link in release.links]


async def test_a_dead_letter_that_is_replayed_goes_on_in_its_trace(bench, telemetry):
    bench.build(())
    origin = await take_in(bench)
    (letter,) = await bench.dead()
    assert letter.trail.origin == origin
    bench.build((ORDERS,))
    replays = bench.replays()
    job = await replays.ask("replay", Filter(), order=False, per_second=1000)
    await replays.run(job.id)
    replay = telemetry.one("replay")
    assert f"{replay.context.trace_id:032x}" == origin[3:35]
    assert len(bench.orders.shipments) == 1


async def test_without_a_provider_records_say_nothing_and_events_are_as_they_came(bench):
    bench.orders.failures = [TargetUnavailable("down")]
    bench.build((ORDERS,))
    await bench.pipeline.receive(bench.inbound(business_event()))
    (waiting,) = await bench.continuations()
    assert b"trail" not in waiting
    await bench.pipeline.resume(decode_continuation(waiting))
    (shipment,) = bench.orders.shipments
    assert "traceparent" not in shipment.event.extensions


async def test_what_waits_keeps_its_trail_through_a_worker_without_a_provider(bench, telemetry, monkeypatch):
    bench.build((ORDERS,))
    bench.orders.failures = [TargetUnavailable("down"), TargetUnavailable("down")]
    origin = await take_in(bench)
    with monkeypatch.context() as without:
        without.setattr("integration.telemetry.providers.PROVIDERS.recorder", lambda: None)
        (waiting,) = await bench.continuations()
        await bench.pipeline.resume(decode_continuation(waiting))
    (again,) = await bench.continuations()
    assert decode_continuation(again).trail.origin == origin


async def test_what_became_of_events_is_counted_and_what_it_took(bench, telemetry):
    bench.build((ORDERS,))
    bench.orders.failures = [TargetUnavailable("down")]
    await take_in(bench)
    (waiting,) = await bench.continuations()
    await bench.pipeline.resume(decode_continuation(waiting))
    bench.links.answer = NOT_LINKED
    await take_in(bench)
    bench.links.answer = LinkUnknown("no answer")
    await take_in(bench)
    bench.build(())
    await take_in(bench)
    for key, _ in bench.counted:
        counted(key)
    measured = telemetry.measured()
    events = {
        (given["fno_link.outcome"], given.get("fno_link.reason", "")): value
        for given, value in measured["fno_link.events"]
    }
    assert events == {
        ("received", ""): 4,
        ("deferred", "TargetUnavailable"): 1,
        ("delivered", ""): 1,
        ("parked", "NotLinked"): 1,
        ("deferred", "LinkUnknown"): 1,
        ("dead_lettered", "Unrouted"): 1,
    }
    assert sum(count for _, count in measured["fno_link.delivery.duration"]) == 4
    assert [value for _, value in measured["fno_link.parked"]] == [1]
    assert [given["fno_link.reason"] for given, _ in measured["fno_link.dead_letters"]] == ["Unrouted"]
    looked = {given["fno_link.outcome"]: value for given, value in measured["fno_link.link.lookups"]}
    assert looked == {"hit": 3, "unknown": 1}


async def test_a_message_of_several_events_begins_all_their_traces_in_one(bench, telemetry):
    bench.build((ORDERS,))
    await take_in(bench, b"[" + business_event() + b"," + business_event() + b"]")
    assert telemetry.one("decode").attributes["messaging.batch.message_count"] == 2
    assert len(traces(telemetry)) == 1
    keys = {each.attributes["fno_link.event.key"] for each in telemetry.named("deliver orders")}
    assert len(keys) == 2
