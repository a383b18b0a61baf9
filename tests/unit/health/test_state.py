"""When a link is told as lost, restored, relinked or in trouble: once each, at its threshold, under one incident."""

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from integration.events.alerts.types import LOST, RELINKED, RESTORED, UNREACHABLE, UNTRUSTED
from integration.health.state import State, Verdict, advance
from integration.links.values import Linked

START = datetime(2026, 1, 1, tzinfo=UTC)


def linked(host: str = "contoso", *, trusted: bool = True) -> Verdict:
    link = Linked(
        url=f"https://{host}.operations.dynamics.com",
        tenant_id="t",
        id=host,
        trusted=trusted,
        distrust="" if trusted else "the host is foreign",
        checked_at=START,
    )
    return Verdict(kind="linked", link=link)


NOT_LINKED = Verdict(kind="not_linked", code="0x80048d0b", message="not integrated")
UNKNOWN = Verdict(kind="unknown", code="Unreachable", message="no answer", hint="look")


def play(*verdicts: Verdict, failures: int = 1, successes: int = 1, state: State | None = None) -> State:
    state = state or State()
    for minute, verdict in enumerate(verdicts):
        state = advance(
            state,
            verdict,
            now=START + timedelta(minutes=minute),
            incident=f"i{minute}",
            failures=failures,
            successes=successes,
        )
    return state


def types(state: State) -> list[str]:
    return [alert.type for alert in state.outbox]


def test_the_first_linked_answer_is_no_news():
    state = play(linked())
    assert types(state) == []
    assert state.link == linked().link
    assert state.trouble is None


def test_a_lost_link_is_told_once_and_its_return_once_under_the_same_incident():
    state = play(linked(), NOT_LINKED, NOT_LINKED, NOT_LINKED, linked(), linked())
    assert types(state) == [LOST, RESTORED]
    assert {alert.incident for alert in state.outbox} == {"i1"}
    lost = state.outbox[0]
    assert lost.code == "0x80048d0b"
    assert lost.previous == linked().link
    assert lost.since == START + timedelta(minutes=1)


def test_one_blip_below_the_threshold_is_not_told():
    assert types(play(linked(), NOT_LINKED, NOT_LINKED, linked(), failures=3)) == []


def test_trouble_is_told_at_the_threshold_with_the_time_it_began():
    state = play(linked(), NOT_LINKED, NOT_LINKED, NOT_LINKED, failures=3)
    assert types(state) == [LOST]
    assert state.outbox[0].since == START + timedelta(minutes=1)


def test_unknown_is_never_lost():
    state = play(linked(), UNKNOWN, UNKNOWN, UNKNOWN, failures=2)
    assert types(state) == [UNREACHABLE]
    assert state.outbox[0].hint == "look"
    assert state.trouble == "unreachable"


def test_unknowns_between_not_linked_answers_break_the_streak():
    assert types(play(linked(), NOT_LINKED, UNKNOWN, NOT_LINKED, UNKNOWN, failures=2)) == []


def test_a_link_found_lost_after_it_was_unreachable_goes_on_under_one_incident():
    state = play(linked(), UNKNOWN, NOT_LINKED, UNKNOWN, linked())
    assert types(state) == [UNREACHABLE, LOST, RESTORED]
    assert len({alert.incident for alert in state.outbox}) == 1


def test_restored_waits_for_its_threshold():
    state = play(linked(), NOT_LINKED, linked(), successes=2)
    assert types(state) == [LOST]
    assert state.trouble == "lost"
    assert types(play(linked(), state=state, successes=2)) == [LOST, RESTORED]


def test_a_moved_link_is_relinked_at_once_with_both_environments():
    state = play(linked("one"), linked("two"), linked("two"), failures=3, successes=3)
    assert types(state) == [RELINKED]
    alert = state.outbox[0]
    assert alert.previous is not None
    assert alert.link is not None
    assert (alert.previous.id, alert.link.id) == ("one", "two")


def test_a_link_that_comes_back_elsewhere_is_restored_and_relinked():
    state = play(linked("one"), NOT_LINKED, linked("two"))
    assert types(state) == [LOST, RESTORED, RELINKED]
    assert len({alert.incident for alert in state.outbox}) == 2


def test_an_untrusted_link_is_told_once_and_again_after_it_was_trusted():
    bad = linked("bad", trusted=False)
    state = play(bad, bad, bad)
    assert types(state) == [UNTRUSTED]
    assert state.outbox[0].message == "the host is foreign"
    again = play(linked("bad"), bad, state=msgspec.structs.replace(state, outbox=()))
    assert types(again) == [UNTRUSTED]


def test_a_state_survives_being_stored():
    state = play(linked(), NOT_LINKED, linked("two"))
    assert msgspec.json.decode(msgspec.json.encode(state), type=State) == state


VERDICTS = st.sampled_from([linked(), linked("two"), NOT_LINKED, UNKNOWN])


@given(st.lists(VERDICTS, max_size=40), st.integers(1, 4), st.integers(1, 4))
def test_trouble_and_restored_always_alternate(verdicts, failures, successes):
    state = play(*verdicts, failures=failures, successes=successes)
    open_incident = None
    for alert in state.outbox:
        if alert.type in {LOST, UNREACHABLE}:
            assert open_incident in {None, alert.incident}
            open_incident = alert.incident
        elif alert.type == RESTORED:
            assert alert.incident == open_incident
            open_incident = None
    assert (open_incident or "") == state.incident
    assert (state.trouble is None) == (open_incident is None)


@given(st.lists(VERDICTS, max_size=40), st.integers(1, 4))
def test_nothing_is_told_as_lost_without_that_many_not_linked_answers_in_a_row(verdicts, failures):
    kinds = [verdict.kind for verdict in verdicts]
    runs = any(kinds[at : at + failures] == ["not_linked"] * failures for at in range(len(kinds)))
    state = play(*verdicts, failures=failures)
    assert (LOST in types(state)) == runs
