"""What is read of a run: a real worker delivers to a receiver, a Storage queue and the broker."""

import asyncio
import hashlib

import httpx
import pytest
from azure.servicebus import ServiceBusClient

from integration.storage.names import PAYLOADS
from tests.faults.oracle import judge
from tests.faults.room import DELIVERIES, ROUTES, Room, opened

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*unclosed.*:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
async def room(azurite, service_bus, new_queue, receivers):
    receivers.reset()
    async with opened(azurite.spare_account(), service_bus, new_queue(), receivers) as room:
        yield room


async def test_what_a_worker_did_is_read_and_found_right(room: Room):
    first = await room.send_event(expects=DELIVERIES)
    await room.send_event(id_=first.id, kind="duplicate", expects=DELIVERIES)
    await room.send_event("Unknown", dead="Unrouted")
    broken = b"this is no JSON"
    await room.send(broken, id="", key=hashlib.sha256(broken).hexdigest(), kind="undecodable", dead="Undecodable")
    test = b'"This is a test"'
    key = hashlib.sha256(b"erp\x00test_message\x00" + test).hexdigest()
    await room.send(test, id="", key=key, kind="empty")
    found = await asyncio.to_thread(room.evidence)
    verdict = judge(found)
    assert verdict.problems == ()
    assert verdict.counts["deliveries_delivered"] == 3
    assert {each.message_id for each in found.receipts} == {f"{first.key[:32]}:to-hook", f"{first.key[:32]}:to-bus", ""}
    assert {(each.id, each.type) for each in found.receipts} == {(first.id, "Known")}
    assert sorted(each.reason for each in found.dead) == ["Undecodable", "Unrouted"]
    began = first.at - 2
    assert all(began <= each.at <= began + 60 for each in (*found.receipts,))
    (row,) = [row for row in found.journal if row.id == first.id]
    assert (row.state, row.duplicates) == ("done", 1)
    assert {(made.route, made.state) for made in row.deliveries} == {(route, "delivered") for route in ROUTES}


async def test_what_waits_is_unrest_and_what_nobody_has_is_lost(room: Room):
    room.receivers.fail("hook", 500)
    sent = await room.send_event(expects=DELIVERIES)
    found = await asyncio.to_thread(room.evidence)
    verdict = judge(found)
    assert {problem.rule for problem in verdict.problems} == {"waiting", "restless"}
    assert (verdict.counts["deliveries_waiting"], verdict.counts["deliveries_delivered"]) == (1, 2)
    (told,) = [f"{each.rule}: {each.id} {each.why}" for each in verdict.problems if each.rule == "waiting"]
    assert told.startswith(f"waiting: {sent.id} by to-hook on fno-link-retries, until 20")
    assert f"{sent.id} is deferred" in " ".join(found.unrest)
    assert "fno-link-retries: 1 messages" in found.unrest
    assert [each.status for each in found.receipts if each.target == "hook"] == [500]


async def test_what_waits_in_the_due_table_is_told_with_its_time(room: Room):
    room.receivers.fail("hook", 503, headers={"Retry-After": "7200"})
    await room.send_event(expects=DELIVERIES)
    found = await asyncio.to_thread(room.evidence)
    (waits,) = found.waiting
    assert (waits.where, waits.route, waits.generation) == ("fnolinkdue", "to-hook", 1)
    assert 3600 < waits.until - found.sent[0].at <= 7300
    assert {problem.rule for problem in judge(found).problems} == {"waiting", "restless"}


@pytest.mark.parametrize(("emptied", "rule"), [(False, "waiting"), (True, "lost")])
async def test_what_waits_by_a_claim_check_does_so_as_long_as_that_holds_it(room: Room, emptied, rule):
    room.receivers.fail("hook", 500)
    sent = await room.send_event(expects=DELIVERIES[:1], filler="x" * 100_000)
    blobs = room.worker.storage.blobs(PAYLOADS)
    (path,) = [path async for path in blobs.names("payloads/deliveries/")]
    if emptied:
        await blobs.put(path, b"")
    found = await asyncio.to_thread(room.evidence)
    told = [(each.rule, each.id) for each in judge(found).problems if each.rule in ("waiting", "lost")]
    assert told == [(rule, sent.id)]
    assert "fno-link-retries: 1 messages" in found.unrest


async def test_an_envelope_that_nobody_has_taken_waits_and_its_event_is_not_lost(room: Room):
    sent = await room.send_event(expects=DELIVERIES, taken=False)
    found = await asyncio.to_thread(room.evidence)
    assert [(waits.where, waits.id, waits.route) for waits in found.waiting] == [("fno-link-events", sent.id, "")]
    verdict = judge(found)
    assert {problem.rule for problem in verdict.problems} == {"waiting", "restless"}
    assert verdict.counts["deliveries_waiting"] == 3


async def test_an_id_that_is_changed_on_its_way_is_seen(room: Room):
    sent = await room.send_event(expects=DELIVERIES)
    (received,) = room.receivers.received("hook")
    headers = {"webhook-id": f"{sent.key[::-1][:32]}:to-hook"}
    async with httpx.AsyncClient(trust_env=False) as client:
        await client.post(room.receivers.url("hook"), content=received.body.encode(), headers=headers)
    found = await asyncio.to_thread(room.evidence)
    assert "changed" in {problem.rule for problem in judge(found).problems}


async def test_what_the_broker_gave_up_is_read(room: Room):
    await room.send_event(expects=DELIVERIES)

    def give_up() -> None:
        with (
            ServiceBusClient.from_connection_string(room.bus.connection_string) as client,
            client.get_queue_receiver(room.queue, max_wait_time=5) as receiver,
        ):
            (message,) = receiver.receive_messages(max_message_count=1, max_wait_time=5)
            receiver.dead_letter_message(message, reason="Bored")

    await asyncio.to_thread(give_up)
    found = await asyncio.to_thread(room.evidence)
    assert [(each.entity, each.reason) for each in found.broker_dead] == [(room.queue, "Bored")]
    assert {problem.rule for problem in judge(found).problems} == {"broker_dead", "lost", "false_record"}
