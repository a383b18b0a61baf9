"""What a changed record excuses, and that it excuses nothing else: each by evidence made by hand."""

from typing import Any

import msgspec
import pytest

from tests.faults.by_hand import BUS, GOOD, ORDERS, T, evidence, got, kept, made, row, rules, sent, twice, window
from tests.faults.evidence import Evidence, Kept, Listed, Rot, Waits
from tests.faults.oracle import judge

LEFT = "a" * 64
AT = T + 2


def rot(place, **more) -> Rot:
    given: dict[str, Any] = {"id": "e1", "key": "k-e1", "digest": LEFT, "at": AT, **more}
    return Rot(place=place, **given)


def letter(told="", key=LEFT, **more) -> Kept:
    place = {"path": "unknown/CorruptRecord/x", "recorded_at": T + 3, **more}
    return Kept(organization="unknown", reason="CorruptRecord", key=key, told=told, **place)


def with_(found: Evidence, **parts) -> Evidence:
    return msgspec.structs.replace(found, **{name: tuple(part) for name, part in parts.items()})


PATH = "payloads/deliveries/2026/01/02/k-e1-1.json"
PARKED = row(made(state="parked"), state="parked")
DEFERRED = row(made(state="deferred"), state="deferred")
ABANDONED = row(made(state="dead_lettered"), state="dead_lettered")
TOLD = f'it is gone {{"kind":"delivery","route":"to-orders","payload":"{PATH}"}}'
BURIED = [
    (rot("retry", route="to-orders"), letter(), DEFERRED),
    (rot("due row", route="to-orders"), letter(), DEFERRED),
    (rot("parked", route="to-orders", path="contoso/NotLinked/x"), letter(), PARKED),
    (rot("delivery claim-check", path=PATH), letter(TOLD, "b" * 64), ABANDONED),
]


@pytest.mark.parametrize(("changed", "found_as", "entry"), BURIED, ids=[each[0].place for each in BURIED])
def test_a_delivery_whose_record_is_named_by_a_dead_letter_is_accounted_for_and_no_other(changed, found_as, entry):
    whole = evidence(sent=[sent("e1", ORDERS)], dead=[found_as], journal=[entry], rots=[changed])
    assert rules(whole) == set()
    assert judge(whole).counts["deliveries_buried"] == 1
    unnamed = msgspec.structs.replace(found_as, key="c" * 64, told="of something else")
    assert {"lost", "unknown"} <= rules(with_(whole, dead=[unnamed]))
    assert "lost" in rules(with_(whole, dead=[]))
    assert {"lost", "unknown"} <= rules(with_(whole, rots=[]))
    assert "lost" in rules(with_(whole, dead=[msgspec.structs.replace(found_as, reason="Poison")]))
    other = with_(whole, sent=[sent("e1", ORDERS, BUS)])
    assert [(each.rule, "bus" in each.why) for each in judge(other).problems] == [("lost", True)]
    second = with_(whole, sent=[sent("e1", ORDERS), sent("e2", ORDERS)])
    assert {(each.rule, each.id) for each in judge(second).problems} == {("no_row", "e2"), ("lost", "e2")}


@pytest.mark.parametrize(
    ("changed", "found_as"),
    [
        (rot("envelope", key=""), letter()),
        (rot("intake claim-check", key="", path="payloads/intake/x"), letter("{payloads/intake/x}", "b" * 64)),
    ],
    ids=["envelope", "claim-check"],
)
def test_an_event_whose_envelope_is_named_is_accounted_for_as_a_whole(changed, found_as):
    whole = evidence(sent=[sent("e1", ORDERS, BUS)], dead=[found_as], rots=[changed])
    assert rules(whole) == set()
    assert {"lost", "no_row"} <= rules(with_(whole, dead=[]))
    assert {"lost", "no_row"} <= rules(with_(whole, rots=[msgspec.structs.replace(changed, id="e2")]))


@pytest.mark.parametrize("place", ["envelope", "retry", "due row"])
def test_a_message_that_was_changed_must_be_kept_whatever_became_of_its_event(place):
    assert rules(with_(GOOD, rots=[rot(place)])) == {"rotted"}
    assert rules(with_(GOOD, rots=[rot(place)], dead=[letter()])) == set()


@pytest.mark.parametrize("place", ["parked", "intake claim-check", "delivery claim-check", "job", "link", "health"])
def test_what_nobody_needed_any_more_excuses_nothing_and_need_not_be_kept(place):
    assert rules(with_(GOOD, rots=[rot(place, path=PATH)])) == set()
    assert {"lost"} <= rules(evidence(sent=[sent("e1", ORDERS)], journal=[DEFERRED], rots=[rot(place, path=PATH)]))
    assert rules(with_(twice(), rots=[rot(place, path=PATH)])) == {"twice"}


@pytest.mark.parametrize("place", ["envelope", "retry", "due row"])
def test_a_message_that_was_changed_and_that_nobody_has_taken_yet_waits(place):
    changed = rot(place)
    waits = Waits(where="fnolinkdue", until=61.0, digest=changed.digest)
    (problem,) = judge(with_(GOOD, rots=[changed], waiting=[waits])).problems
    assert (problem.rule, problem.id) == ("waiting", changed.id)
    assert problem.why == f"its changed {place} on fnolinkdue, until 1970-01-01 00:01:01"
    assert rules(with_(GOOD, rots=[changed], waiting=[msgspec.structs.replace(waits, digest="f" * 64)])) == {"rotted"}


def test_a_message_that_was_taken_for_plain_text_is_named_by_that():
    wrapped = with_(GOOD, rots=[rot("envelope", wrapped="9" * 64)], dead=[letter(key="9" * 64)])
    assert rules(wrapped) == set()
    assert rules(with_(wrapped, rots=[rot("envelope")])) == {"rotted", "unknown"}


