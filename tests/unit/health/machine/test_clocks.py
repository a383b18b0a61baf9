"""A clock that is set back or ahead: no duration is negative, nothing is told twice, and nothing waits for ever."""

from datetime import timedelta

import msgspec
import pytest

from integration.health.machine import acknowledge
from integration.health.machine.clocks import steadied
from tests.unit.health.machine.playing import AWAY, LOST, OK, QUIET, START, Played, link, steps

HOUR = timedelta(hours=1)
SETTINGS = msgspec.structs.replace(
    QUIET,
    reminder_every=HOUR,
    reminder_factor=1.0,
    flapping=3,
    stable_for=timedelta(minutes=20),
    escalation=steps(2 * HOUR),
)


def told(*rounds):
    """Play answers at minutes."""
    played = Played()
    return [played.answer(answer, START + timedelta(minutes=minute), SETTINGS) for minute, answer in rounds], played


@pytest.mark.parametrize(
    ("minutes", "letters"),
    [
        ([0, 30, 60, 90, 120], ["t", "", "a", "", "ae"]),
        ([0, -600, -570, -540, -510], ["t", "", "", "a", ""]),  # back: the next is one wait later
        ([0, 6000, 30, 60, 90, 120], ["t", "ae", "", "", "a", ""]),  # far ahead and back: one wait later
        ([0, 60, 0, 60, 0, 60], ["t", "a", "", "a", "", "a"]),  # to and fro: an hour each time, as it shows
        ([0, 119, -1, 60, 118, 119], ["t", "a", "", "a", "", "e"]),
    ],
)
def test_reminders_and_steps(minutes, letters):
    assert told(*((minute, LOST) for minute in minutes))[0] == letters


def test_what_was_remembered_lies_no_longer_ahead():
    _, played = told((0, LOST), (1, OK), (2, LOST))
    assert played.state.incident is not None
    known = msgspec.structs.replace(
        acknowledge(played.state, "ada", "", START),
        doubted_since=START,
        changes=(START,),
        changed_at=START,
        relinked_at=START,
    )
    now = START - HOUR
    after = steadied(known, now)
    assert after.incident is not None
    incident = after.incident
    mine = (after.checked_at, after.since, after.doubted_since, *after.changes, after.changed_at, after.relinked_at)
    assert {*mine, incident.since, incident.told_at, incident.acknowledged_at} == {now}


def test_no_time_of_a_notice_is_after_it():
    _, played = told((600, LOST), (0, LOST), (60, LOST), (61, OK), (-60, LOST), (-61, OK))
    assert len(played.notices) == 5
    assert [notice for notice in played.notices if notice.since > notice.at] == []


def test_two_incidents_at_the_same_time_by_the_clock_have_two_names():
    _, played = told((0, LOST), (1, OK), (0, LOST), (1, OK))
    assert len({notice.key for notice in played.notices}) == 4


def test_flapping_that_lies_ahead_is_over_when_it_has_been_stable():
    flaps = [(600 + n, OK if n % 2 else LOST) for n in range(5)]
    letters, _ = told(*flaps, (0, LOST), (10, LOST), (19, LOST), (20, LOST))
    assert letters == ["t", "r", "t", "r", "f", "", "", "", "t"]


def test_a_move_that_lies_ahead_holds_the_next_one_back_no_longer_than_any():
    letters, _ = told((600, link("a")), (601, link("b")), (0, link("a")), (19, link("a")), (20, link("a")))
    assert letters == ["", "l", "", "", "l"]


def test_an_incident_keeps_the_time_by_which_it_is_named():
    _, played = told((600, AWAY), (0, AWAY))
    assert played.state.incident is not None
    assert played.state.incident.opened_at == START + timedelta(minutes=600)
    assert played.state.incident.since == START
