"""Every rule of the oracle, by evidence made by hand: what is right passes, what is wrong is found for what it is."""

from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from tests.faults.evidence import (
    LASTING,
    BrokerDeadLetter,
    Delivery,
    Evidence,
    Fault,
    Journalled,
    Kept,
    Made,
    Receipt,
    Sent,
    Waits,
    Window,
)
from tests.faults.oracle import judge

ORDERS = Delivery("to-orders", "orders")
BUS = Delivery("to-bus", "bus")
QUEUE = Delivery("to-queue", "queue")
TRANSPORTS = {"orders": "webhook", "bus": "service_bus", "queue": "storage_queue"}
T = 1_000.0


def sent(name="e1", *expects, **more) -> Sent:
    given: dict[str, Any] = {"organization": "contoso", "transport": "http", "source": "erp", "at": T, **more}
    return Sent(id=name, key=f"k-{name}", expects=expects, **given)


def got(to=ORDERS, name="e1", at=T + 1, **more) -> Receipt:
    return Receipt(target=to.target, route=to.route, id=name, message_id=f"k-{name}:{to.route}", at=at, **more)


def made(to=ORDERS, state="delivered", **more) -> Made:
    return Made(route=to.route, target=to.target, state=state, **more)


def row(*deliveries, name="e1", state="done", **more) -> Journalled:
    return Journalled(organization="contoso", key=f"k-{name}", id=name, state=state, deliveries=deliveries, **more)


def kept(reason, to=ORDERS, name="e1", **more) -> Kept:
    place = {"path": f"contoso/{reason}/{name}", "accepted_at": T, "recorded_at": T + 5, **more}
    return Kept(
        organization="contoso", reason=reason, key=f"k-{name}", id=name, route=to.route, target=to.target, **place
    )


def window(fault, start, end, subject="") -> Window:
    return Window(fault=fault, subject=subject, start=start, end=end)


def evidence(**parts) -> Evidence:
    given = {name: tuple(part) if isinstance(part, list) else part for name, part in parts.items()}
    return Evidence(transports=TRANSPORTS, **given)


def rules(found: Evidence) -> set[str]:
    return {problem.rule for problem in judge(found).problems}


GOOD = evidence(sent=[sent("e1", ORDERS)], receipts=[got()], journal=[row(made())])


def test_what_was_delivered_and_recorded_is_right():
    verdict = judge(GOOD)
    assert verdict.problems == ()
    assert (verdict.counts["events"], verdict.counts["accepted"], verdict.counts["deliveries_delivered"]) == (1, 1, 1)
    assert (verdict.excused, verdict.unrecorded) == ({}, {})


def test_an_event_that_nobody_has_is_lost():
    assert "lost" in rules(evidence(sent=[sent("e1", ORDERS)], journal=[row()]))


def test_one_of_two_deliveries_is_lost():
    found = evidence(sent=[sent("e1", ORDERS, BUS)], receipts=[got()], journal=[row(made())])
    assert [(each.rule, each.id, "bus" in each.why) for each in judge(found).problems] == [("lost", "e1", True)]


def waits(route="to-bus", where="fno-link-retries", **more) -> Waits:
    return Waits(**{"where": where, "id": "e1", "key": "k-e1", "route": route, "until": 61.0, **more})


@pytest.mark.parametrize("where", ["fno-link-retries", "fnolinkdue", "fno-link-events", "fno-link-retries-poison"])
@pytest.mark.parametrize("named", [{"id": ""}, {"key": ""}, {"route": ""}, {}])
def test_one_of_two_deliveries_that_waits_is_not_lost(where, named):
    found = evidence(
        sent=[sent("e1", ORDERS, BUS)], receipts=[got()], journal=[row(made())], waiting=[waits(where=where, **named)]
    )
    verdict = judge(found)
    (problem,) = verdict.problems
    assert (problem.rule, problem.id) == ("waiting", "e1")
    assert problem.why.startswith(f"by to-bus on {where}, until 1970-01-01 00:01:01; ")
    assert (verdict.counts["deliveries_waiting"], "deliveries_lost" in verdict.counts) == (1, False)


@pytest.mark.parametrize("other", [{"route": "to-orders"}, {"id": "e2", "key": "k-e2"}])
def test_what_waits_for_another_delivery_or_event_does_not_count(other):
    found = evidence(sent=[sent("e1", ORDERS, BUS)], receipts=[got()], journal=[row(made())], waiting=[waits(**other)])
    assert rules(found) == {"lost"}


def test_a_message_of_an_older_link_of_the_chain_does_not_count():
    entries = (made(), made(BUS, "deferred", generation=3))
    for generation, rule in ((3, "waiting"), (2, "lost")):
        found = evidence(
            sent=[sent("e1", ORDERS, BUS)],
            receipts=[got()],
            journal=[row(*entries, state="deferred")],
            waiting=[waits(generation=generation)],
        )
        assert rules(found) == {rule, "restless"}


def test_an_event_whose_own_message_waits_is_neither_lost_nor_unknown():
    whole = waits("", "fno-link-events")
    assert rules(evidence(sent=[sent("e1", ORDERS, dead="Unrouted")], waiting=[whole])) == {"waiting"}
    assert rules(evidence(sent=[sent("e1", ORDERS, dead="Unrouted")])) == {"lost", "no_row"}


def test_what_was_delivered_and_waits_once_more_is_no_problem_of_its_delivery():
    assert rules(msgspec.structs.replace(GOOD, waiting=(waits("to-orders"),))) == set()


def test_what_a_target_took_while_it_failed_is_not_delivered():
    for status in (0, 302, 429, 500):
        found = msgspec.structs.replace(GOOD, receipts=(got(status=status),))
        assert rules(found) == {"lost", "false_record"}


