"""A resend goes the whole way: guards, filters; what is delivered is what was stored, or proven to be the same."""

import json

import msgspec
import pytest

from integration.config.keys.model import Route
from integration.delivery.outcome import Buried, Deferred, Delivered, Ignored
from integration.delivery.screening.guard import ECHO, Guard, Refused
from integration.errors import TargetRejected, Unreachable
from integration.events.decode import decode
from integration.journal import Entry, Run, Subject
from integration.journal.scope import ByRoute
from integration.storage.names import DEAD_LETTERS
from tests.fixtures.bench import ORDERS, OTHERS, business_event
from tests.fixtures.journaled import journaled, row

REAL = business_event(EventId="A" * 8, EventTime="/Date(1767322800000)/", OrderTotal=1000)
REJECTED = TargetRejected("no", status=400)
BIG = {"operator": "NumberGreaterThan", "key": "data.OrderTotal", "value": 500}


@pytest.fixture
def bench(bench):
    return journaled(bench)


async def failed(bench, body=REAL) -> None:
    """Let the delivery by `orders` fail for good."""
    bench.orders.failures = [REJECTED]
    await bench.pipeline.receive(bench.inbound(body))
    bench.clock.seconds += 1


def totals(bench) -> list[int]:
    return [each.event.payload["OrderTotal"] for each in bench.orders.shipments]


@pytest.mark.parametrize("change", [{"OrderTotal": 1}, {"BusinessEventId": "InvoicePosted"}])
async def test_a_forged_resend_reaches_no_route_and_takes_no_dead_letter_away(bench, change):
    await failed(bench)
    (letter,) = await bench.dead()
    forged = json.dumps({**json.loads(REAL), **change}).encode()
    assert await bench.pipeline.receive(bench.inbound(forged)) == [Buried("", "DuplicateDiffers")]
    assert bench.orders.shipments == []
    assert letter in await bench.dead()
    assert (await row(bench, REAL)).entry(ByRoute("orders")).state == "dead_lettered"
    assert await bench.pipeline.receive(bench.inbound(REAL)) == [Delivered("orders", 200, "ok")]
    assert totals(bench) == [1000]


async def test_the_stored_event_is_delivered_though_the_row_has_no_digest(bench):
    """As rows were before: nothing proves what came, so what was kept is what counts."""
    (event,) = decode(bench.inbound(REAL)).events
    run = await bench.journal.claim(Subject.of(event), "source", accepted_at=bench.clock.now())
    assert isinstance(run, Run)
    await failed(bench, REAL.replace(b"A" * 8, b"B" * 8))
    (letter,) = await bench.dead()
    path = await bench.dead_letters.bury(msgspec.structs.replace(letter, event=event))
    entry = Entry(slot=ByRoute("orders"), state="dead_lettered", code="TargetRejected", letter=path)
    await bench.journal.end(run, (entry,))
    forged = REAL.replace(b"1000", b"1")
    assert await bench.pipeline.receive(bench.inbound(forged)) == [Delivered("orders", 200, "ok")]
    assert totals(bench) == [1000]


async def test_the_stored_event_of_an_unrouted_one_is_routed_though_the_row_has_no_digest(bench):
    bench.build(())
    await bench.pipeline.receive(bench.inbound(REAL))
    table = await bench.storage.table("fnolinkjournal2026w01b")
    async for stored in table.select():
        await table.put({name: value for name, value in stored.entity.items() if name != "digest"})
    bench.build((ORDERS, OTHERS))
    await bench.pipeline.receive(bench.inbound(REAL.replace(b"1000", b"1")))
    assert totals(bench) == [1000]


async def test_where_the_dead_letter_is_gone_the_same_content_is_delivered(bench):
    await failed(bench)
    (path,) = await bench.records(DEAD_LETTERS)
    await bench.storage.blobs(DEAD_LETTERS).delete(path)
    assert await bench.pipeline.receive(bench.inbound(REAL)) == [Delivered("orders", 200, "ok")]
    assert totals(bench) == [1000]


async def test_a_route_that_does_not_take_it_any_more_gets_nothing_and_the_dead_letter_keeps_its_content(bench):
    await failed(bench)
    narrowed = msgspec.structs.replace(ORDERS, filters=({**BIG, "value": 5000},))
    bench.build((narrowed, OTHERS))
    assert await bench.pipeline.receive(bench.inbound(REAL)) == [Buried("orders", "Unrouted")]
    assert bench.orders.shipments == []
    (letter,) = await bench.dead()
    assert (letter.reason, letter.event.payload["OrderTotal"]) == ("Unrouted", 1000)


@pytest.mark.parametrize("filters", [(), (BIG,), ({"operator": "StringContains", "key": "fnourl", "values": ["one"]},)])
async def test_a_route_that_takes_it_still_gets_it(bench, filters):
    await failed(bench)
    bench.build((Route(name="orders", target="orders", filters=filters), OTHERS))
    assert await bench.pipeline.receive(bench.inbound(REAL)) == [Delivered("orders", 200, "ok")]


def guarded(bench, monkeypatch, verdict):
    async def check(self, event):
        if isinstance(verdict, Exception):
            raise verdict
        return verdict

    monkeypatch.setattr(Guard, "check", check)


async def test_a_resend_that_a_guard_refuses_leaves_the_dead_letter_as_it_is(bench, monkeypatch):
    await failed(bench)
    (letter,) = await bench.dead()
    before = (await row(bench, REAL)).entry(ByRoute("orders"))
    with monkeypatch.context() as patched:
        guarded(bench, patched, Refused("ForeignOrganization", "m", "h"))
        assert await bench.pipeline.receive(bench.inbound(REAL)) == [Buried("", "ForeignOrganization")]
    assert bench.orders.shipments == []
    after = await row(bench, REAL)
    assert after.state == "dead_lettered"
    assert after.entry(ByRoute("orders")) == before
    assert letter in await bench.dead()
    assert await bench.pipeline.receive(bench.inbound(REAL)) == [Delivered("orders", 200, "ok")]


async def test_an_echo_that_comes_again_is_dropped_and_leaves_the_dead_letter(bench, monkeypatch):
    await failed(bench)
    guarded(bench, monkeypatch, ECHO)
    assert await bench.pipeline.receive(bench.inbound(REAL)) == [Ignored("echo")]
    assert len(await bench.dead()) == 1
    assert (await row(bench, REAL)).state == "dead_lettered"


async def test_while_nobody_knows_who_we_are_a_resend_waits(bench, monkeypatch):
    await failed(bench)
    guarded(bench, monkeypatch, Unreachable())
    (outcome,) = await bench.pipeline.receive(bench.inbound(REAL))
    assert isinstance(outcome, Deferred)
    assert bench.orders.shipments == []


async def test_who_takes_over_a_resend_that_died_goes_the_whole_way_too(bench, monkeypatch):
    await failed(bench)
    (event,) = decode(bench.inbound(REAL)).events
    await bench.journal.claim(Subject.of(event), "source", accepted_at=bench.clock.now(), digest=event.digest)
    bench.clock.seconds += 160
    with monkeypatch.context() as patched:
        guarded(bench, patched, Refused("ForeignOrganization", "m", "h"))
        assert await bench.pipeline.receive(bench.inbound(REAL)) == [Buried("", "ForeignOrganization")]
    assert await bench.pipeline.receive(bench.inbound(REAL)) == [Delivered("orders", 200, "ok")]
    assert totals(bench) == [1000]
