"""The checks of an organization against the emulated Entra, Dataverse and F&O: what fails, and what is not asked."""

import asyncio
from datetime import UTC, datetime

import pytest

from emulation.dynamics import Fault
from integration.config.keys.model import Credentials
from integration.health.maintenance.platform import PlatformView
from integration.health.probes.causes import Causes
from integration.health.probes.remembered import Remembered
from tests.contract.health.worlds import configured, world

KINDS = ["token", "dataverse", "link", "trust", "finance_operations"]


def healths(answers):
    return {kind: answers[kind].health for kind in KINDS}


async def ask(dynamics, emulated, **more):
    organization = configured(emulated)
    async with world(dynamics, organization, **more) as opened:
        return await opened.probe.ask(organization)


async def test_a_sound_organization_is_asked_each_question_once(dynamics):
    emulated = dynamics.organization()
    answers = await ask(dynamics, emulated)
    assert healths(answers) == dict.fromkeys(KINDS, "ok")
    assert answers["link"].link.url == f"https://{emulated.name}.operations.dynamics.com"
    assert answers["dataverse"].facts["organization_id"] == emulated.id()
    calls = dynamics.control.calls(emulated.name)
    assert (calls["whoami"], calls["link"], calls["fno"]) == (1, 1, 1)
    assert calls["token"] == 3  # for Dataverse, Microsoft Graph and F&O


async def test_behind_an_entra_that_does_not_answer_nothing_is_asked(dynamics):
    emulated = dynamics.organization()
    dynamics.control.break_(emulated.name, "unavailable", kind="token")
    answers = await ask(dynamics, emulated)
    assert healths(answers) == dict.fromkeys(KINDS, "not_asked") | {"token": "unknown"}
    assert (answers["token"].code, answers["token"].cause) == ("Unreachable", "entra:contoso.onmicrosoft.com")
    assert "whoami" not in dynamics.control.calls(emulated.name)


async def test_a_secret_that_entra_refuses_is_no_cause_of_others(dynamics):
    emulated = dynamics.organization()
    dynamics.control.expire_secrets(dynamics.client_id)
    answers = await ask(dynamics, emulated)
    token = answers["token"]
    assert (token.health, token.code, token.cause) == ("unknown", "Unauthenticated", "")
    assert token.facts["remote_code"] == "AADSTS7000222"
    assert answers["link"].code == "NotAsked"


async def test_a_missing_application_user_fails_who_am_i(dynamics):
    emulated = dynamics.organization()
    dynamics.control.set_access(dynamics.client_id, [])
    answers = await ask(dynamics, emulated)
    assert healths(answers) == dict.fromkeys(KINDS, "not_asked") | {"token": "ok", "dataverse": "unknown"}
    assert (answers["dataverse"].code, answers["dataverse"].facts["remote_code"]) == ("Forbidden", "0x80072560")


async def test_not_linked_is_the_one_answer_of_the_link_that_is_bad(dynamics):
    emulated = dynamics.organization(linked=False)
    answers = await ask(dynamics, emulated)
    assert healths(answers) == {
        "token": "ok",
        "dataverse": "ok",
        "link": "bad",
        "trust": "not_asked",
        "finance_operations": "not_asked",
    }
    assert answers["link"].code == "0x80048d0b"


async def test_an_environment_that_is_not_trusted_is_neither_asked_nor_is_a_token_for_it(dynamics):
    emulated = dynamics.organization()
    dynamics.control.break_(emulated.name, "untrusted_host", kind="link")
    answers = await ask(dynamics, emulated)
    assert (answers["link"].health, answers["trust"].health) == ("ok", "bad")
    assert (answers["trust"].code, answers["finance_operations"].health) == ("UntrustedLink", "not_asked")
    assert dynamics.control.calls(emulated.name)["token"] == 2  # for Dataverse and Microsoft Graph


async def test_fifty_organizations_of_a_tenant_ask_an_entra_that_is_away_once(dynamics):
    emulated = [dynamics.organization() for _ in range(50)]
    for each in emulated:
        dynamics.control.break_(each.name, "unavailable", kind="token")
    organizations = [configured(each) for each in emulated]
    causes = Causes()
    async with world(dynamics, *organizations) as opened:
        asked = await asyncio.gather(*(opened.probe.ask(each, causes=causes) for each in organizations))
    assert {answers["token"].cause for answers in asked} == {"entra:contoso.onmicrosoft.com"}
    calls = [dynamics.control.calls(each.name) for each in emulated]
    # msal itself asks once more when it is answered 503.
    assert sum(each.get("token", 0) > 0 for each in calls) == 1


async def test_who_has_a_token_is_asked_though_entra_is_away(dynamics):
    warm, cold = (configured(dynamics.organization()) for _ in range(2))
    causes = Causes()
    async with world(dynamics, warm, cold) as opened:
        await opened.probe.ask(warm)
        for each in (warm, cold):
            dynamics.control.break_(each.name, "unavailable", kind="token")
        assert (await opened.probe.ask(cold, causes=causes))["token"].health == "unknown"
        assert healths(await opened.probe.ask(warm, causes=causes)) == dict.fromkeys(KINDS, "ok")


