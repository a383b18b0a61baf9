"""The pipeline on stores in memory: whatever comes in is delivered, retried, parked or buried, and never lost."""

import asyncio
import json

import pytest

from integration.config.keys.model import Route, Routing
from integration.delivery import Work, decode_continuation
from integration.delivery.environment import fingerprint
from integration.delivery.outcome import Buried, Deferred, Delivered, Ignored, Waiting
from integration.errors import CorruptRecord, TargetRejected, TargetUnavailable, Throttled, Unreachable
from integration.journal.scope import ByRoute, WhenLinked
from integration.storage.names import DEAD_LETTERS
from tests.fixtures.bench import AT, LINKED, MOVED, NOT_LINKED, ORDERS, OTHERS, business_event

ONLY_ORDERS = (ORDERS,)


async def works(bench) -> list[Work]:
    return [each for each in map(decode_continuation, await bench.continuations()) if isinstance(each, Work)]


async def test_an_event_reaches_every_route_stamped_with_the_linked_environment(bench):
    outcomes = await bench.pipeline.receive(bench.inbound(business_event(EventId="A" * 8)))
    assert outcomes == [Delivered("orders", 200, "ok"), Delivered("others", 200, "ok")]
    for target in (bench.orders, bench.others):
        (shipment,) = target.shipments
        assert shipment.event.id == "A" * 8
        assert shipment.event.extensions["fnourl"] == LINKED.url
        assert shipment.event.extensions["fnoid"] == "one"
        assert shipment.event.extensions["fnotenantid"] == "t"
        assert shipment.attempt == 1


async def test_what_cannot_be_decoded_is_a_dead_letter_with_the_body_as_it_came(bench):
    outcomes = await bench.pipeline.receive(bench.inbound(b"\xffno json"))
    assert outcomes == [Buried("", "Undecodable")]
    (record,) = await bench.dead()
    assert (record.reason, record.body, record.source, record.accepted_at) == (
        "Undecodable",
        b"\xffno json",
        "erp",
        AT,
    )
    assert record.message
    assert record.hint


async def test_an_empty_message_is_acknowledged_and_leaves_nothing(bench):
    assert await bench.pipeline.receive(bench.inbound(b"")) == [Ignored("empty")]
    assert await bench.dead() == []


async def test_one_bad_element_does_not_cost_the_others(bench):
    outcomes = await bench.pipeline.receive(bench.inbound(b"[" + business_event() + b',{"what": 1}]'))
    assert [type(outcome) for outcome in outcomes] == [Delivered, Delivered, Buried]


async def test_an_event_that_no_route_takes_is_a_dead_letter(bench):
    outcomes = await bench.pipeline.receive(bench.inbound(business_event(BusinessEventId="Unheard")))
    assert outcomes == [Buried("", "Unrouted")]
    (record,) = await bench.dead()
    assert record.event is not None
    assert record.event.type == "Unheard"


async def test_an_event_that_no_route_takes_is_only_noted_where_configured_so(bench):
    bench.build((ORDERS,), Routing(unmatched="journal"))
    assert await bench.pipeline.receive(bench.inbound(business_event(BusinessEventId="Unheard"))) == [
        Ignored("unrouted")
    ]
    assert await bench.dead() == []


async def test_without_a_link_only_the_routes_that_need_it_are_parked(bench):
    bench.links.answer = NOT_LINKED
    outcomes = await bench.pipeline.receive(bench.inbound(business_event()))
    assert outcomes == [Waiting("orders", "NotLinked"), Delivered("others", 200, "ok")]
    (record,) = await bench.parked()
    assert (record.route, record.target, record.reason) == ("orders", "orders", "NotLinked")
    assert record.environment == fingerprint(LINKED)
    assert "fnourl" not in bench.others.shipments[0].event.extensions


async def test_an_unknown_link_defers_only_the_routes_that_need_it(bench):
    bench.links.answer = Throttled(retry_after=0.0)
    outcomes = await bench.pipeline.receive(bench.inbound(business_event()))
    assert [type(outcome) for outcome in outcomes] == [Deferred, Delivered]
    bench.links.answer = LINKED
    (work,) = await works(bench)
    assert (work.scope, work.chain.attempt, work.chain.last.code) == (ByRoute("orders"), 1, "Throttled")
    assert await bench.pipeline.resume(work) == [Delivered("orders", 200, "ok")]
    assert bench.orders.shipments[0].attempt == 2


async def test_a_target_that_is_down_is_tried_again_under_the_same_message_id_then_buried(bench):
    bench.build(ONLY_ORDERS)
    bench.orders.failures = [TargetUnavailable("answered 500", status=500, response="x" * 900)] * 3
    ((outcome),) = await bench.pipeline.receive(bench.inbound(business_event(EventId="B" * 8)))
    assert isinstance(outcome, Deferred)
    assert (outcome.code, outcome.attempt) == ("TargetUnavailable", 1)
    (work,) = await works(bench)
    assert work.chain.last is not None
    assert len(work.chain.last.response) == 500
    (outcome,) = await bench.pipeline.resume(work)
    assert isinstance(outcome, Deferred)
    (work,) = await works(bench)
    assert await bench.pipeline.resume(work) == [Buried("orders", "RetriesExhausted")]
    (record,) = await bench.dead()
    assert record.attempts == 3
    assert record.last is not None
    assert record.last.status == 500
    assert "answered 500" in record.message