def test_what_another_target_has_does_not_count():
    found = evidence(sent=[sent("e1", ORDERS, BUS)], receipts=[got(), got()], journal=[row(made())])
    assert "lost" in rules(found)


def test_what_was_not_accepted_may_be_anywhere_or_nowhere():
    refused = sent("e1", ORDERS, accepted=False)
    assert rules(evidence(sent=[refused])) == set()
    assert rules(evidence(sent=[refused], receipts=[got()], journal=[row(made())])) == set()


def test_an_event_that_was_accepted_the_second_time_counts():
    again = sent("e1", ORDERS, kind="resend")
    assert "lost" in rules(evidence(sent=[sent("e1", ORDERS, accepted=False), again], journal=[row()]))


def test_a_dead_letter_or_a_parked_delivery_is_not_lost():
    failing = [window("receiver_error", T, T + 9, "orders")]
    entry = row(made(state="dead_lettered"), state="dead_lettered")
    dead = evidence(sent=[sent("e1", ORDERS)], dead=[kept("RetriesExhausted")], journal=[entry], windows=failing)
    assert rules(dead) == set()
    lost = [window("link_lost", T, LASTING, "contoso")]
    entry = row(made(state="parked"), state="parked")
    parked = evidence(sent=[sent("e1", ORDERS)], parked=[kept("NotLinked")], journal=[entry], windows=lost)
    assert rules(parked) == set()
    assert judge(parked).counts["deliveries_parked"] == 1


def test_a_dead_letter_of_another_delivery_does_not_count():
    failing = [window("receiver_error", T, T + 9, "orders")]
    entry = row(made(state="dead_lettered"), state="dead_lettered")
    found = evidence(sent=[sent("e1", ORDERS, BUS)], dead=[kept("RetriesExhausted")], journal=[entry], windows=failing)
    assert rules(found) == {"lost"}


@pytest.mark.parametrize("kind", ["event", "duplicate", "resend", "echo", "empty"])
def test_what_was_accepted_without_a_journal_row_is_found(kind):
    known = sent("e1", kind=kind)
    assert "no_row" in rules(evidence(sent=[known]))
    assert rules(evidence(sent=[known], journal=[row(reason="why")])) == set()


@pytest.mark.parametrize("kind", ["echo", "empty"])
def test_an_echo_or_empty_message_needs_its_reason_and_goes_nowhere(kind):
    assert rules(evidence(sent=[sent("e1", kind=kind)], journal=[row()])) == {"no_reason"}
    found = evidence(sent=[sent("e1", kind=kind)], journal=[row(made(), reason=kind)], receipts=[got()])
    assert rules(found) == {"astray"}


def test_what_must_become_a_dead_letter_must():
    bad = sent("e1", kind="undecodable", dead="Undecodable")
    whole = Kept(path="p", organization="contoso", reason="Undecodable", key="k-e1")
    assert rules(evidence(sent=[bad])) == {"lost"}
    assert rules(evidence(sent=[bad], dead=[whole])) == set()
    other = msgspec.structs.replace(whole, reason="TooDeep")
    assert rules(evidence(sent=[bad], dead=[other])) == {"lost", "needless"}


def test_an_id_that_nobody_sent_is_found_wherever_it_is():
    stranger = {"receipts": [got(name="e2")], "dead": [kept("Unrouted", name="e2")], "journal": [row(name="e2")]}
    for place, found in stranger.items():
        given = {"sent": [], place: found}
        assert rules(evidence(**given)) >= {"unknown"}, place


def test_alerts_of_our_own_are_nobodys_events():
    alert = got(name="a1", type="fno-link.target.opened")
    buried = kept("Unrouted", name="a1", type="fno-link.target.opened")
    assert rules(evidence(receipts=[alert, alert], dead=[buried])) == set()


def test_a_changed_message_id_is_found():
    changed = msgspec.structs.replace(got(), route="", message_id="e9:to-orders")
    assert "changed" in rules(msgspec.structs.replace(GOOD, receipts=(changed,)))


def test_a_delivery_to_a_target_that_was_not_meant_is_found():
    found = msgspec.structs.replace(GOOD, receipts=(got(), got(BUS)))
    assert rules(found) == {"astray", "no_record"}


def twice(to=ORDERS, at=T + 4, *windows) -> Evidence:
    return evidence(
        sent=[sent("e1", to)], receipts=[got(to), got(to, at=at)], journal=[row(made(to))], windows=list(windows)
    )


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


@pytest.mark.parametrize("state", ["received", "deferred"])
def test_what_has_not_come_to_rest_is_found(state):
    assert rules(msgspec.structs.replace(GOOD, journal=(row(made(), state=state),))) == {"restless"}
    assert rules(msgspec.structs.replace(GOOD, unrest=("fno-link-retries: 3 messages",))) == {"restless"}


def test_everything_is_counted():
    found = evidence(
        sent=[sent("e1", ORDERS), sent("e1", ORDERS, kind="duplicate"), sent("e2", ORDERS, accepted=False)],
        receipts=[got(status=500), got(at=T + 2)],
        journal=[row(made())],
    )
    counts = judge(found).counts
    expected = {
        "sent": 3,
        "events": 2,
        "accepted": 2,
        "accepted_duplicate": 1,
        "received": 1,
        "refused_by_receivers": 1,
    }
    assert {name: counts[name] for name in expected} == expected


def test_every_fault_is_on_the_page_of_guarantees():
    page = (Path(__file__).parents[2] / "docs" / "guarantees.md").read_text("utf-8")
    assert [fault for fault in get_args(Fault.__value__) if f"`{fault}`" not in page] == []