WAITS = [
    (Fault("throttled", "whoami"), "dataverse", "dataverse", "Throttled"),
    (Fault("unavailable", "whoami"), "dataverse", "dataverse", "Unreachable"),
    (Fault("throttled", "link"), "link", "dataverse", "Throttled"),
    (Fault("unavailable", "link"), "link", "dataverse", "Unreachable"),
    (Fault("throttled", "fno"), "finance_operations", "finance_operations", "Throttled"),
    (Fault("unavailable", "fno"), "finance_operations", "finance_operations", "Unreachable"),
    (Fault("throttled", "token"), "token", "token", "Throttled"),
]


@pytest.mark.parametrize(("fault", "first", "then", "code"), WAITS, ids=[f"{w[0].effect} {w[0].kind}" for w in WAITS])
async def test_who_asked_for_a_wait_is_not_asked_before_it_is_over(dynamics, fault, first, then, code):
    kind = fault.kind
    emulated = dynamics.organization()
    organization = configured(emulated)
    dynamics.control.break_(emulated.name, fault.effect, kind=kind, retry_after="300", times=1)
    async with world(dynamics, organization) as opened:
        failed = (await opened.probe.ask(organization))[first]
        assert (failed.health, failed.code) == ("unknown", code)
        assert 295 < failed.retry_after <= 331  # the resolver lets organizations go on out of step
        calls = dynamics.control.calls(emulated.name)[kind]
    past = {first: Remembered(failed, opened.clock.now())}
    # Another process: nothing but what the round has remembered tells it.
    async with world(dynamics, organization) as opened:
        rests = (await opened.probe.ask(organization, past=past))[then]
    assert (rests.health, rests.code, rests.message) == ("unknown", code, failed.message)
    assert 0 < rests.retry_after <= failed.retry_after
    assert dynamics.control.calls(emulated.name)[kind] == calls


async def test_an_environment_that_asked_for_a_wait_says_nothing_of_the_next_one(dynamics):
    emulated = dynamics.organization()
    organization = configured(emulated)
    dynamics.control.break_(emulated.name, "throttled", kind="fno", retry_after="300", times=1)
    async with world(dynamics, organization) as opened:
        failed = (await opened.probe.ask(organization))["finance_operations"]
        dynamics.control.link(emulated.name, f"https://{emulated.name}-new.operations.dynamics.com")
        past = {"finance_operations": Remembered(failed, opened.clock.now())}
        assert (await opened.probe.ask(organization, past=past))["finance_operations"].health == "ok"


@pytest.mark.parametrize("kind", ["token", "whoami", "link", "fno"])
async def test_an_answer_that_never_comes_ends_in_time(dynamics, kind):
    emulated = dynamics.organization()
    dynamics.control.break_(emulated.name, "hang", kind=kind)
    answers = await ask(dynamics, emulated, within=1.0)
    asked = {"token": "token", "whoami": "dataverse", "link": "link", "fno": "finance_operations"}[kind]
    assert (answers[asked].health, answers[asked].code) == ("unknown", "Unreachable")
    assert "within 1 s" in answers[asked].message


def platform(link, url=""):
    return PlatformView(at=datetime(2026, 1, 2, tzinfo=UTC), link=link, url=url)


@pytest.mark.parametrize(
    ("view", "agrees"),
    [
        (platform("not_linked"), "agrees"),
        (platform("linked", "https://one.operations.dynamics.com"), "disagrees"),
        (platform("unknown"), None),
        (None, None),
    ],
)
async def test_a_lost_link_says_whether_the_platform_agrees(dynamics, view, agrees):
    emulated = dynamics.organization(linked=False)
    organization = configured(emulated)
    async with world(dynamics, organization) as opened:
        link = (await opened.probe.ask(organization, platform=view))["link"]
    assert link.facts.get("agrees") == agrees
    assert bool(link.facts.get("second_view")) == bool(agrees)


async def test_an_identity_endpoint_that_does_not_answer_is_one_cause_for_all_tenants(dynamics, monkeypatch):
    for name, value in dynamics.identity_environ.items():
        monkeypatch.setenv(name, value)
    emulated = dynamics.organization()
    async with world(dynamics, configured(emulated), credentials=Credentials()) as opened:
        answers = await opened.probe.ask(configured(emulated))
        assert (healths(answers), answers["credential"].health) == (dict.fromkeys(KINDS, "ok"), "not_asked")
    dynamics.control.break_(emulated.name, "unavailable", kind="token")
    async with world(dynamics, configured(emulated), credentials=Credentials()) as opened:
        token = (await opened.probe.ask(configured(emulated)))["token"]
    assert (token.health, token.cause) == ("unknown", "entra:managed_identity")
