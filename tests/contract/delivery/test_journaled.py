"""The pipeline under the journal, on Azurite: duplicates, takeovers, and a crash between any two effects."""

import asyncio
import random
from datetime import timedelta

import msgspec
import pytest

from integration.config.keys.model import Breaker, Delivery, Route, Routing
from integration.dead_letters import DeadLetters
from integration.delivery import Release, Work
from integration.delivery.breaking.circuits import Circuits
from integration.delivery.outcome import Buried, Deferred, Delivered, Ignored
from integration.delivery.queued.queue import RetryQueue
from integration.errors import StorageUnavailable, TargetRejected, TargetUnavailable, Throttled, Unreachable
from integration.events.decode import decode
from integration.journal import Listing, Subject, Wanted
from integration.journal.scope import ByRoute, Recheck, WholeEvent
from integration.storage.names import RETRIES
from tests.fixtures.bench import AT, LINKED, NOT_LINKED, ORDERS, OTHERS, Bench, business_event
from tests.fixtures.journaled import (
    BODY,
    DELIVERED,
    DUPLICATE,
    PUT_OFF,
    STALE,
    journaled,
    row,
    works,
)


@pytest.fixture
def bench(bench):
    return journaled(bench)


async def test_an_event_delivered_at_its_first_attempt_costs_two_table_operations(bench):
    assert await bench.pipeline.receive(bench.inbound(BODY)) == DELIVERED
    assert bench.journal.operations == 2
    kept = await row(bench)
    assert (kept.state, kept.generation) == ("done", 1)
    assert [
        (each.route, each.target, each.state, each.attempt, each.status, each.response) for each in kept.deliveries
    ] == [
        ("orders", "orders", "delivered", 1, 200, "ok"),
        ("others", "others", "delivered", 1, 200, "ok"),
    ]


async def test_a_duplicate_is_acknowledged_and_counted_and_reaches_no_target(bench):
    await bench.pipeline.receive(bench.inbound(BODY))
    for _ in range(2):
        assert await bench.pipeline.receive(bench.inbound(BODY)) == DUPLICATE
    assert len(bench.orders.shipments) == 1
    assert (await row(bench)).duplicates == 2


async def test_of_duplicates_in_two_processes_at_once_one_is_delivered(bench):
    other = Bench(bench.storage, (ORDERS, OTHERS), bench.take)
    other.clock = bench.clock
    journaled(other, seed=2)
    answers = await asyncio.gather(
        *(each.pipeline.receive(each.inbound(BODY)) for each in (bench, other, bench, other))
    )
    assert len(bench.orders.shipments) + len(other.orders.shipments) == 1
    assert sorted(len(answer) for answer in answers) == [1, 1, 1, 2]
    # Whoever met the live lease has left a message that looks again past it.
    assert await bench.storage.queue(RETRIES).depth() == answers.count(PUT_OFF)
    assert set(map(tuple, answers)) <= {tuple(DELIVERED), tuple(DUPLICATE), tuple(PUT_OFF)}


async def test_a_recheck_takes_over_what_stayed_unfinished_and_else_drops_itself(bench):
    (event,) = decode(bench.inbound(BODY)).items
    recheck = Work(scope=Recheck("1"), accepted_at=AT, event=event)
    await bench.journal.claim(Subject.of(event), "source", accepted_at=AT)
    assert await bench.pipeline.resume(recheck) == PUT_OFF
    assert await bench.storage.queue(RETRIES).depth() == 1
    bench.clock.seconds = 156
    assert await bench.pipeline.resume(recheck) == DELIVERED
    assert await bench.pipeline.resume(recheck) == STALE


async def moved(bench):
    async def never(key, row):
        raise AssertionError(key)

    return await bench.retries.move_due(never)


class Crash(BaseException):  # it is no error of ours
    """The process dies here."""


