"""A setup in progress: each stage is waited for, what no waiting mends ends it, and so does its time."""

import asyncio
from datetime import UTC, datetime

import pytest

from integration.health.check import Answer, not_asked
from integration.links.values import Linked
from integration.operations.watch import STAGES, Seen, SetupWatch
from tests.fake_clock import PassingClock

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LINK = Linked(url="https://contoso.operations.dynamics.com", tenant_id="t", id="i", trusted=True, checked_at=AT)
OK = Answer(health="ok")
UNREACHABLE = Answer(health="unknown", code="Unreachable", message="no such host", hint="check DNS")
NOT_LINKED = Answer(health="bad", code="0x80048d0b", message="not integrated")
FORBIDDEN = Answer(health="unknown", code="Forbidden", message="no application user", hint="create one")
KINDS = [stage.kind for stage in STAGES]


def at(stage, answer):
    """What a look finds when everything before a stage is over, and nothing after it was asked."""
    place = KINDS.index(stage)
    answers = dict.fromkeys(KINDS[:place], OK) | dict.fromkeys(KINDS[place + 1 :], not_asked(stage)) | {stage: answer}
    if place > KINDS.index("link"):
        answers["link"] = Answer(health="ok", link=LINK)
    return Seen(answers)


READY = Seen(dict.fromkeys(KINDS, OK) | {"link": Answer(health="ok", link=LINK)})


async def followed(looks, within=5_400.0, every=30.0):
    """Follow what a list of looks finds, the last for ever; return the end, what was told, and the clock."""
    clock, told, rest = PassingClock(AT), [], list(looks)

    async def look():
        return rest.pop(0) if len(rest) > 1 else rest[0]

    end = await SetupWatch("contoso", look, clock).follow(within=within, every=every, tell=told.append)
    return end, told, clock


async def test_a_setup_is_followed_from_nothing_to_ready():
    looks = [
        at("token", UNREACHABLE),
        at("dataverse", UNREACHABLE),
        *[at("link", NOT_LINKED)] * 140,
        at("finance_operations", UNREACHABLE),
        READY,
    ]
    end, told, clock = await followed(looks)
    assert (end.state, end.waiting_for, list(end.done)) == ("ready", "", KINDS)
    assert end.link.url == LINK.url
    assert end.seconds == clock.seconds == 30.0 * 143
    assert [len(each.done) for each in told] == [0, 1, *[2] * 140, 4, 5]
    assert "60 to 90 minutes" in told[5].waiting_for
    assert (told[5].code, told[5].message) == ("0x80048d0b", "not integrated")


@pytest.mark.parametrize("stage", ["token", "dataverse", "finance_operations"])
@pytest.mark.parametrize("code", ["Forbidden", "Unauthenticated"])
async def test_a_refusal_ends_it_with_what_to_do_once_it_is_meant(stage, code):
    refusal = Answer(health="unknown", code=code, message="no", hint="create an application user")
    end, told, clock = await followed([at(stage, refusal)])
    assert [each.state for each in told] == ["waiting", "refused"]
    assert (end.state, end.code, end.hint) == ("refused", code, "create an application user")
    assert clock.seconds == 30.0


async def test_an_untrusted_environment_is_refused():
    untrusted = Answer(health="bad", code="UntrustedLink", message="another tenant", hint="check the link")
    end, _, _ = await followed([at("trust", untrusted)])
    assert (end.state, end.code) == ("refused", "UntrustedLink")


async def test_refusals_that_do_not_follow_each_other_are_waited_out():
    looks = [at("dataverse", FORBIDDEN), at("dataverse", UNREACHABLE)] * 20 + [READY]
    end, _, _ = await followed(looks)
    assert end.state == "ready"


async def test_a_refusal_at_another_stage_is_another_one():
    looks = [at("dataverse", FORBIDDEN), at("finance_operations", FORBIDDEN), READY]
    end, told, _ = await followed(looks)
    assert [each.state for each in told] == ["waiting", "waiting", "ready"]
    assert end.state == "ready"


async def test_its_time_ends_it_with_what_was_last_seen_after_a_last_look():
    end, told, clock = await followed([at("link", NOT_LINKED)], within=100.0)
    assert (end.state, end.code, end.seconds, clock.seconds) == ("timeout", "0x80048d0b", 100.0, 100.0)
    assert [each.seconds for each in told] == [0.0, 30.0, 60.0, 90.0, 100.0]


async def test_a_counterpart_that_asks_for_a_pause_has_it():
    throttled = Answer(health="unknown", code="Throttled", retry_after=120.0)
    _, told, _ = await followed([at("link", throttled), READY])
    assert told[-1].seconds == 120.0
    _, told, _ = await followed([at("link", Answer(health="unknown", code="Throttled", retry_after=9e9)), READY])
    assert (told[-1].seconds, told[-1].state) == (5_400.0, "ready")


async def test_a_look_that_never_comes_back_ends_with_the_time():
    async def never():
        await asyncio.Event().wait()

    end = await SetupWatch("contoso", never, PassingClock(AT)).follow(within=0.01, every=0.01, tell=pytest.fail)
    assert (end.state, list(end.done)) == ("timeout", [])
    assert end.message


async def test_what_the_platform_says_is_told_beside():
    seen = Seen(at("link", NOT_LINKED).answers, platform="provisioning")
    end, _, _ = await followed([seen], within=0.0)
    assert end.platform == "provisioning"
