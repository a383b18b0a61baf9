"""Every rule of the oracle, by evidence made by hand: what is right passes, what is wrong is found for what it is."""

from pathlib import Path
from typing import get_args

import msgspec
import pytest

from tests.faults.by_hand import (
    BUS,
    GOOD,
    ORDERS,
    T,
    evidence,
    got,
    kept,
    made,
    row,
    rules,
    sent,
    window,
)
from tests.faults.evidence import (
    LASTING,
    Fault,
    Kept,
    Waits,
)
from tests.faults.oracle import judge


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