async def test_a_permanent_answer_is_not_tried_again(bench):
    bench.orders.failures = [TargetRejected("answered 400", status=400, response="bad field")]
    outcomes = await bench.pipeline.receive(bench.inbound(business_event()))
    assert outcomes == [Buried("orders", "TargetRejected"), Delivered("others", 200, "ok")]
    assert await bench.continuations() == []
    (record,) = await bench.dead()
    assert record.last is not None
    assert (record.last.status, record.last.response) == (400, "bad field")


async def test_a_retry_whose_route_is_gone_is_a_dead_letter(bench):
    bench.orders.failures = [TargetUnavailable()]
    await bench.pipeline.receive(bench.inbound(business_event()))
    (work,) = await works(bench)
    bench.build((OTHERS,))
    assert await bench.pipeline.resume(work) == [Buried("orders", "RouteGone")]


async def test_a_large_event_waits_as_a_claim_check_that_is_deleted_at_the_end(bench):
    bench.build(ONLY_ORDERS)
    bench.orders.failures = [TargetUnavailable(), TargetUnavailable()]
    body = business_event(Notes="n" * 100_000)
    await bench.pipeline.receive(bench.inbound(body))
    assert len(await bench.claim_checks()) == 1
    (work,) = await works(bench)
    assert work.event is None
    await bench.pipeline.resume(work)
    assert len(await bench.claim_checks()) == 1
    (work,) = await works(bench)
    assert await bench.pipeline.resume(work) == [Delivered("orders", 200, "ok")]
    assert bytes(bench.orders.shipments[0].event.data) == body
    assert await bench.claim_checks() == []


async def test_a_retry_whose_claim_check_is_gone_says_so(bench):
    with pytest.raises(CorruptRecord, match="gone"):
        await bench.pipeline.resume(Work(scope=ByRoute("orders"), accepted_at=AT, payload="payloads/aa/none"))


async def test_a_deferred_delivery_is_held_when_the_link_moved_meanwhile(bench):
    bench.build(ONLY_ORDERS)
    bench.orders.failures = [TargetUnavailable()]
    await bench.pipeline.receive(bench.inbound(business_event()))
    (work,) = await works(bench)
    bench.links.answer = MOVED
    assert await bench.pipeline.resume(work) == [Waiting("orders", "ParkedForOtherEnvironment")]


BY_LINK = Route(
    name="by-link",
    target="orders",
    event_types=("SalesOrder*",),
    filters=({"operator": "StringContains", "key": "fnourl", "values": ["one."]},),
)


async def test_routes_that_filter_on_the_link_are_decided_once_it_is_known(bench):
    bench.build((BY_LINK,))
    assert await bench.pipeline.receive(bench.inbound(business_event())) == [Delivered("by-link", 200, "ok")]
    bench.links.answer = MOVED
    assert await bench.pipeline.receive(bench.inbound(business_event())) == [Buried("", "Unrouted")]


async def test_an_undecided_route_waits_for_the_link_and_is_then_decided(bench):
    bench.build((BY_LINK, OTHERS))
    bench.links.answer = Unreachable("no route to host")
    outcomes = await bench.pipeline.receive(bench.inbound(business_event()))
    assert [type(outcome) for outcome in outcomes] == [Delivered, Deferred]
    bench.links.answer = LINKED
    (work,) = await works(bench)
    assert work.scope == WhenLinked()
    assert await bench.pipeline.resume(work) == [Delivered("by-link", 200, "ok")]
    assert len(bench.others.shipments) == 1


async def test_an_undecided_route_that_does_not_match_after_all_leaves_an_unrouted_event_unrouted(bench):
    bench.build((BY_LINK,))
    bench.links.answer = Unreachable("no route to host")
    await bench.pipeline.receive(bench.inbound(business_event()))
    bench.links.answer = MOVED
    (work,) = await works(bench)
    assert await bench.pipeline.resume(work) == [Buried("", "Unrouted")]


async def test_a_dead_letter_written_twice_is_one(bench):
    event = business_event(BusinessEventId="Unheard")
    for _ in range(2):
        await bench.pipeline.receive(bench.inbound(event))
    assert len(await bench.dead()) == 1


async def test_hostile_fields_never_reach_a_path(bench):
    hostile = json.loads(business_event(BusinessEventId="../../x/%2e%2e", EventId="a/b\\c?d#e\u202e"))
    await bench.pipeline.receive(bench.inbound(json.dumps(hostile).encode()))
    (path,) = await bench.records(DEAD_LETTERS)
    assert path.startswith("contoso/Unrouted/2026/01/02/")
    assert path.count("/") == 5


async def test_an_attempt_that_would_outlast_its_run_is_given_up_and_made_again(bench, monkeypatch):
    monkeypatch.setattr("integration.delivery.pipeline.ATTEMPT_SHARE_OF_LEASE", 0.0001)  # of 150 s
    bench.build(ONLY_ORDERS)

    async def hang(_):
        await asyncio.Event().wait()

    bench.orders.deliver = hang
    (outcome,) = await bench.pipeline.receive(bench.inbound(business_event()))
    assert isinstance(outcome, Deferred)
    assert (outcome.code, outcome.attempt) == ("TargetUnavailable", 1)
    assert len(await bench.continuations()) == 1
