"""Silence holds back what is told, never what is counted: maintenance, a mute, what another incident explains."""

from datetime import timedelta

import msgspec
import pytest

from integration.health.machine import Circumstances, mute, unmute
from tests.unit.health.machine.playing import OK, QUIET, START, Played, at, play

TWO = msgspec.structs.replace(QUIET, failure_threshold=2, success_threshold=2)
REMINDING = msgspec.structs.replace(TWO, reminder_every=timedelta(minutes=10), reminder_factor=1.0)


def muted_until(column):
    return lambda state, _: mute(state, at(column))


FOUR_CASES = [
    # answers        silence         told
    ("..BBBBBB..", "   mmm", "      t  r"),  # what began in it and lasts
    ("..BB..BBBB", " mmmmm", "       t"),  # what began and ended in it: nothing
    (".BB......", "    mmm", "  t r"),  # what was told before and ended in it: the end, at once
    (".BBBBBBB..", "   mmm", "  t      r"),  # what was told before and lasts: once is enough
]


@pytest.mark.parametrize("letter", ["m", "i"])
@pytest.mark.parametrize(("answers", "silence", "told"), FOUR_CASES)
def test_the_four_cases(answers, silence, told, letter):
    assert play(answers, TWO, silence=silence.replace("m", letter))[0] == told


@pytest.mark.parametrize(("answers", "silence", "told"), FOUR_CASES)
def test_a_mute_is_as_silent(answers, silence, told):
    orders = {silence.index("m"): muted_until(len(silence))}
    assert play(answers, TWO, orders=orders)[0] == told


def test_it_is_told_with_the_time_it_really_began():
    _, played = play("..BBBBBB", TWO, silence="   mmm")
    assert [(notice.at, notice.since) for notice in played.notices] == [(at(6), at(2))]


def test_the_phases_go_on_in_silence():
    seen, played = [], Played()
    for answer in ".BB..":
        play(answer, TWO, silence="m", played=played)
        seen.append(played.state.phase)
    assert seen == ["ok", "suspect", "firing", "recovering", "ok"]
    assert played.notices == []


def test_silence_that_is_over_with_a_good_answer_waits_for_what_is_next():
    assert play("BBB.B", TWO, silence="mmm")[0] == "    t"
    assert play("BBB..", TWO, silence="mmm")[0] == ""


def test_who_was_not_reminded_in_silence_is_when_it_is_over():
    assert play("BBBBBBBBBB", REMINDING, silence="  mmmmm")[0] == " t     a a"


def test_a_reason_that_came_in_silence_is_told_after_it():
    assert play("UUBBBB", TWO, silence="  mm")[0] == " t  c"
    assert play("UUBBUU", TWO, silence="  mm")[0] == " t"


def test_a_mute_that_is_over_and_one_that_is_taken_back():
    assert play("BBBBBB", TWO, orders={0: muted_until(4)})[0] == "    t"
    assert play("BBBBBB", TWO, orders={0: muted_until(400), 3: lambda state, _: unmute(state)})[0] == "   t"
    assert play("BBBBBB", TWO, orders={3: muted_until(2)})[0] == " t"
    assert play("BBBBBB", TWO, orders={0: muted_until(400), 2: muted_until(4)})[0] == "    t"


def test_no_answer_and_no_setting_clears_a_mute():
    _, played = play("BB..BB..", TWO, orders={0: muted_until(100)})
    play("BB..", QUIET, played=played)
    assert played.state.muted_until == at(100)
    assert played.notices == []


def test_a_clock_that_was_far_ahead_for_a_moment_does_not_end_a_mute():
    state = mute(Played().state, at(10))
    played = Played(state)
    played.answer(OK, START + timedelta(days=400), TWO)
    assert play("BBBBBBBBBBBB", TWO, played=played)[0] == "          t"


def test_what_is_explained_names_the_cause_and_is_told_when_that_is_over():
    _, played = play("BBB", TWO, silence="iii")
    assert played.state.incident is not None
    assert played.state.incident.inhibited_by == "entra:contoso.com"
    assert play("B", TWO, played=played)[0] == "t"
    assert played.state.incident is not None
    assert played.state.incident.inhibited_by == ""


def test_an_incident_names_what_it_explains_all_that_it_ever_did():
    played = Played()
    for now, children in enumerate([("a", "b"), ("a", "b"), ("b", "c"), ()]):
        answer = play("B")[1].state.answer
        assert answer is not None
        played.answer(answer, at(now), TWO, Circumstances(children=children))
    play("..", TWO, played=played)
    assert [(notice.transition, notice.children) for notice in played.notices] == [
        ("triggered", ("a", "b")),
        ("resolved", ("a", "b", "c")),
    ]
