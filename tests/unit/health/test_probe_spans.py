"""Each question of the health watch is a span: what was asked, of whom, and by which code it failed."""

import asyncio

import pytest

from integration.errors import Unreachable
from integration.health.check import OK, Answer
from integration.health.probes.asking import answered


async def give(answer):
    if isinstance(answer, BaseException):
        raise answer
    return answer


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (OK, None),
        (Answer(health="not_asked", code="NotAsked"), None),
        (Answer(health="bad", code="NotLinked", message="SECRET"), "NotLinked"),
        (Unreachable("SECRET"), "Unreachable"),
        (ValueError("SECRET"), "Unforeseen"),
    ],
)
async def test_a_question_is_a_span_that_fails_as_its_answer_does(telemetry, answer, code):
    await answered(give(answer), within=60, whom="contoso", check="link", organization="contoso")
    asked = telemetry.one("probe link")
    wanted = {"fno_link.check": "link", "fno_link.organization": "contoso"} | ({"error.type": code} if code else {})
    assert dict(asked.attributes) == wanted
    assert asked.status.status_code.name == ("ERROR" if code else "UNSET")
    assert "SECRET" not in asked.to_json()


async def test_a_question_without_an_answer_in_time_fails_too(telemetry):
    await answered(asyncio.Event().wait(), within=0, whom="contoso", check="token")
    assert telemetry.one("probe token").attributes["error.type"] == "Unreachable"
