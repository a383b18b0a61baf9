"""What lasts is told again, less and less often, and to others too, until somebody says that he knows."""

from datetime import timedelta

import msgspec
import pytest

from integration.config.keys.health import Thresholds
from integration.errors import IncidentEnded
from integration.health.machine import State, acknowledge
from integration.health.machine.reminding import wait
from tests.unit.health.machine.playing import QUIET, START, at, play, steps

TEN = timedelta(minutes=10)


def reminding(every=TEN, factor=1.0, cap=timedelta(hours=24), escalation=()):
    return msgspec.structs.replace(
        QUIET,
        reminder_every=every,
        reminder_factor=factor,
        reminder_cap=cap,
        escalation=escalation,
        success_threshold=2,
    )


def known(state, now):
    return acknowledge(state, "ada", "on it", now)


@pytest.mark.parametrize(
    ("answers", "settings", "told"),
    [
        ("BBBBBBBBB", reminding(), "t a a a a"),
        ("BBBBBBBBB", reminding(timedelta(0)), "t"),
        ("B" * 16, reminding(factor=2.0), "t a   a       a"),
        ("B" * 16, reminding(factor=2.0, cap=timedelta(minutes=20)), "t a   a   a   a"),
        ("BB.BBB", reminding(), "t  a a"),  # not with a good answer
        ("B.......", reminding(), "t r"),
        ("B-----B", reminding(), "t     a"),  # nothing was asked: it is not known that it lasts
        ("BBB..BBB", reminding(), "t a rt a"),
    ],
)
def test_reminders(answers, settings, told):
    assert play(answers, settings)[0] == told


def test_reminders_that_were_missed_are_not_caught_up():
    assert play("B" * 14, reminding(), silence="   mmmmmm")[0] == "t a      a a a"


def test_reminders_are_numbered():
    _, played = play("BBBBB", reminding())
    assert [notice.key.split(":", 1)[1] for notice in played.notices] == ["triggered:1", "reminder:1", "reminder:2"]


@pytest.mark.parametrize(
    ("factor", "cap", "waits"),
    [
        (2.0, timedelta(hours=24), [4, 8, 16, 24, 24]),
        (1.0, timedelta(hours=24), [4, 4, 4, 4, 4]),
        (1.5, timedelta(hours=8), [4, 6, 8, 8, 8]),
        (10.0, timedelta(hours=4), [4, 4, 4, 4, 4]),
    ],
)
def test_the_waits(factor, cap, waits):
    settings = Thresholds(reminder_every=timedelta(hours=4), reminder_factor=factor, reminder_cap=cap)
    assert [wait(settings, n) / timedelta(hours=1) for n in range(5)] == waits


def test_no_wait_is_too_long_for_a_calendar_and_no_number_too_large():
    settings = Thresholds(reminder_every=timedelta.max, reminder_cap=timedelta.max, reminder_factor=10.0)
    assert START + wait(settings, 10**6) > START
    assert (
        play("BB", msgspec.structs.replace(QUIET, reminder_every=timedelta.max, reminder_cap=timedelta.max))[0] == "t"
    )


def test_settings_that_become_shorter_hold_for_the_reminder_that_waits():
    _, played = play("B", reminding(timedelta(hours=4)))
    assert play("B" * 6, reminding(), played=played)[0] == "  a a"


def test_reminders_that_are_switched_on_begin_with_a_wait():
    _, played = play("BBBBBB", reminding(timedelta(0)))
    assert play("BBBBB", reminding(), played=played)[0] == "  a a"


def test_who_knows_is_not_reminded_and_hears_of_the_end():
    assert play("BBBBBBBB..", reminding(), orders={3: known})[0] == "t a      r"


def test_the_next_incident_is_not_known():
    assert play("BBBB..BBB", reminding(), orders={1: known})[0] == "t    rt a"


def test_what_is_known_is_written_into_the_incident_and_into_the_one_that_ended():
    _, played = play("BBB", reminding(), orders={1: known})
    assert played.state.incident is not None
    assert (played.state.incident.acknowledged_by, played.state.incident.note) == ("ada", "on it")
    assert played.state.incident.acknowledged_at == at(1)
    play("..", reminding(), played=played)
    assert played.state.last is not None
    assert played.state.last.acknowledged_by == "ada"


def test_there_is_nothing_to_know_of_what_is_well():
    with pytest.raises(IncidentEnded):
        acknowledge(State(), "ada", "", START)


HALF, HOUR = timedelta(minutes=30), timedelta(hours=1)
STEPS = reminding(timedelta(0), escalation=steps(HALF, HOUR))


@pytest.mark.parametrize(
    ("answers", "silence", "orders", "told"),
    [
        ("B" * 15, "", {}, "t     e     e"),
        ("B" * 15, "", {7: known}, "t     e"),
        ("B" * 15, "", {1: known}, "t"),
        ("B" * 15, "  mmmmmm", {}, "t       e   e"),  # when the silence is over
        ("B" * 15, " mmmmmmmmmmmm", {}, "t            *"),  # both
        ("B" * 15, "mmmm", {}, "    t     e"),  # since it was told, not since it is so
        ("BBBBBB......", "", {}, "t      r"),
        ("BBBBBB.BB", "", {}, "t      e"),  # not with a good answer
    ],
)
def test_steps(answers, silence, orders, told):
    assert play(answers, STEPS, silence=silence, orders=orders)[0] == told


def test_a_step_goes_to_its_targets_alone_and_what_follows_to_them_too():
    settings = reminding(timedelta(minutes=40), escalation=steps(HALF, HOUR))
    told, played = play("B" * 14 + "..", settings)
    assert told == "t     e a   e  r"
    assert [(notice.routes, notice.escalation) for notice in played.notices] == [
        (None, ()),
        ((), ("oncall1",)),
        (None, ("oncall1",)),
        ((), ("oncall2",)),
        (("mail", "escalation:oncall1", "escalation:oncall2"), ()),
    ]


def test_steps_that_are_taken_out_of_the_configuration_are_not_gone():
    _, played = play("B" * 7, STEPS)
    assert play("B" * 20, reminding(timedelta(0)), played=played)[0] == ""
    assert play("B" * 20, STEPS, played=played)[0] == "e"
