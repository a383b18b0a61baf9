"""What a fault excuses, and what it does not: repetitions, missing records, dead letters, what is still parked."""

import msgspec
import pytest

from tests.faults.by_hand import (
    BUS,
    GOOD,
    ORDERS,
    QUEUE,
    T,
    evidence,
    got,
    kept,
    made,
    row,
    rules,
    sent,
    twice,
    window,
)
from tests.faults.evidence import (
    LASTING,
    BrokerDeadLetter,
    Evidence,
)
from tests.faults.oracle import judge


def test_a_second_delivery_without_a_fault_is_found():
    assert rules(twice()) == {"twice"}


@pytest.mark.parametrize(
    ("to", "fault", "subject"),
    [
        (ORDERS, "host_kill", "host-1"),
        (ORDERS, "host_pause", "host-1"),
        (ORDERS, "storage_cut", ""),
        (ORDERS, "storage_slow", ""),
        (ORDERS, "storage_reset", ""),
        (ORDERS, "receiver_slow", "orders"),
        (BUS, "broker_kill", ""),
        (BUS, "broker_slow", ""),
        (BUS, "host_kill", "host-1"),
        (QUEUE, "storage_reset", ""),
    ],
)
def test_a_second_delivery_is_excused_by_a_fault_between_it_and_its_record(to, fault, subject):
    verdict = judge(twice(to, T + 4, window(fault, T + 1.5, T + 2, subject)))
    assert verdict.problems == ()
    assert verdict.excused == {fault: 1}
    assert verdict.counts["twice"] == 1


@pytest.mark.parametrize(
    ("to", "fault", "subject"),
    [
        (ORDERS, "broker_kill", ""),
        (ORDERS, "broker_slow", ""),
        (ORDERS, "receiver_slow", "bus"),
        (ORDERS, "receiver_error", "orders"),
        (ORDERS, "receiver_throttles", "orders"),
        (ORDERS, "receiver_hangs", "orders"),
        (ORDERS, "receiver_drops", "orders"),
        (ORDERS, "dataverse_throttled", ""),
        (ORDERS, "link_lost", "contoso"),
        (ORDERS, "secret_expired", "contoso"),
        (BUS, "broker_throttled", ""),
        (BUS, "broker_locks_lost", ""),
        (QUEUE, "broker_kill", ""),
    ],
)
def test_a_fault_that_cannot_have_done_it_excuses_nothing(to, fault, subject):
    assert rules(twice(to, T + 4, window(fault, T + 1.5, T + 2, subject))) == {"twice"}


@pytest.mark.parametrize("fault", ["host_kill", "storage_cut", "host_pause"])
def test_a_fault_before_the_delivery_or_after_the_second_excuses_nothing(fault):
    before, after = window(fault, T - 5, T), window(fault, T + 5, T + 6)
    assert rules(twice(ORDERS, T + 4, before, after)) == {"twice"}


def test_a_fault_long_after_the_record_was_due_excuses_nothing():
    assert rules(twice(ORDERS, T + 60, window("host_kill", T + 40, T + 45))) == {"twice"}
    assert rules(twice(ORDERS, T + 60, window("host_kill", T + 9, T + 12))) == set()


@pytest.mark.parametrize(("to", "fault"), [(BUS, "broker_cut"), (QUEUE, "storage_slow")])
def test_what_a_fault_held_up_may_arrive_as_late_as_its_attempt_is_given_up(to, fault):
    late = twice(to, T + 4, window(fault, T - 4, T - 2))
    assert rules(late) == {"twice"}
    assert rules(msgspec.structs.replace(late, attempt_within=4.0)) == set()
    assert rules(msgspec.structs.replace(late, attempt_within=1.5)) == {"twice"}
    killed = twice(to, T + 4, window("host_kill", T - 4, T - 2))
    assert rules(msgspec.structs.replace(killed, attempt_within=4.0)) == {"twice"}


def test_what_a_broker_held_up_was_for_itself():
    elsewhere = twice(ORDERS, T + 4, window("broker_cut", T - 4, T - 2))
    assert rules(msgspec.structs.replace(elsewhere, attempt_within=4.0)) == {"twice"}


@pytest.mark.parametrize("fault", ["host_pause", "storage_cut", "storage_slow"])
def test_a_run_that_was_held_up_may_go_on_beside_the_one_that_took_over(fault):
    both = twice(ORDERS, T + 4, window(fault, T - 9, T - 2))
    assert rules(both) == {"twice"}
    assert rules(msgspec.structs.replace(both, attempt_within=4.0)) == set()
    assert rules(msgspec.structs.replace(both, attempt_within=1.5)) == {"twice"}


def test_a_host_that_was_dead_already_excuses_nothing():
    assert rules(twice(ORDERS, T + 4, window("host_kill", T - 2, T + 3))) == {"twice"}


