"""One round of questions: what is bad outweighs what is unknown, and nothing that was not asked counts."""

import asyncio
from datetime import UTC, datetime

import msgspec
import pytest

from integration.config.keys.model import Organization
from integration.health.check import OK, Answer, not_asked
from integration.links.values import Linked
from integration.operations.health import HealthOperations, round_of

BAD = Answer(health="bad", code="0x80048d0b", message="not integrated", hint="look", facts={"since": "then"})
UNKNOWN = Answer(health="unknown", code="Throttled", retry_after=30.0)
LINK = Linked(url="https://f", tenant_id="t", id="i", trusted=True, checked_at=datetime(2026, 1, 2, tzinfo=UTC))


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ([], "pass"),
        ([OK, not_asked("link")], "pass"),
        ([OK, UNKNOWN], "unknown"),
        ([UNKNOWN, BAD, OK], "fail"),
    ],
)
def test_the_worst_answer_says_how_all_is(answers, status):
    assert round_of([{str(n): {"link": answer}} for n, answer in enumerate(answers)]).status == status


def test_what_is_known_is_told_and_nothing_else():
    shown = msgspec.to_builtins(
        round_of([{"a": {"token": OK, "link": Answer(health="ok", link=LINK)}}, {"a": {"parked": BAD}}])
    )
    assert shown["checks"]["a"]["token"] == {"health": "ok"}
    assert shown["checks"]["a"]["link"]["link"]["url"] == "https://f"
    assert shown["checks"]["a"]["parked"] == {
        "health": "bad", "code": "0x80048d0b", "message": "not integrated", "hint": "look", "facts": {"since": "then"},
    }  # fmt: skip
    assert msgspec.to_builtins(round_of([{"a": {"link": UNKNOWN}}]))["checks"]["a"]["link"]["retryAfter"] == 30.0


async def test_every_organization_is_asked_once_with_the_causes_of_one_round():
    organizations = [Organization(name=f"o{n}", url=f"https://o{n}.crm.dynamics.com", tenant="t") for n in range(40)]
    asked, causes, under_way, most = [], set(), 0, 0

    async def ask(organization, known):
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        asked.append(organization.name)
        causes.add(id(known))
        return {"token": OK}

    async def storage():
        return {"app": {"storage": UNKNOWN}}

    found = await HealthOperations(organizations, ask, [storage], at_once=4).ask()
    assert sorted(asked) == sorted(each.name for each in organizations)
    assert (len(causes), most) == (1, 4)
    assert found.status == "unknown"
    assert set(found.checks) == {"app", *asked}
