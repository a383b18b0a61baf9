"""Circuit breakers: when one opens, who may probe and when it closes; what was held back comes again or is given up."""

import random
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.config.keys.model import Breaker, OwnBreaker
from integration.delivery.backoff import GiveUp, Retry, decide, postpone
from integration.delivery.breaking.circuit import (
    PROBE_ANSWERED_IN,
    PROBE_LASTS,
    Circuit,
    Step,
    abandon,
    admit,
    fail,
    succeed,
)
from integration.delivery.breaking.circuits import Circuits, alert_event
from integration.delivery.shipment import Receipt, Shipment
from integration.errors import CircuitOpen, TargetRejected, TargetUnavailable
from integration.events.alerts import target_of
from integration.events.alerts.types import TARGET_CLOSED, TARGET_OPENED
from integration.events.event import Event
from tests.fake_clock import PassingClock

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SETTINGS = Breaker(failures=3, minimum=10, failure_percent=50, open_for=timedelta(seconds=30))


def failed(circuit, times=1, at=NOW):
    for _ in range(times):
        circuit = fail(circuit, SETTINGS, at, "TargetUnavailable").circuit
    return circuit


def answered(circuit, at=NOW):
    return succeed(circuit, SETTINGS, at).circuit


def test_failures_in_a_row_open_it():
    circuit = failed(Circuit(), 2)
    assert circuit.state == "closed"
    circuit = failed(circuit)
    assert (circuit.state, circuit.until, circuit.opened_at, circuit.code) == (
        "open",
        NOW + timedelta(seconds=30),
        NOW,
        "TargetUnavailable",
    )


def test_what_has_happened_is_told_once_and_only_when_it_has():
    circuit, moved = Circuit(), []
    for _ in range(4):
        step = fail(circuit, SETTINGS, NOW, "X")
        circuit, moved = step.circuit, [*moved, step.moved]
    later = NOW + timedelta(seconds=30)
    again = fail(admit(circuit, later).circuit, SETTINGS, later, "X")
    back = succeed(admit(again.circuit, later + timedelta(minutes=1)).circuit, SETTINGS, later)
    assert [*moved, again.moved, back.moved] == [None, None, "opened", None, "reopened", "closed"]
    assert succeed(back.circuit, SETTINGS, later).moved is None


def test_a_success_between_begins_the_count_anew():
    circuit = failed(answered(failed(Circuit(), 2)), 2)
    assert circuit.state == "closed"


def test_a_share_of_failures_within_the_window_opens_it_once_there_are_enough_attempts():
    circuit = Circuit()
    for _ in range(4):
        circuit = failed(answered(circuit))
    assert circuit.state == "closed"
    assert failed(answered(circuit)).state == "open"
    later = NOW + SETTINGS.window
    assert failed(answered(circuit, later), at=later).state == "closed"


def test_an_open_circuit_lets_nothing_pass_until_its_time_then_one_probe():
    circuit = failed(Circuit(), 3)
    refused = admit(circuit, NOW + timedelta(seconds=10))
    assert (refused.allowed, refused.wait) == (False, timedelta(seconds=20))
    probing = admit(circuit, NOW + timedelta(seconds=30))
    assert (probing.allowed, probing.circuit.state) == (True, "half_open")
    assert not admit(probing.circuit, NOW + timedelta(seconds=31)).allowed
    assert admit(probing.circuit, NOW + timedelta(seconds=30) + PROBE_LASTS).allowed


def test_who_meets_a_probe_waits_for_its_answer_and_not_until_it_is_given_up():
    probing = admit(failed(Circuit(), 3), NOW + timedelta(seconds=30)).circuit
    assert admit(probing, NOW + timedelta(seconds=31)).wait == PROBE_ANSWERED_IN
    assert admit(probing, NOW + timedelta(seconds=29) + PROBE_LASTS).wait == timedelta(seconds=1)


def test_each_probe_that_fails_doubles_the_pause_up_to_the_longest():
    circuit, pauses, at = failed(Circuit(), 3), [], NOW
    for _ in range(7):
        assert circuit.until is not None
        pauses.append((circuit.until - at).total_seconds())
        at = circuit.until
        circuit = failed(admit(circuit, at).circuit, at=at)
    assert pauses == [30, 60, 120, 240, 480, 600, 600]
    assert circuit.opened_at == NOW


