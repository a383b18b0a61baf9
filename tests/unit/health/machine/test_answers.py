"""Of token, WhoAmI and link one answer, and none longer than a row may hold."""

import msgspec
import pytest

from integration.events.alerts import Failed
from integration.health.check import OK, Answer, not_asked
from integration.health.machine import together
from tests.unit.health.machine.playing import AWAY, LOST, link, play

LINKED = link("a")


@pytest.mark.parametrize(
    ("parts", "answer"),
    [
        ({"token": OK, "dataverse": OK, "link": LINKED}, LINKED),
        ({"token": OK, "dataverse": OK, "link": LOST}, LOST),
        ({"token": OK, "dataverse": AWAY, "link": not_asked("dataverse")}, AWAY),
        ({"token": AWAY, "dataverse": not_asked("token"), "link": not_asked("token")}, AWAY),
        ({"token": not_asked("a"), "dataverse": OK, "link": LINKED}, not_asked("a")),
        ({}, not_asked("nothing")),
        ({"token": OK, "dataverse": OK, "link": LINKED, "finance_operations": LOST}, LINKED),
    ],
)
def test_the_first_that_is_not_ok(parts, answer):
    assert together(parts) == answer


def test_what_cannot_be_asked_and_then_is_lost_is_one_incident():
    token = together({"token": AWAY, "dataverse": not_asked("token"), "link": not_asked("token")})
    lost = together({"token": OK, "dataverse": OK, "link": LOST})
    told, played = play([token, lost, LINKED])
    assert told == "tcr"
    assert len({notice.incident for notice in played.notices}) == 1


def test_texts_without_end_fit_into_a_row():
    failed = tuple(Failed(type="t", id=str(n), code="c", message="m" * 10_000) for n in range(100))
    endless = Answer(health="bad", code="C", message="m" * 100_000, hint="h" * 100_000, failed=failed)
    _, played = play([endless, endless])
    notice = played.notices[0]
    assert (len(notice.message), len(notice.hint), len(notice.failed)) == (2_000, 2_000, 10)
    assert len(msgspec.json.encode(played.state)) < 16_000