@pytest.mark.parametrize("place", ["envelope", "retry"])
def test_a_message_that_comes_again_is_kept_once_whatever_has_failed(place):
    again = letter(path="unknown/CorruptRecord/y", recorded_at=T + 8)
    both = with_(GOOD, rots=[rot(place)], dead=[letter(), again])
    assert rules(with_(both, windows=[window("host_kill", T + 4, T + 5, "host-1")])) == {"rotted"}


def test_it_is_kept_once_unless_a_fault_lets_its_message_come_again():
    again = letter(path="unknown/CorruptRecord/y", recorded_at=T + 8)
    both = with_(GOOD, rots=[rot("due row")], dead=[letter(), again])
    assert rules(both) == {"rotted"}
    assert rules(with_(both, windows=[window("host_kill", T + 4, T + 5, "host-1")])) == set()
    assert rules(with_(both, windows=[window("storage_cut", T + 9, T + 12)])) == {"rotted"}
    assert rules(with_(both, windows=[window("receiver_error", T + 4, T + 5, "orders")])) == {"rotted"}


ROW = rot("journal row", path="k-e1")
ANEW = letter("the journal row of k-e1 could not be read; the event was processed as a new one", "d" * 64)


def test_a_row_that_was_begun_anew_explains_one_more_delivery_after_it():
    again = with_(twice(), rots=[ROW], dead=[ANEW])
    verdict = judge(again)
    assert (verdict.problems, verdict.excused) == ((), {"record_rots": 1})
    assert rules(with_(again, dead=[])) == {"twice"}
    assert rules(with_(again, rots=[])) == {"twice", "unknown"}
    before = msgspec.structs.replace(ROW, at=T + 6)
    assert rules(with_(again, rots=[before])) == {"twice"}
    three = with_(again, receipts=[*again.receipts, got(at=T + 5)])
    assert [each.rule for each in judge(three).problems] == ["twice"]
    another = msgspec.structs.replace(ANEW, told="the journal row of k-e2 could not be read")
    assert rules(with_(again, dead=[another])) == {"twice", "unknown"}


def test_a_row_that_was_begun_anew_need_not_know_what_was_delivered_before():
    lacking = evidence(sent=[sent("e1", ORDERS)], receipts=[got()], journal=[row()], rots=[ROW], dead=[ANEW])
    verdict = judge(lacking)
    assert (verdict.problems, verdict.unrecorded) == ((), {"record_rots": 1})
    assert rules(with_(lacking, receipts=[got(at=AT + 1)])) == {"no_record"}
    assert rules(with_(lacking, receipts=[])) == {"lost"}
    assert rules(with_(lacking, dead=[])) == {"no_record"}


def test_a_row_that_still_lies_there_unreadable_is_no_record_and_excuses_nothing_else():
    there = evidence(sent=[sent("e1", ORDERS)], receipts=[got()], unread=["k-e1"], rots=[ROW])
    assert rules(there) == set()
    assert rules(with_(there, receipts=[])) == {"lost"}
    assert rules(with_(there, receipts=[got(), got(at=T + 4)])) == {"twice"}
    assert rules(with_(there, unread=[])) == {"no_row", "no_record"}
    assert rules(with_(there, rots=[])) == {"no_row", "no_record", "rotted"}
    assert "unknown" in rules(with_(there, sent=[], receipts=[]))


GONE_BAD = msgspec.structs.replace(kept("RetriesExhausted"), digest=LEFT, recorded_at=0.0, id="")
FAILED = evidence(
    sent=[sent("e1", ORDERS)],
    dead=[GONE_BAD],
    journal=[ABANDONED],
    windows=[window("receiver_error", T, T + 1, "orders")],
    rots=[rot("dead letter", path=GONE_BAD.path)],
    listed=[Listed(path=GONE_BAD.path, unreadable=True)],
)


def test_a_dead_letter_that_was_changed_is_listed_as_unreadable_and_still_says_what_it_is_about():
    assert rules(FAILED) == set()
    assert rules(with_(FAILED, windows=[])) == {"needless"}
    assert rules(with_(FAILED, dead=[], listed=[])) == {"lost", "false_record", "rotted"}
    assert rules(with_(FAILED, rots=[])) == {"rotted", "needless"}
    assert rules(with_(FAILED, rots=[rot("dead letter", path=GONE_BAD.path, digest="e" * 64)])) == {"rotted"}


def test_every_dead_letter_is_listed_and_unreadable_only_where_it_is():
    assert rules(with_(FAILED, listed=[])) == {"unlisted"}
    assert rules(with_(FAILED, listed=[Listed(path=GONE_BAD.path)])) == {"unlisted"}
    assert rules(with_(FAILED, listed=[*(FAILED.listed or ()), Listed(path="another")])) == {"unlisted"}
    whole = msgspec.structs.replace(GONE_BAD, digest="", recorded_at=T + 2)
    assert rules(with_(FAILED, dead=[whole], rots=[])) == {"unlisted"}


def test_the_order_of_a_changed_job_is_a_dead_letter_that_names_it():
    job = rot("job", id="", key="", path="jobs/0123abcd.json")
    known = with_(GOOD, rots=[job], dead=[letter('no job {"job":"0123abcd"}', "f" * 64)])
    assert rules(known) == set()
    assert rules(with_(known, rots=[])) == {"unknown"}


@pytest.mark.parametrize("place", ["circuit", "newest", "link", "health", "dead letter"])
def test_what_is_begun_anew_excuses_no_dead_letter_for_a_corrupt_record(place):
    changed = rot(place, id="", key="", path="p")
    assert "unknown" in rules(with_(GOOD, rots=[changed], dead=[letter("the p of something")]))
