"""Two ways to raise the alarm and two to end it, by health alone; the phases in between; what is no answer."""

from datetime import timedelta

import msgspec
import pytest

from integration.health.machine import State
from tests.unit.health.machine.playing import QUIET, START, Played, at, play


def thresholds(failures=3, successes=2, failures_of=(), successes_of=()):
    return msgspec.structs.replace(
        QUIET,
        failure_threshold=failures,
        success_threshold=successes,
        failures_of=failures_of,
        successes_of=successes_of,
    )


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ("....", ""),
        ("BB.BB.BB", ""),  # never three in a row
        ("..BBB", "    t"),
        ("BBBBBB", "  t"),  # once
        ("UBU", "  t"),  # the reason makes no difference to counting
        ("BBB..", "  t r"),
        ("BBB.B.B.B.", "  t"),  # never two good ones in a row: it goes on
        ("BBB.B..", "  t   r"),
        ("BBB..BBB..", "  t r  t r"),
        ("BB-B", "   t"),  # what was not asked neither counts nor ends a row
        ("BBB.-.", "  t  r"),
        ("BBB------", "  t"),
    ],
)
def test_in_a_row(answers, told):
    assert play(answers, thresholds())[0] == told


@pytest.mark.parametrize(
    ("answers", "of", "told"),
    [
        ("B.U.B.U.B.U.", (5, 10), "        t"),  # what alternates is told
        ("B...B...B...B...B", (5, 10), ""),  # at most three of any ten
        ("B...B...B...B...B", (5, 17), "                t"),
        ("B-.U.-B.U.B", (5, 10), "          t"),
        ("BB...", (2, 64), " t r"),  # the two ways are apart
        ("B.B..", (2, 3), "  t r"),
        ("B.B..B.B..", (2, 3), "  t r  t r"),
        ("BB..B", (2, 5), " t r"),  # what was told and is over is not held against it again
        (".B.", (1, 1), " t"),  # a good answer never raises the alarm
    ],
)
def test_m_of_the_last_k(answers, of, told):
    assert play(answers, thresholds(failures=64, failures_of=of))[0] == told


@pytest.mark.parametrize(
    ("answers", "of", "told"),
    [
        ("B..B..", (4, 5), "t    r"),
        ("B..BB.....", (4, 5), "t       r"),
        ("B.B.B.B.", (4, 5), "t"),
        ("B.B.", (2, 3), "t  r"),
        ("....B.", (4, 5), "    t"),  # those from before it began do not end it
    ],
)
def test_recovery_by_m_of_the_last_k(answers, of, told):
    assert play(answers, thresholds(failures=1, successes=64, successes_of=of))[0] == told


def test_two_hundred_answers_that_alternate_are_told():
    told, played = play("BU"[0:1] + ".U.B" * 50, thresholds(failures_of=(5, 10)))
    assert told.strip() == "t"
    assert played.state.phase in {"firing", "recovering"}


def test_phases():
    played, seen = Played(), []
    for column, answer in enumerate(".B.BBB.B.."):
        play(answer, thresholds(), played=played)
        seen.append(played.state.phase)
        assert column == len(seen) - 1
    assert seen == ["ok", "suspect", "ok", "suspect", "suspect", "firing", "recovering", "firing", "recovering", "ok"]


def test_the_trouble_began_with_the_first_answer_of_the_row():
    _, played = play("B.BBB..", thresholds())
    assert [(notice.at, notice.since) for notice in played.notices] == [(at(4), at(2)), (at(6), at(2))]


def test_the_trouble_began_with_the_first_of_the_last_k():
    _, played = play("B...B.B.B", thresholds(failures_of=(3, 5)))
    assert [(notice.at, notice.since) for notice in played.notices] == [(at(8), at(0))]
    _, played = play("B......B.B.B", thresholds(failures_of=(3, 5)))
    assert [(notice.at, notice.since) for notice in played.notices] == [(at(11), at(7))]


def test_one_incident_has_one_id_and_the_next_another():
    _, played = play("BBB..BBB..", thresholds())
    ids = [notice.incident for notice in played.notices]
    assert ids[0] == ids[1] != ids[2] == ids[3]
    assert len({notice.key for notice in played.notices}) == 4


def test_another_subject_and_another_kind_have_other_ids():
    one = play("B")[1].notices[0]
    other = play("B", played=Played(kind="target"))[1].notices[0]
    assert one.incident != other.incident
    assert (one.kind, other.kind) == ("integration", "target")


def test_an_end_says_what_it_was():
    _, played = play("U.")
    end = played.notices[1]
    assert (end.health, end.code) == ("ok", "Unreachable")
    assert end.message == "it is well again; it was: no answer"
    assert played.state.incident is None
    assert played.state.last is not None
    assert played.state.last.ended_at == at(1)


def test_what_was_not_asked_leaves_the_state_as_it_is_and_says_so():
    _, played = play("BBB")
    before = played.state
    play("-", played=played)
    assert played.state == msgspec.structs.replace(before, not_asked="not asked: token")
    play("B", played=played)
    assert played.state.not_asked == ""


def test_settings_that_change_hold_from_the_next_answer_on():
    _, played = play("BB", thresholds(failures=3))
    assert play("B", thresholds(failures=10), played=played)[0] == ""
    assert play("B", thresholds(failures=2), played=played)[0] == "t"


def test_settings_that_become_stricter_wait_for_the_next_bad_answer():
    _, played = play("B.B.", thresholds(failures_of=(5, 10)))
    stricter = thresholds(failures_of=(2, 10))
    assert play("..B", stricter, played=played)[0] == "  t"


def test_the_same_input_gives_the_same_state():
    assert play("B.B..BBB", thresholds())[1].state == play("B.B..BBB", thresholds())[1].state


def test_a_machine_without_an_answer_is_well():
    assert State().phase == "ok"
    assert play("", every=timedelta(0))[1].state == State()
    assert play(".")[1].state.since == START


def test_what_opened_an_incident_is_not_held_against_the_next():
    told, played = play("B.BB.BB", thresholds(failures=64, successes=1, failures_of=(2, 4)))
    assert told == "  t r t"
    assert [notice.since for notice in played.told("triggered")] == [at(0), at(5)]
