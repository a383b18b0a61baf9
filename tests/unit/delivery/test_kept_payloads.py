"""Events that are kept with the journal, so that a delivered one can be replayed; rows that cannot be read."""

import json
import random
from datetime import timedelta

import pytest

from integration.dead_letters import Job
from integration.delivery import Work, decode_continuation
from integration.delivery.outcome import Delivered, Duplicate, Ignored
from integration.delivery.queued.chain import Chain
from integration.errors import CorruptRecord, PayloadNotKept, StorageUnavailable, TargetRejected
from integration.events.decode import decode
from integration.journal import Journal, Listing, Subject, Wanted
from integration.journal.scope import ByRoute
from integration.operations.event_orders import EventOrders
from integration.operations.events import EventOperations
from integration.storage.names import KEPT_PAYLOADS
from integration.web.events import EventPages
from integration.web.message import Request
from tests.fixtures.bench import ORDERS, OTHERS, business_event

BODY = business_event(EventId="K" * 8, EventTime="/Date(1767322800000)/")
TABLE = "fnolinkjournal2026w01b"
DELIVERED = [Delivered("orders", 200, "ok"), Delivered("others", 200, "ok")]


@pytest.fixture
def bench(bench):
    bench.journal = Journal(bench.storage, bench.clock, random.Random(1), timedelta(days=14))
    bench.keep_payload = True
    bench.build((ORDERS, OTHERS))
    return bench


def orders_of(bench) -> EventPages:
    listing = Listing(bench.storage, bench.clock)
    events = EventOperations(listing, bench.dead_letters, bench.payloads, {"contoso": ("erp",)}, bench.clock)
    return EventPages(
        events,
        EventOrders(
            events=events,
            listing=listing,
            replays=bench.replays(),
            event_replays=bench.event_replays(),
            payloads=bench.payloads,
            clock=bench.clock,
        ),
    )


async def found(bench, body=BODY):
    (event,) = decode(bench.inbound(body)).events
    row = await Listing(bench.storage, bench.clock).get("contoso", event.key)
    assert row is not None
    return row


async def ordered(bench) -> Work:
    (work,) = map(decode_continuation, await bench.continuations())
    assert isinstance(work, Work)
    return work


async def test_a_delivered_event_is_replayed_by_its_row(bench):
    assert await bench.pipeline.receive(bench.inbound(BODY)) == DELIVERED
    for number in (1, 2):
        await bench.event_replays().order(await found(bench))
        assert await bench.pipeline.resume(await ordered(bench)) == DELIVERED
        assert (await found(bench)).row.replayed == number
    name = (await found(bench)).key[:32]
    assert [each.message_id for each in bench.orders.shipments] == [
        f"{name}:orders",
        f"{name}:orders:r1",
        f"{name}:orders:r2",
    ]
    assert {bytes(each.event.data) for each in bench.orders.shipments} == {BODY}


async def test_a_delivered_event_is_replayed_where_its_id_is_asked_for(bench):
    await bench.pipeline.receive(bench.inbound(BODY))
    key = (await found(bench)).key
    response = await orders_of(bench).replay("K" * 8, Request(method="POST"))
    assert (response.status, response.headers["Location"]) == (202, f"/api/events/{key}?organization=contoso")
    expected = {"event": key, "organization": "contoso", "replay": 1, "state": "ordered"}
    assert json.loads(response.body) == expected
    assert len(bench.orders.shipments) == 1
    assert await bench.pipeline.resume(await ordered(bench)) == DELIVERED
    assert [each.message_id for each in bench.others.shipments] == [f"{key[:32]}:others", f"{key[:32]}:others:r1"]
    row = (await found(bench)).row
    assert (row.state, row.replayed) == ("done", 1)


async def test_what_has_dead_letters_is_replayed_by_them_though_its_payload_was_kept(bench):
    bench.orders.failures = [TargetRejected("no", status=400)]
    await bench.pipeline.receive(bench.inbound(BODY))
    job = await orders_of(bench)._orders.replay("K" * 8, by_app=False)
    assert isinstance(job, Job)
    assert (await bench.replays().run(job.id)).counts == {"delivered": 1}
    assert (len(bench.orders.shipments), len(bench.others.shipments)) == (1, 1)


async def test_an_event_or_a_row_that_cannot_be_read_is_not_replayed_and_says_why(bench):
    await bench.pipeline.receive(bench.inbound(BODY))
    row = await found(bench)
    await bench.storage.blobs(KEPT_PAYLOADS).put(f"{TABLE}/contoso/{row.key}.json", b"{no event")
    response = await orders_of(bench).replay("K" * 8, Request(method="POST"))
    assert (response.status, json.loads(response.body)["code"]) == (500, "CorruptRecord")
    await damage(bench, row)
    response = await orders_of(bench).replay(row.key, Request(method="POST"))
    assert (response.status, json.loads(response.body)["code"]) == (500, "CorruptRecord")
    assert await bench.continuations() == []


async def test_a_delivered_event_is_replayed_by_one_route_alone(bench):
    await bench.pipeline.receive(bench.inbound(BODY))
    await bench.event_replays().order(await found(bench), route="others")
    assert await bench.pipeline.resume(await ordered(bench)) == [Delivered("others", 200, "ok")]
    assert (len(bench.orders.shipments), len(bench.others.shipments)) == (1, 2)


