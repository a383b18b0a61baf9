"""The same id with other data is no duplicate: it is neither delivered nor dropped, and an operator decides."""

import json

import msgspec
import pytest

from integration.dead_letters import Filter
from integration.delivery import Work
from integration.delivery.outcome import Buried, Delivered, Stale
from integration.errors import TargetRejected
from integration.events.decode import decode
from integration.journal import Entry, Listing, Run, Subject, Wanted
from integration.journal.scope import ByRoute, Recheck
from tests.fixtures.bench import business_event
from tests.fixtures.journaled import DELIVERED, DUPLICATE, journaled, row, works

REAL = business_event(EventId="A" * 8, EventTime="/Date(1767322800000)/", OrderTotal=1000)
OTHER = REAL.replace(b"1000", b"1")
THIRD = REAL.replace(b"1000", b"2")
HELD = [Buried("", "DuplicateDiffers")]


@pytest.fixture
def bench(bench):
    return journaled(bench)


def totals(bench) -> list[int]:
    return [each.event.payload["OrderTotal"] for each in bench.orders.shipments]


async def replay(bench) -> dict[str, int]:
    bench.clock.seconds += 1
    job = await bench.replays().ask("replay", Filter(reason="DuplicateDiffers"), order=False, per_second=1000)
    done = await bench.replays().run(job.id)
    assert done is not None
    return done.counts


async def test_other_data_is_a_dead_letter_with_both_digests(bench):
    assert await bench.pipeline.receive(bench.inbound(REAL)) == DELIVERED
    assert await bench.pipeline.receive(bench.inbound(OTHER)) == HELD
    assert totals(bench) == [1000]
    (letter,) = await bench.dead()
    first, other = (decode(bench.inbound(body)).events[0].digest for body in (REAL, OTHER))
    assert letter.event.variant.digest == other
    assert letter.event.variant.first == first == (await row(bench)).digest
    assert first in letter.message
    assert other in letter.message
    assert letter.event.payload["OrderTotal"] == 1
    kept = await row(bench)
    assert (kept.state, kept.duplicates, kept.differing) == ("done", 0, 1)


async def test_each_content_has_one_dead_letter_however_often_and_together_it_comes(bench):
    together = b"[" + b",".join((REAL, OTHER, THIRD, REAL, OTHER)) + b"]"
    await bench.pipeline.receive(bench.inbound(together))
    for body in (OTHER, THIRD):
        assert await bench.pipeline.receive(bench.inbound(body)) == DUPLICATE
    assert totals(bench) == [1000]
    assert sorted(each.event.payload["OrderTotal"] for each in await bench.dead()) == [1, 2]
    found, _ = await Listing(bench.storage, bench.clock).page(Wanted(), 10)
    assert sorted((each.row.state, each.row.duplicates) for each in found) == [
        ("dead_lettered", 1),
        ("dead_lettered", 2),
        ("done", 1),
    ]


async def test_an_operator_lets_it_in_beside_the_first(bench):
    await bench.pipeline.receive(bench.inbound(REAL))
    await bench.pipeline.receive(bench.inbound(OTHER))
    assert await replay(bench) == {"delivered": 2}
    assert totals(bench) == [1000, 1]
    assert await bench.dead() == []
    assert len({each.message_id[:32] for each in bench.orders.shipments}) == 2
    assert len({each.event.id for each in bench.orders.shipments}) == 1
    # What the operator let in is an event like any other from then on; the first one is not touched.
    assert await bench.pipeline.receive(bench.inbound(OTHER)) == DUPLICATE
    assert await bench.pipeline.receive(bench.inbound(REAL)) == DUPLICATE
    assert totals(bench) == [1000, 1]


async def test_a_run_that_is_under_way_is_not_taken_over_by_other_data(bench):
    (event,) = decode(bench.inbound(REAL)).events

    await bench.journal.claim(Subject.of(event), "source", accepted_at=bench.clock.now(), digest=event.digest)
    assert await bench.pipeline.receive(bench.inbound(OTHER)) == HELD
    bench.clock.seconds += 160
    assert await bench.pipeline.receive(bench.inbound(THIRD)) == HELD
    assert totals(bench) == []
    assert await bench.pipeline.receive(bench.inbound(REAL)) == DELIVERED
    assert totals(bench) == [1000]


@pytest.mark.parametrize("spelled", [b'"OrderTotal": 1000.0', b'"OrderTotal": 1e3', b'"OrderTotal" :\t1000'])
async def test_another_spelling_of_the_same_data_is_a_duplicate(bench, spelled):
    await bench.pipeline.receive(bench.inbound(REAL))
    again = REAL.replace(b'"OrderTotal": 1000', spelled).replace(b"/Date(1767322800000)/", b"2026-01-02T03:00:00+00:00")
    assert again != REAL
    assert await bench.pipeline.receive(bench.inbound(again)) == DUPLICATE


async def test_the_same_event_wrapped_and_with_another_trace_is_a_duplicate(bench):

    await bench.pipeline.receive(bench.inbound(REAL))
    grid = [{"id": "1", "eventType": "T", "subject": "", "data": json.loads(REAL), "eventTime": "2026-01-01T00:00:00Z"}]
    assert await bench.pipeline.receive(bench.inbound(json.dumps(grid).encode())) == DUPLICATE
    trace = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01", "x-ms-correlation-request-id": "c" * 8}
    traced = msgspec.structs.replace(bench.inbound(REAL), headers=trace)
    assert await bench.pipeline.receive(traced) == DUPLICATE


async def test_a_row_without_a_digest_is_judged_by_its_state(bench):

    (event,) = decode(bench.inbound(REAL)).events
    run = await bench.journal.claim(Subject.of(event), "source", accepted_at=bench.clock.now())
    assert isinstance(run, Run)
    await bench.journal.end(run, (Entry(slot=ByRoute("orders"), state="delivered"),))
    assert await bench.pipeline.receive(bench.inbound(OTHER)) == DUPLICATE


async def test_what_the_operator_let_in_and_failed_is_a_dead_letter_of_its_own(bench):
    await bench.pipeline.receive(bench.inbound(REAL))
    await bench.pipeline.receive(bench.inbound(OTHER))
    bench.orders.failures = [TargetRejected("no", status=400)]
    assert await replay(bench) == {"deadLettered": 1, "delivered": 1}
    (letter,) = await bench.dead()
    assert (letter.reason, letter.route) == ("TargetRejected", "orders")
    assert await bench.pipeline.receive(bench.inbound(OTHER)) == [Delivered("orders", 200, "ok")]
    assert totals(bench) == [1000, 1]


async def test_the_recheck_of_what_differs_holds_it_too(bench):
    await bench.pipeline.receive(bench.inbound(REAL))
    (event,) = decode(bench.inbound(OTHER)).events

    work = Work(scope=Recheck("1"), accepted_at=bench.clock.now(), event=event)
    assert await bench.pipeline.resume(work) == HELD
    assert await bench.pipeline.resume(work) == [Stale()]
    assert totals(bench) == [1000]
    assert await works(bench) == []
