"""Blobs that cannot be read, through the worker: logged, kept as a dead letter or passed by for good; others go on."""

import random
from datetime import timedelta

import pytest
from azure.storage.queue.aio import QueueClient
from msgspec import structs

from integration.config.keys.model import Configuration, Organization, Route, StorageQueueTarget
from integration.dead_letters import Filter, Record
from integration.delivery import JobOrder, Release, Work
from integration.delivery.queued.chain import Chain
from integration.delivery.queued.work import encode_continuation
from integration.events.event import Event
from integration.events.record import store
from integration.journal import Entry, Journal, Subject
from integration.journal.scope import ByRoute
from integration.routing.table import RouteTable
from integration.storage.names import DEAD_LETTERS, JOBS, PARKED, PAYLOADS, RETRIES
from integration.worker import Worker
from tests.fixtures.bench import AT, LINKED, NOT_LINKED, ORDERS, business_event

BY_ROUTE = (Route(name="orders", target="orders", requires_link=False),)


def an_event(number: int = 1) -> Event:
    return Event(id=f"e{number}", source="s", type="Order", organization="contoso", ingress="erp", time=AT)


@pytest.fixture
def connection(azurite) -> str:
    return azurite.spare_account()


@pytest.fixture
async def worker(connection):
    configuration = Configuration(
        organizations={
            "contoso": Organization(name="contoso", url="https://contoso.crm.dynamics.com", tenant="contoso.com")
        },
        sources={},
        routes=BY_ROUTE,
        targets={"orders": StorageQueueTarget(name="orders", queue="orders")},
    )
    worker = Worker(configuration, RouteTable.compile(BY_ROUTE), {"AzureWebJobsStorage": connection})
    yield worker
    await worker.close()


async def letters(worker) -> list[Record]:
    blobs = worker.storage.blobs(DEAD_LETTERS)
    return [Record.decode(await blobs.get(path)) async for path in blobs.names("")]


async def delivered(connection) -> int:
    async with QueueClient.from_connection_string(connection, "orders") as queue:
        return (await queue.get_queue_properties()).approximate_message_count or 0


def waiting(number: int, path: str) -> bytes:
    return encode_continuation(Work(scope=ByRoute("orders"), accepted_at=AT, payload=path, chain=Chain(attempt=number)))


