"""A reason that changes goes on under the incident that is open, and is told where it is definite and new."""

import msgspec
import pytest

from integration.health.check import Answer
from integration.health.machine.telling import MOST_REASONS
from tests.unit.health.machine.playing import AWAY, LOST, OK, QUIET, play
from tests.unit.health.machine.test_reminders import known

THROTTLED = Answer(health="unknown", code="Throttled", message="slower")
REFUSED = Answer(health="bad", code="Forbidden", message="no")


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ("UUB", "t c"),
        ("UBUBUB", "tc"),  # once
        ("BUB", "t"),  # that it cannot be asked now is less than is known
        ("UB.", "tcr"),
        ("UB.UB", "tcrtc"),  # another incident
        ([AWAY, THROTTLED, AWAY], "t"),  # for another reason not to be asked is none for a message
        ([LOST, REFUSED, LOST, REFUSED], "tc"),
        ([AWAY, REFUSED, LOST, OK], "tccr"),
    ],
)
def test_what_is_told(answers, told):
    assert play(answers)[0] == told


def test_it_is_the_same_incident_with_what_is_known_now():
    _, played = play("UB")
    first, second = played.notices
    assert first.incident == second.incident
    assert (second.key, second.health, second.code, second.hint) == (
        f"{first.incident}:changed:1",
        "bad",
        "0x80048d0b",
        "link it",
    )


def test_a_reason_that_is_not_told_is_written_into_the_incident():
    _, played = play([AWAY, THROTTLED])
    assert played.state.incident is not None
    assert (played.state.incident.code, played.state.incident.message) == ("Throttled", "slower")


def test_who_knows_that_it_cannot_be_asked_still_hears_once_that_it_is_lost():
    assert play("UUBBB", orders={1: known})[0] == "t c"


def test_reasons_count_for_the_threshold_together_and_the_last_one_is_told():
    three = msgspec.structs.replace(QUIET, failure_threshold=3)
    told, played = play("UUB", three)
    assert told == "  t"
    assert played.notices[0].code == "0x80048d0b"


def test_codes_without_end_are_not_told_without_end():
    codes = [Answer(health="bad", code=f"C{n}") for n in range(100)]
    _, played = play(codes)
    assert len(played.told("changed")) == MOST_REASONS - 1