def test_each_repetition_needs_its_own_fault():
    three = twice(ORDERS, T + 4, window("host_kill", T + 1.5, T + 2))
    three = msgspec.structs.replace(three, receipts=(*three.receipts, got(at=T + 5)))
    verdict = judge(three)
    assert [problem.rule for problem in verdict.problems] == ["twice"]
    assert verdict.excused == {"host_kill": 1}


def test_the_brokers_own_dead_letters_are_found():
    given_up = BrokerDeadLetter(entity="in/$deadletterqueue", message_id="m", reason="MaxDeliveryCountExceeded")
    assert rules(msgspec.structs.replace(GOOD, broker_dead=(given_up,))) == {"broker_dead"}


def test_a_record_of_what_did_not_happen_is_found():
    for state in ("delivered", "dead_lettered", "parked"):
        found = evidence(sent=[sent("e1", accepted=False)], journal=[row(made(state=state))])
        assert rules(found) == {"false_record"}, state


def test_a_delivery_without_its_record_needs_a_fault():
    entry = row(made(state="dead_lettered"), state="dead_lettered")
    found = evidence(
        sent=[sent("e1", ORDERS)],
        receipts=[got()],
        journal=[entry],
        dead=[kept("RetriesExhausted")],
        windows=[window("receiver_error", T + 2, T + 4, "orders")],
    )
    assert rules(found) == {"no_record"}
    killed = msgspec.structs.replace(found, windows=(*found.windows, window("host_kill", T + 1.2, T + 3)))
    verdict = judge(killed)
    assert verdict.problems == ()
    assert verdict.unrecorded == {"host_kill": 1}


def dead_for(reason, to, *windows) -> Evidence:
    entry = row(made(to, state="dead_lettered"), state="dead_lettered")
    return evidence(sent=[sent("e1", to)], dead=[kept(reason, to)], journal=[entry], windows=list(windows))


@pytest.mark.parametrize(
    ("reason", "to", "fault", "subject", "not_subject"),
    [
        ("RetriesExhausted", ORDERS, "receiver_error", "orders", "other"),
        ("RetriesExhausted", ORDERS, "receiver_hangs", "orders", "other"),
        ("RetriesExhausted", BUS, "broker_kill", "", None),
        ("RetriesExhausted", QUEUE, "storage_cut", "", None),
        ("TargetRejected", ORDERS, "receiver_refuses", "orders", "other"),
        ("Throttled", ORDERS, "dataverse_throttled", "contoso", "other"),
        ("Unauthenticated", ORDERS, "secret_expired", "contoso", "other"),
        ("UntrustedLink", ORDERS, "link_moved", "contoso", "other"),
        ("Poison", ORDERS, "storage_cut", "", None),
    ],
)
def test_a_dead_letter_needs_a_fault_that_explains_it(reason, to, fault, subject, not_subject):
    assert rules(dead_for(reason, to)) == {"needless"}
    assert rules(dead_for(reason, to, window(fault, T + 1, T + 2, subject))) == set()
    assert rules(dead_for(reason, to, window(fault, T + 9, T + 12, subject))) == {"needless"}
    if not_subject:
        assert rules(dead_for(reason, to, window(fault, T + 1, T + 2, not_subject))) == {"needless"}


def test_a_fault_of_another_kind_explains_no_dead_letter():
    assert rules(dead_for("RetriesExhausted", ORDERS, window("dataverse_down", T, T + 3))) == {"needless"}
    assert rules(dead_for("CorruptRecord", ORDERS, window("host_kill", T, T + 3))) == {"needless"}
    assert rules(dead_for("Unrouted", ORDERS, window("link_lost", T, T + 3, "contoso"))) == {"needless"}


def test_a_reason_that_is_not_documented_is_found():
    assert rules(dead_for("Whatever", ORDERS)) == {"undocumented"}


def test_what_is_still_parked_needs_a_link_that_is_still_lost():
    entry = row(made(state="parked"), state="parked")
    parked = evidence(sent=[sent("e1", ORDERS)], parked=[kept("NotLinked")], journal=[entry])
    assert rules(parked) == {"needless"}
    for end, found in ((T + 3, {"needless"}), (LASTING, set())):
        windows = (window("link_lost", T, end, "contoso"),)
        assert rules(msgspec.structs.replace(parked, windows=windows)) == found
    other = (window("link_lost", T, LASTING, "fabrikam"),)
    assert rules(msgspec.structs.replace(parked, windows=other)) == {"needless"}


def test_what_is_parked_for_another_environment_needs_a_move():
    entry = row(made(state="parked"), state="parked")
    moved = evidence(sent=[sent("e1", ORDERS)], parked=[kept("ParkedForOtherEnvironment")], journal=[entry])
    assert rules(moved) == {"needless"}
    windows = (window("link_moved", T, T + 3, "contoso"),)
    assert rules(msgspec.structs.replace(moved, windows=windows)) == set()