def crashing(bench, step):
    """Let every effect of the pipeline raise before or after it happens, at the given step; count the steps."""
    steps = {"made": 0}

    def struck(effect):
        async def run(*args, **more):
            for moment in ("before", "after"):
                if moment == "after":
                    result = await effect(*args, **more)
                steps["made"] += 1
                if steps["made"] == step:
                    raise Crash(moment, effect.__qualname__)
            return result

        return run

    for owner, names in (
        (bench.journal, ("claim", "end")),
        (bench.retries, ("later",)),
        (bench.dead_letters, ("bury", "park")),
        (bench.orders, ("deliver",)),
        (bench.others, ("deliver",)),
    ):
        for name in names:
            setattr(owner, name, struck(getattr(owner, name)))
    return steps


def restarted(bench):
    """A new process with the same account and the same receivers."""
    again = Bench(bench.storage, (ORDERS, OTHERS), bench.take)
    again.clock, again.links = bench.clock, bench.links
    again.retries, again.dead_letters = RetryQueue(bench.storage, bench.clock), DeadLetters(bench.storage)
    again.orders.shipments, again.others.shipments = bench.orders.shipments, bench.others.shipments
    again.orders.failures, again.others.failures = bench.orders.failures, bench.others.failures
    return journaled(again, seed=random.Random(1).randrange(10**6))


SITUATIONS = {
    "both delivered": lambda bench: None,
    "one refused": lambda bench: bench.orders.failures.append(TargetRejected("no", status=400)),
    "one deferred": lambda bench: bench.orders.failures.append(TargetUnavailable("later", status=503)),
    "one parked": lambda bench: setattr(bench.links, "answer", NOT_LINKED),
    "link unknown": lambda bench: setattr(bench.links, "answer", Unreachable("no route to host")),
}


@pytest.mark.parametrize("situation", SITUATIONS)
async def test_a_crash_between_any_two_effects_loses_nothing(bench, situation):
    """The sender's message comes again after each crash, as a broker sends it; the clock goes past the lease."""
    for step in range(1, 40):
        body = business_event(EventId=f"{step:08}", EventTime="/Date(1767322800000)/")
        SITUATIONS[situation](bench)
        steps = crashing(bench, step)
        try:
            await bench.pipeline.receive(bench.inbound(body))
        except Crash:
            pass
        else:
            assert steps["made"] < step, "the step was reached and did not crash"
            return
        finally:
            bench = restarted(bench)
        bench.orders.failures.clear()
        bench.links.answer = LINKED
        for _ in range(3):
            bench.clock.seconds += 160
            await bench.pipeline.receive(bench.inbound(body))
            for work in await works(bench):
                await bench.pipeline.resume(work)
        await bench.releases.run(Release(organization="contoso"))
        kept = await row(bench, body)
        assert kept.state in ("done", "dead_lettered"), (step, kept)
        made = {
            target
            for target in ("orders", "others")
            for shipment in getattr(bench, target).shipments
            if shipment.event.id == f"{step:08}"
        }
        buried = {record.route for record in await bench.dead() if record.event and record.event.id == f"{step:08}"}
        assert made | buried == {"orders", "others"}, step
        assert await bench.parked() == []
    pytest.fail("there are more steps than were tried")


async def test_a_dead_run_is_taken_over_after_its_lease_and_skips_what_is_recorded(bench):
    inbound = bench.inbound(BODY)
    (event,) = decode(inbound).items
    await bench.journal.claim(Subject.of(event), "source", accepted_at=AT)
    assert await bench.pipeline.receive(inbound) == PUT_OFF
    assert bench.orders.shipments == []
    bench.clock.seconds = 151
    assert await bench.pipeline.receive(inbound) == DELIVERED
    assert (await row(bench)).generation == 2


async def test_an_exception_lets_go_of_the_event_and_the_next_run_skips_what_was_delivered(bench, monkeypatch):
    async def unavailable(record):
        raise StorageUnavailable

    bury, bench.dead_letters.bury = bench.dead_letters.bury, unavailable
    bench.orders.failures = [TargetRejected("no", status=400)]
    with pytest.raises(StorageUnavailable):
        await bench.pipeline.receive(bench.inbound(BODY))
    bench.dead_letters.bury = bury
    assert await bench.pipeline.receive(bench.inbound(BODY)) == [Delivered("orders", 200, "ok")]
    assert len(bench.others.shipments) == 1


