"""A host dies in an event's own run, the row is lost, and one of the deliveries comes before the source's message."""

import asyncio

import pytest

from integration.delivery import Work
from integration.delivery.outcome import Deferred, Delivered
from integration.errors import TargetUnavailable
from integration.journal.scope import ByRoute
from integration.storage.names import RETRIES
from tests.fixtures.bench import business_event
from tests.fixtures.journaled import BODY, DELIVERED, DUPLICATE, journaled, row, works

TABLE = "fnolinkjournal2026w01b"
FAILED = "not yet"


@pytest.fixture
def bench(bench):
    return journaled(bench)


async def dies(bench) -> Work:
    """Let a host die once the delivery to orders waits for its retry, and before the one to others is made."""
    bench.orders.failures = [TargetUnavailable(FAILED)]
    bench.others.deliver = _forever
    run = asyncio.create_task(bench.pipeline.receive(bench.inbound(BODY)))
    async with asyncio.timeout(60):
        while not await bench.storage.queue(RETRIES).depth():  # noqa: ASYNC110  # the account tells nobody
            await asyncio.sleep(0.05)
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    del bench.others.deliver
    assert (await row(bench)).state == "received"
    (work,) = await works(bench)
    assert work.scope == ByRoute("orders")
    return work


async def _forever(shipment):
    await asyncio.Event().wait()


async def unreadable(bench) -> None:
    table = await bench.storage.table(TABLE)
    (row,) = [each async for each in table.select()]
    await table.put({**row.entity, "state": "rece\x01ved"})


async def gone(bench) -> None:
    await bench.storage.drop_table(TABLE)
    bench.clock.seconds += 60  # Azure makes none of this name for a while


LOSSES = {"unreadable": unreadable, "gone": gone}


@pytest.mark.parametrize("how", LOSSES)
async def test_the_sources_message_makes_what_the_retry_does_not_know_of(bench, how):
    retry = await dies(bench)
    await LOSSES[how](bench)
    assert await bench.pipeline.resume(retry) == [Delivered("orders", 200, "ok")]
    assert ((await row(bench)).state, (await row(bench)).partial) == ("done", True)
    assert await bench.pipeline.receive(bench.inbound(BODY)) == [Delivered("others", 200, "ok")]
    kept = await row(bench)
    assert (kept.state, kept.partial, {each.route for each in kept.deliveries}) == ("done", False, {"orders", "others"})
    assert [len(each.shipments) for each in (bench.orders, bench.others)] == [1, 1]
    assert await bench.pipeline.receive(bench.inbound(BODY)) == DUPLICATE
    other = business_event(EventId="A" * 8, EventTime="/Date(1767322800000)/", LegalEntity="demf")
    await bench.pipeline.receive(bench.inbound(other))
    assert (await row(bench)).differing == 1


@pytest.mark.parametrize("how", LOSSES)
async def test_a_retry_that_fails_again_waits_on_and_is_not_made_by_the_sources_message(bench, how):
    retry = await dies(bench)
    await LOSSES[how](bench)
    bench.orders.failures = [TargetUnavailable(FAILED)]
    (waits,) = await bench.pipeline.resume(retry)
    assert isinstance(waits, Deferred)
    assert await bench.pipeline.receive(bench.inbound(BODY)) == [Delivered("others", 200, "ok")]
    assert (await row(bench)).state == "deferred"
    (again,) = await works(bench)
    assert await bench.pipeline.resume(again) == [Delivered("orders", 200, "ok")]
    assert (await row(bench)).state == "done"
    assert [len(each.shipments) for each in (bench.orders, bench.others)] == [1, 1]


async def test_a_host_that_dies_in_the_retry_too_leaves_all_to_the_sources_message(bench):
    retry = await dies(bench)
    await unreadable(bench)
    bench.orders.deliver = _forever
    run = asyncio.create_task(bench.pipeline.resume(retry))
    async with asyncio.timeout(60):
        while not await readable(bench):  # noqa: ASYNC110  # same
            await asyncio.sleep(0.05)
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    del bench.orders.deliver
    bench.clock.seconds += 151
    assert await bench.pipeline.receive(bench.inbound(BODY)) == DELIVERED
    assert [len(each.shipments) for each in (bench.orders, bench.others)] == [1, 1]


async def test_nothing_is_made_twice_where_the_events_own_run_had_come_to_its_end(bench):
    bench.orders.failures = [TargetUnavailable(FAILED)]
    await bench.pipeline.receive(bench.inbound(BODY))
    (retry,) = await works(bench)
    await unreadable(bench)
    assert await bench.pipeline.resume(retry) == [Delivered("orders", 200, "ok")]
    assert [len(each.shipments) for each in (bench.orders, bench.others)] == [1, 1]


async def readable(bench) -> bool:
    table = await bench.storage.table(TABLE)
    return any([each.entity["state"] == "received" async for each in table.select()])
