"""What is well and not well by turns is told once, and then what it has turned out to be."""

from datetime import timedelta

import msgspec
import pytest

from tests.unit.health.machine.playing import QUIET, at, play

FLAPPING = msgspec.structs.replace(
    QUIET,
    failure_threshold=3,
    success_threshold=2,
    flapping=3,
    flapping_window=timedelta(hours=1),
    stable_for=timedelta(minutes=20),
)


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ("B.B.", ""),  # three changes are not more than three
        ("B.B.B", "    f"),
        ("B.B.B.B.B.B.B.B.B.B.B.B.B.B.", "    f"),  # once, and silence
        ("B.B.B....", "    f"),  # the last change was 15 minutes ago
        ("B.B.B.....", "    f    r"),  # 20: it is well
        ("B.B.BBBBBB", "    f   t"),  # 20: it is not, and that was not told
        ("B.B.BBBBBB..", "    f   t  r"),
        ("BBB..B.B.B", "  t r  f"),  # the changes of an incident count on
        ("BBB.BBB.B.....", "  t     f    r"),
        ("BBB.BBB.BBBBBBBB", "  t     f"),  # it lasts, and that was told
        ("B.B.B....B.B.B.B", "    f"),  # it was not stable in between
        ("B.B.B.....B.B.B.B.", "    f    r   f"),  # a second time, by changes of its own
        ("BBBBBBBBBBB", "  t"),
        ("B.B.BB..BB..BB..BB", "    f"),
    ],
)
def test_what_is_told(answers, told):
    assert play(answers, FLAPPING)[0] == told


def test_changes_that_are_far_apart_are_none():
    assert play("BB.." * 12, FLAPPING, every=timedelta(minutes=16))[0] == ""
    assert "f" in play("BB.." * 12, FLAPPING, every=timedelta(minutes=5))[0]


def test_none_is_ever_flapping_where_that_is_switched_off():
    off = msgspec.structs.replace(FLAPPING, flapping=0)
    assert play("B." * 50, off)[0] == ""


def test_flapping_that_is_switched_off_meanwhile_is_over():
    _, played = play("B.B.B", FLAPPING)
    off = msgspec.structs.replace(FLAPPING, flapping=0)
    assert play("BBB", off, played=played)[0] == " t"


def test_all_of_it_is_one_incident_with_the_time_it_began():
    _, played = play("..B.B.BBBBBB..", FLAPPING)
    assert [notice.transition for notice in played.notices] == ["flapping", "triggered", "resolved"]
    assert len({notice.incident for notice in played.notices}) == 1
    assert {notice.since for notice in played.notices} == {at(2)}


def test_it_flaps_a_second_time_within_one_incident():
    told, played = play("BBB.B.BBBBBBB.B.B.", FLAPPING)
    assert told == "  t   f         f"
    assert [notice.key.split(":", 1)[1] for notice in played.notices] == ["triggered:1", "flapping:1", "flapping:2"]


def test_one_bad_answer_after_it_is_not_yet_trouble():
    slow = msgspec.structs.replace(FLAPPING, success_threshold=20)
    assert play("B.B.B.....B....", slow)[0] == "    f"
    assert play("B.B.B.....BBB", slow)[0] == "    f       t"


def test_flapping_that_begins_in_silence_is_told_after_it_if_it_lasts():
    assert play("B.B.B.B.B.", FLAPPING, silence="mmmmmmm")[0] == "       f"
    assert play("B.B.B.....B.", FLAPPING, silence="mmmmmmm")[0] == "       f r"
    assert play("B.B.B.........", FLAPPING, silence="mmmmmmmmmm")[0] == ""


def test_nobody_is_reminded_while_it_flaps_and_once_when_it_is_found_to_last():
    reminding = msgspec.structs.replace(FLAPPING, reminder_every=timedelta(minutes=10), reminder_factor=1.0)
    assert play("BBB.B.B.BBBBBBB", reminding)[0] == "  t a f     a a"


def test_what_is_stable_and_not_well_is_told_before_its_row_is_long_enough():
    slow = msgspec.structs.replace(FLAPPING, failure_threshold=10)
    assert play("B.B.BBBBBB", slow)[0] == "    f   t"