async def test_a_retry_goes_on_under_its_generation_and_an_older_message_is_stale(bench):
    bench.orders.failures = [TargetUnavailable(), TargetUnavailable()]
    outcomes = await bench.pipeline.receive(bench.inbound(BODY))
    assert [type(outcome) for outcome in outcomes] == [Deferred, Delivered]
    (first,) = await works(bench)
    assert (first.chain.generation, first.chain.attempt) == (1, 1)
    assert await bench.pipeline.receive(bench.inbound(BODY)) == DUPLICATE
    (outcome,) = await bench.pipeline.resume(first)
    assert isinstance(outcome, Deferred)
    assert await bench.pipeline.resume(first) == STALE
    (second,) = await works(bench)
    assert (second.chain.generation, second.chain.attempt) == (2, 2)
    assert await bench.pipeline.resume(second) == [Delivered("orders", 200, "ok")]
    assert await bench.pipeline.resume(second) == STALE
    assert (await row(bench)).state == "done"
    assert [shipment.attempt for shipment in bench.orders.shipments] == [3]


async def test_a_stale_message_whose_claim_check_is_gone_is_no_dead_letter(bench):
    body = business_event(EventId="B" * 8, EventTime="/Date(1767322800000)/", Notes="n" * 100_000)
    bench.orders.failures = [TargetUnavailable()]
    await bench.pipeline.receive(bench.inbound(body))
    (work,) = await works(bench)
    assert work.event is None
    assert await bench.pipeline.resume(work) == [Delivered("orders", 200, "ok")]
    assert await bench.claim_checks() == []
    assert await bench.pipeline.resume(work) == STALE


async def test_a_resend_of_what_is_a_dead_letter_reopens_the_failed_delivery_only(bench):
    bench.orders.failures = [TargetRejected("no", status=400, response="bad field")]
    assert await bench.pipeline.receive(bench.inbound(BODY)) == [
        Buried("orders", "TargetRejected"),
        Delivered("others", 200, "ok"),
    ]
    kept = await row(bench)
    assert (kept.state, kept.deliveries[0].status, kept.deliveries[0].response) == ("dead_lettered", 400, "bad field")
    assert await bench.pipeline.receive(bench.inbound(BODY)) == [Delivered("orders", 200, "ok")]
    kept = await row(bench)
    assert (kept.state, kept.resent) == ("done", 1)
    assert len(bench.others.shipments) == 1


async def test_an_unrouted_event_that_comes_again_is_routed_again(bench):
    bench.build((), Routing(unmatched="journal"))
    assert await bench.pipeline.receive(bench.inbound(BODY)) == [Ignored("unrouted")]
    assert (await row(bench)).state == "unrouted"
    journaled(bench)
    assert await bench.pipeline.receive(bench.inbound(BODY)) == DELIVERED
    assert (await row(bench)).state == "done"
    assert await bench.pipeline.receive(bench.inbound(BODY)) == DUPLICATE


BY_LINK = Route(
    name="by-link",
    target="orders",
    event_types=("SalesOrder*",),
    filters=({"operator": "StringContains", "key": "fnourl", "values": ["one."]},),
)


async def test_routes_that_only_the_link_decides_are_made_once(bench):
    bench.build((BY_LINK, OTHERS))
    bench.links.answer = Throttled(retry_after=0.0)
    await bench.pipeline.receive(bench.inbound(BODY))
    bench.links.answer = LINKED
    (work,) = await works(bench)
    assert await bench.pipeline.resume(work) == [Delivered("by-link", 200, "ok")]
    assert await bench.pipeline.resume(work) == STALE
    assert (await row(bench)).state == "done"