async def test_a_large_event_is_replayed_too(bench):
    body = business_event(EventId="K" * 8, EventTime="/Date(1767322800000)/", Notes="n" * 100_000)
    await bench.pipeline.receive(bench.inbound(body))
    await bench.event_replays().order(await found(bench, body))
    assert await bench.pipeline.resume(await ordered(bench)) == DELIVERED
    assert await bench.claim_checks() == []


async def test_without_keep_payload_nothing_is_kept_and_a_replay_says_so(bench):
    bench.keep_payload = False
    bench.build((ORDERS, OTHERS))
    await bench.pipeline.receive(bench.inbound(BODY))
    assert [path async for path in bench.storage.blobs(KEPT_PAYLOADS).names("")] == []
    with pytest.raises(PayloadNotKept, match="was not kept"):
        await bench.event_replays().order(await found(bench))
    response = await orders_of(bench).replay("K" * 8, Request(method="POST"))
    problem = json.loads(response.body)
    assert (response.status, problem["code"]) == (409, "PayloadNotKept")
    assert "no dead letter, and its payload was not kept" in problem["detail"]
    assert await bench.continuations() == []


async def test_the_payload_is_durable_before_anything_is_delivered(bench, monkeypatch):
    async def unavailable(table, event):
        raise StorageUnavailable

    with monkeypatch.context() as patched:
        patched.setattr(bench.payloads, "put", unavailable)
        with pytest.raises(StorageUnavailable):
            await bench.pipeline.receive(bench.inbound(BODY))
    assert bench.orders.shipments == []
    assert await bench.pipeline.receive(bench.inbound(BODY)) == DELIVERED
    assert [path async for path in bench.storage.blobs(KEPT_PAYLOADS).names(TABLE)] != []


async def test_payloads_are_deleted_with_the_tables_of_their_rows(bench):
    await bench.pipeline.receive(bench.inbound(BODY))
    blobs = bench.storage.blobs(KEPT_PAYLOADS)
    for number in range(20):
        await blobs.put(f"fnolinkjournal2025w01b/contoso/{number}.json", b"{}")
    await blobs.put("notes/x", b"not ours")
    assert await bench.payloads.retain() == 20
    assert {path.split("/")[0] async for path in blobs.names("")} == {TABLE, "notes"}


async def test_a_row_or_payload_that_cannot_be_read_says_so(bench):
    await bench.pipeline.receive(bench.inbound(BODY))
    row = await found(bench)
    await bench.storage.blobs(KEPT_PAYLOADS).put(f"{TABLE}/contoso/{row.key}.json", b"{no event")
    with pytest.raises(CorruptRecord):
        await bench.event_replays().order(row)
    await damage(bench, row)
    with pytest.raises(CorruptRecord):
        await bench.event_replays().order(await found(bench))


async def damage(bench, row):
    table = await bench.storage.table(TABLE)
    await table.put({"PartitionKey": row.partition, "RowKey": row.key, "v": 1, "state": "nonsense"})


async def test_an_event_whose_row_cannot_be_read_is_delivered_and_the_row_a_dead_letter(bench, caplog):
    await bench.pipeline.receive(bench.inbound(BODY))
    await damage(bench, await found(bench))
    assert await bench.pipeline.receive(bench.inbound(BODY)) == DELIVERED
    (letter,) = await bench.dead()
    assert letter.reason == "CorruptRecord"
    assert b"nonsense" in letter.body
    assert "cannot be read" in caplog.text
    assert await bench.pipeline.receive(bench.inbound(BODY)) == [Duplicate()]


async def test_a_row_that_cannot_be_kept_is_not_overwritten(bench, monkeypatch):
    await bench.pipeline.receive(bench.inbound(BODY))
    await damage(bench, await found(bench))

    async def unavailable(record):
        raise StorageUnavailable

    with monkeypatch.context() as patched:
        patched.setattr(bench.dead_letters, "bury", unavailable)
        with pytest.raises(StorageUnavailable):
            await bench.pipeline.receive(bench.inbound(BODY))
    assert (await found(bench)).row is None
    assert await bench.pipeline.receive(bench.inbound(BODY)) == DELIVERED
    assert len(await bench.dead()) == 1


async def test_a_test_message_whose_row_cannot_be_read_is_noted_and_the_row_a_dead_letter(bench):
    await bench.pipeline.receive(bench.inbound(b""))
    (listed, _) = await Listing(bench.storage, bench.clock).page(Wanted(), 10)
    (row,) = listed
    table = await bench.storage.table(row.table)
    await table.put({"PartitionKey": row.partition, "RowKey": row.key, "v": 9})
    assert await bench.pipeline.receive(bench.inbound(b"")) == [Ignored("empty")]
    (letter,) = await bench.dead()
    assert letter.reason == "CorruptRecord"


async def test_a_retry_meets_a_row_that_cannot_be_read_and_is_delivered(bench):
    bench.orders.failures = [TargetRejected("no", status=400)]
    await bench.pipeline.receive(bench.inbound(BODY))
    row = await found(bench)
    await damage(bench, row)
    (event,) = decode(bench.inbound(BODY)).events
    assert event.key == row.key
    work = Work(
        scope=ByRoute("orders"), accepted_at=bench.clock.now(), event=event, chain=Chain(attempt=1, generation=1)
    )
    assert await bench.pipeline.resume(work) == [Delivered("orders", 200, "ok")]
    assert {letter.reason for letter in await bench.dead()} == {"CorruptRecord", "TargetRejected"}
    kept = await bench.journal.find(Subject.of(event))
    assert kept is not None
    assert kept.state == "done"