def test_a_probe_that_succeeds_closes_it_and_one_without_an_end_leaves_its_place():
    probing = admit(failed(Circuit(), 3), NOW + timedelta(seconds=30)).circuit
    assert succeed(probing, SETTINGS, NOW) == Step(Circuit(), "closed")
    assert admit(abandon(probing, NOW), NOW).allowed
    assert abandon(Circuit(), NOW) == Circuit()


@given(st.lists(st.tuples(st.sampled_from(["admit", "succeed", "fail", "abandon"]), st.integers(0, 90)), max_size=60))
def test_never_more_than_one_probe_and_never_shut_for_good(steps):
    circuit, now, probes = Circuit(), NOW, 0
    for step, seconds in steps:
        now += timedelta(seconds=seconds)
        match step:
            case "admit":
                before = circuit
                admission = admit(circuit, now)
                circuit = admission.circuit
                if admission.allowed and before.state == "half_open":
                    assert before.until is not None
                    assert now >= before.until
                probes += circuit.state == "half_open"
            case "succeed":
                circuit = answered(circuit, now)
            case "fail":
                circuit = fail(circuit, SETTINGS, now, "X").circuit
            case _:
                circuit = abandon(circuit, now)
    assert admit(circuit, now + SETTINGS.open_at_most + PROBE_LASTS).allowed


class Target:
    def __init__(self) -> None:
        self.answers = []
        self.calls = 0

    def get(self, name):
        return self

    async def deliver(self, shipment):
        self.calls += 1
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer
        return Receipt(200)

    async def close(self):
        pass


SHIPMENT = Shipment(
    Event(id="1", source="https://contoso.crm.dynamics.com/finance-operations", type="T", organization="contoso"), "r"
)


async def attempt(circuits, expected=None):
    target = circuits.get("orders")
    if expected is None:
        assert await target.deliver(SHIPMENT) == Receipt(200)
        return None
    with pytest.raises(expected) as caught:
        await target.deliver(SHIPMENT)
    return caught.value


async def test_a_target_that_keeps_failing_is_left_alone_probed_and_announced():
    target, clock = Target(), PassingClock(NOW)
    circuits = Circuits(target, SETTINGS, clock)
    target.answers = [TargetUnavailable(words, status=500) for words in ("first", "second", "third", "fourth")]
    for _ in range(3):
        await attempt(circuits, TargetUnavailable)
    (opened,) = circuits.take_transitions()
    assert (opened.target, opened.state, opened.organization) == ("orders", "opened", "contoso")
    assert [(each.id, each.message) for each in opened.failed] == [(SHIPMENT.event.id, "first")]
    assert (await attempt(circuits, CircuitOpen)).retry_after == 30
    assert target.calls == 3
    assert (circuits.standing("orders").state, circuits.standing("others")) == ("open", Circuit())
    clock.seconds += 30
    await attempt(circuits, TargetUnavailable)
    (again,) = circuits.take_transitions()
    assert (again.state, again.told, again.opened, again.until) == (
        "reopened",
        False,
        2,
        clock.now() + timedelta(seconds=60),
    )
    clock.seconds += 60
    await attempt(circuits)
    (closed,) = circuits.take_transitions()
    assert (closed.state, closed.since) == ("closed", NOW)
    assert circuits.standing("orders") == Circuit()
    first, last = alert_event(opened), alert_event(closed)
    assert (first.type, last.type) == (TARGET_OPENED, TARGET_CLOSED)
    assert first.internal
    assert first.source == "https://contoso.crm.dynamics.com/fno-link"
    assert target_of(first) == "orders"
    assert target_of(SHIPMENT.event) == ""
    assert first.payload["incident"] == last.payload["incident"]
    assert first.id != last.id
    named = {"type": "T", "id": "1", "code": "TargetUnavailable", "message": "first", "route": "r"}
    assert first.payload["failed"] == last.payload["failed"] == [named]
    assert first.payload["message"] == "the target orders is left alone: first"
    assert first.payload["command"] == "fno-link dead-letters replay --reason RetriesExhausted --route r"