async def test_an_operator_may_replay_what_is_done(bench):
    await bench.pipeline.receive(bench.inbound(BODY))
    (event,) = decode(bench.inbound(BODY)).items
    work = Work(scope=ByRoute("orders"), accepted_at=AT, event=event)
    assert await bench.pipeline.resume(work.anew("replay", 1)) == [Delivered("orders", 200, "ok")]
    whole = Work(scope=WholeEvent(), accepted_at=AT, event=event)
    assert await bench.pipeline.resume(whole.anew("replay", 2)) == DELIVERED
    assert bench.orders.shipments[-1].message_id.endswith(":orders:r2")
    assert await bench.pipeline.resume(whole.anew("replay", 3)) == DELIVERED
    assert (await row(bench)).replayed == 3


async def test_a_test_message_has_a_row_and_is_counted(bench):
    for _ in range(2):
        assert await bench.pipeline.receive(bench.inbound(b'"test"')) == [Ignored("test_message")]
    assert bench.journal.duplicates == 1


async def test_each_empty_message_has_a_row_of_its_own_however_often_it_is_worked_on(bench):
    for second in range(3):
        inbound = msgspec.structs.replace(bench.inbound(b""), received_at=AT + timedelta(seconds=second))
        for _ in range(2):
            assert await bench.pipeline.receive(inbound) == [Ignored("empty")]
    assert bench.journal.duplicates == 3
    rows, _ = await Listing(bench.storage, bench.clock).page(Wanted(organization="contoso"), 10)
    assert [(each.row.reason, each.row.duplicates) for each in rows if each.row] == [("empty", 1)] * 3


async def test_a_long_wait_is_a_row_that_a_timer_moves_once_it_is_due(bench):
    bench.configuration = msgspec.structs.replace(bench.configuration, delivery=Delivery(retry_after=(timedelta(0),)))
    bench.orders.failures = [TargetUnavailable("later", status=429, retry_after=3600.0)]
    await bench.pipeline.receive(bench.inbound(BODY))
    assert await works(bench) == []
    assert await moved(bench) == 0
    bench.clock.seconds = 3600
    assert await moved(bench) == 1
    assert await moved(bench) == 0
    (work,) = await works(bench)
    assert await bench.pipeline.resume(work) == [Delivered("orders", 200, "ok")]


async def test_an_open_circuit_defers_without_an_attempt_and_its_alert_shuns_the_target(bench):
    alerts = Route(name="alerts", target="others", event_types=("fno-link.*",))
    also = Route(name="alerts-there", target="orders", event_types=("fno-link.*",))
    circuits = Circuits(bench.targets, Breaker(failures=2), bench.clock)
    bench.targets, bench.transitions = circuits, circuits.take_transitions
    bench.build((ORDERS, alerts, also))
    bench.orders.failures = [TargetUnavailable("down")] * 2
    for number in range(3):
        await bench.pipeline.receive(bench.inbound(business_event(EventId=f"{number:08}")))
    assert bench.orders.shipments == []
    (alert,) = bench.others.shipments
    assert (alert.event.type, alert.event.subject) == ("fno-link.target.opened", "orders")
    bench.clock.seconds = 31
    spared = [each for each in await works(bench) if each.event and each.event.id == "00000002"]
    assert spared == []  # it waits on the queue for the probe, as a message that is not visible yet
    kept = await row(bench, business_event(EventId="00000002"))
    assert [(each.state, each.code, each.attempt) for each in kept.deliveries] == [("deferred", "CircuitOpen", 0)]
    await bench.pipeline.receive(bench.inbound(business_event(EventId="9" * 8)))
    assert len(bench.orders.shipments) == 1
    assert bench.others.shipments[-1].event.type == "fno-link.target.closed"


async def test_an_event_older_than_the_newest_delivered_is_marked_and_delivered(bench):
    for number, name in ((7, "1"), (9, "2"), (8, "3")):
        await bench.pipeline.receive(bench.inbound(business_event(EventId=name * 8, ControlNumber=number)))
    marks = {
        shipment.event.id: shipment.event.extensions.get("fnolinkoutoforder") for shipment in bench.orders.shipments
    }
    assert marks == {"1" * 8: None, "2" * 8: None, "3" * 8: True}