async def test_a_truncated_claim_check_is_a_dead_letter_with_a_log_line_and_the_next_message_goes_on(
    worker, connection, caplog
):
    blobs = worker.storage.blobs(PAYLOADS)
    whole = store(an_event())
    await blobs.put("payloads/deliveries/2026/01/02/cut", whole[: len(whole) // 2])
    await blobs.put("payloads/deliveries/2026/01/02/whole", whole)
    broken = waiting(1, "payloads/deliveries/2026/01/02/cut")
    await worker.take_continuation(broken)  # it returns: the message is acknowledged, and does not come again
    (letter,) = await letters(worker)
    assert (letter.reason, letter.body, letter.source) == ("CorruptRecord", broken, RETRIES)
    assert "is a dead letter (CorruptRecord" in caplog.text
    assert await blobs.get("payloads/deliveries/2026/01/02/cut") == whole[: len(whole) // 2]
    await worker.take_continuation(waiting(1, "payloads/deliveries/2026/01/02/whole"))
    assert await delivered(connection) == 1
    assert len(await letters(worker)) == 1


async def deferred(worker, event) -> Work:
    """Let the journal have a delivery that waits for a retry message; returns the message."""
    run = await worker.journal.claim(Subject.of(event), "source", accepted_at=AT, generation=0, owner="somebody")
    entry = Entry(slot=ByRoute("orders"), state="deferred", attempt=1, until=AT, code="TargetUnavailable")
    assert await worker.journal.end(run, (entry,))
    return Work(
        scope=ByRoute("orders"),
        accepted_at=AT,
        about=Subject.of(event),
        chain=Chain(attempt=1, generation=run.row.generation),
    )


@pytest.mark.parametrize("how", ["unreadable", "poison"])
async def test_a_retry_message_that_is_buried_is_so_in_the_journal_and_a_resend_delivers_the_event(
    worker, connection, how
):
    event = an_event()
    work = await deferred(worker, event)
    if how == "unreadable":
        blobs = worker.storage.blobs(PAYLOADS)
        await blobs.put("payloads/deliveries/2026/01/02/cut", b"{")
        message = encode_continuation(structs.replace(work, payload="payloads/deliveries/2026/01/02/cut"))
        await worker.take_continuation(message)
    else:
        await worker.take_poison(RETRIES, encode_continuation(structs.replace(work, event=event)))
    (letter,) = await letters(worker)
    row = await worker.journal.find(Subject.of(event))
    assert (row.state, row.entry(ByRoute("orders")).state) == ("dead_lettered", "dead_lettered")
    assert row.entry(ByRoute("orders")).code == letter.reason == ("CorruptRecord" if how == "unreadable" else "Poison")
    await worker.pipeline.route(event, AT)  # F&O's manual Resend
    assert await delivered(connection) == 1
    row = await worker.journal.find(Subject.of(event))
    assert (row.state, row.resent) == ("done", 1)
    assert await letters(worker) == []


async def test_a_buried_message_of_an_older_link_of_the_chain_changes_nothing_in_the_journal(worker):
    event = an_event()
    work = await deferred(worker, event)
    older = encode_continuation(structs.replace(work, event=event).of_run(work.chain.generation - 1))
    await worker.take_poison(RETRIES, older)
    assert len(await letters(worker)) == 1
    assert (await worker.journal.find(Subject.of(event))).state == "deferred"


@pytest.mark.parametrize("damage", [b"", b"{broken", b'{"v":99}', b"\xff\xfe"])
async def test_an_order_whose_job_cannot_be_read_is_a_dead_letter_and_the_next_job_is_done(
    worker, connection, caplog, damage
):
    about = Record(
        organization="contoso",
        reason="TargetRejected",
        message="m",
        accepted_at=AT,
        recorded_at=AT,
        event=an_event(),
        route="orders",
    )
    await worker.dead_letters.bury(about)
    broken = await worker.replays.ask("replay", Filter(), order=False)
    await worker.storage.blobs(JOBS).put(f"jobs/{broken.id}.json", damage)
    order = encode_continuation(JobOrder(job=broken.id))
    await worker.take_continuation(order)
    assert {(each.reason, each.body) for each in await letters(worker)} == {
        ("TargetRejected", None),
        ("CorruptRecord", order),
    }
    assert f"the job {broken.id} cannot be read" in caplog.text
    good = await worker.replays.ask("replay", Filter(reason="TargetRejected"), order=False)
    await worker.take_continuation(encode_continuation(JobOrder(job=good.id)))
    done = await worker.replays.job(good.id)
    assert (done.state, done.counts) == ("done", {"delivered": 1})
    assert await delivered(connection) == 1


@pytest.mark.parametrize("end", ["release", "expire"])
@pytest.mark.parametrize("damage", [b"{broken", b'{"v":99}', b""])
async def test_a_parked_blob_that_cannot_be_read_is_a_dead_letter_for_good_and_the_others_go_on(
    bench, caplog, damage, end
):
    bench.journal = Journal(bench.storage, bench.clock, random.Random(1), timedelta(days=14))
    bench.build((ORDERS,))
    bench.links.answer = NOT_LINKED
    await bench.pipeline.receive(bench.inbound(business_event(EventId="A" * 8, EventTime="/Date(1767322800000)/")))
    path = "contoso/NotLinked/2026/01/01/000000000000-x-y.json"  # the oldest: it is met first
    await bench.storage.blobs(PARKED).put(path, damage)
    bench.links.answer = LINKED
    if end == "expire":
        bench.clock.seconds = timedelta(days=15).total_seconds()

    async def run():
        if end == "expire":
            await bench.releases.expire("contoso")
        else:
            await bench.releases.run(Release(organization="contoso"))

    await run()
    assert f"the parked delivery {path} is a dead letter: it cannot be read" in caplog.text
    assert await bench.parked() == []
    expected = {("CorruptRecord", damage)} | ({("ParkedTooLong", None)} if end == "expire" else set())
    assert {(each.reason, each.body) for each in await bench.dead()} == expected
    assert len(bench.orders.shipments) == (0 if end == "expire" else 1)
    caplog.clear()
    await run()
    assert "cannot be read" not in caplog.text
    assert len(await bench.dead()) == len(expected)