async def test_what_failed_is_named_with_its_first_error_once_an_event_and_forgotten_by_an_answer():
    target, clock = Target(), PassingClock(NOW)
    circuits = Circuits(target, SETTINGS, clock)

    async def fails(id_, message):
        target.answers.append(TargetUnavailable(message))
        shipment = msgspec.structs.replace(SHIPMENT, event=msgspec.structs.replace(SHIPMENT.event, id=id_))
        with pytest.raises(TargetUnavailable):
            await circuits.get("orders").deliver(shipment)

    await fails("before", "long ago")
    await attempt(circuits)
    circuits.take_transitions()
    for id_, message in (("a", "first"), ("a", "second"), ("b", "third")):
        await fails(id_, message)
    (opened,) = circuits.take_transitions()
    assert [(each.id, each.message) for each in opened.failed] == [("a", "first"), ("b", "third")]


@pytest.mark.parametrize("hours", [-5, 5])
async def test_a_clock_that_is_set_while_a_target_is_left_alone_changes_nothing(hours):
    target, clock = Target(), PassingClock(NOW)
    circuits = Circuits(target, SETTINGS, clock)
    target.answers = [TargetUnavailable("down")] * 3
    for _ in range(3):
        await attempt(circuits, TargetUnavailable)
    clock.at += timedelta(hours=hours)
    assert (await attempt(circuits, CircuitOpen)).retry_after == 30
    clock.seconds += 30
    await attempt(circuits)


async def test_a_target_that_answers_no_is_not_down():
    target = Target()
    circuits = Circuits(target, SETTINGS, PassingClock(NOW))
    target.answers = [TargetRejected("no", status=400)] * 20
    for _ in range(20):
        await attempt(circuits, TargetRejected)
    assert target.calls == 20


async def test_what_is_refused_on_our_side_says_nothing_of_the_target():
    target, clock = Target(), PassingClock(NOW)
    circuits = Circuits(target, SETTINGS, clock)
    target.answers = [*[TargetUnavailable("down")] * 3, TargetRejected("too large"), RuntimeError("bug")]
    for _ in range(3):
        await attempt(circuits, TargetUnavailable)
    clock.seconds += 30
    await attempt(circuits, TargetRejected)
    await attempt(circuits, RuntimeError)
    assert circuits.standing("orders").state == "open"
    await attempt(circuits)


async def test_breakers_can_be_switched_off():
    target = Target()
    circuits = Circuits(target, Breaker(enabled=False), PassingClock(NOW))
    target.answers = [TargetUnavailable("down")] * 50
    for _ in range(50):
        await attempt(circuits, TargetUnavailable)
    assert target.answers == []


async def test_a_target_may_have_thresholds_of_its_own():
    own = {
        "orders": OwnBreaker(failures=1).overlaid_on(SETTINGS),
        "others": OwnBreaker(enabled=False).overlaid_on(SETTINGS),
    }
    assert (own["orders"].failures, own["orders"].open_for) == (1, SETTINGS.open_for)
    target = Target()
    circuits = Circuits(target, SETTINGS, PassingClock(NOW), own)
    target.answers = [TargetUnavailable("down", status=500)] * 60
    await attempt(circuits, TargetUnavailable)
    await attempt(circuits, CircuitOpen)
    assert [(each.target, each.state) for each in circuits.take_transitions()] == [("orders", "opened")]
    for name, calls in (("others", 50), ("third", 3)):
        for _ in range(calls):
            with pytest.raises(TargetUnavailable):
                await circuits.get(name).deliver(SHIPMENT)
    assert (circuits.standing("others").state, circuits.standing("third").state) == ("closed", "open")


HOUR = timedelta(hours=1)


def test_a_delivery_is_given_up_by_its_age_whatever_its_schedule():
    rng = random.Random(1)
    assert decide([HOUR] * 9, 2, None, rng, age=2 * HOUR, give_up_after=2 * HOUR) == GiveUp(2)
    assert isinstance(decide([HOUR] * 9, 2, None, rng, age=HOUR, give_up_after=2 * HOUR), Retry)
    assert postpone([HOUR], 1, 30, rng, age=2 * HOUR, give_up_after=2 * HOUR) == GiveUp(1)


@given(st.integers(0, 9), st.floats(0, 600), st.integers())
def test_a_delivery_that_was_not_attempted_comes_again_past_the_probe(attempts, wait, seed):
    schedule = [timedelta(seconds=5), timedelta(minutes=5)]
    decision = postpone(schedule, attempts, wait, random.Random(seed), age=timedelta(0), give_up_after=HOUR)
    assert isinstance(decision, Retry)
    assert decision.delay.total_seconds() > wait
