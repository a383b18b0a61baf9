"""`fno-link doctor --app`: the app that runs in the functions host, asked with every kind of key."""

import json

import pytest

from integration.cli import frame
from integration.cli.doctor.app import look
from integration.cli.remote import App
from integration.config import check_text
from tests.e2e.stage import until
from tests.other_site import serving

TOML = """
[[organizations]]
name = "contoso"
url = "https://contoso.crm.dynamics.com"
tenant = "contoso.onmicrosoft.com"
"""
SOURCE = '[sources.{name}]\nkind = "http"\norganization = "contoso"\n'


@pytest.fixture
def doctor(stage):
    """Ask the stage's app with these keys, for a configuration with these sources."""

    async def ask(*sources, url=stage.host.url, **keys):
        settings = {"AzureWebJobsStorage": "UseDevelopmentStorage=true"}
        text = TOML + "".join(SOURCE.format(name=name) for name in sources)
        checked = check_text(text, settings)
        assert checked.configuration, checked.problems
        found = await look(App(url), {**settings, **keys}, checked.configuration)
        return {each.step: each for each in found}

    return ask


def own(stage, function):
    return stage.host.function_keys[function]["default"]


async def test_without_a_key_what_needs_none_is_asked(doctor, stage):
    found = await doctor("contoso", "small")
    assert found["deployed"].verdict == "pass"
    assert found["deployed_health"].message.endswith(("pass", "FNO_LINK_KEY opens no details"))
    assert (found["deployed_key"].verdict, found["deployed_version"].because) == ("skipped", "deployed_key")
    assert (found["deployed_https"].verdict, "over http, on this machine" in found["deployed_https"].message) == (
        "skipped",
        True,
    )
    assert (found["deployed_intake"].verdict, "nobody is let in" in found["deployed_intake"].message) == ("warn", True)


async def test_a_key_that_is_refused_too_weak_or_too_strong_is_told_so(doctor, stage):
    async def judged(key, *sources):
        found = await doctor(*sources, FNO_LINK_KEY=key)
        return found["deployed_key"].verdict, found["deployed_key"].message, found

    verdict, message, _ = await judged("wrong")
    assert (verdict, "operations takes it" in message) == ("fail", True)
    verdict, message, found = await judged(own(stage, "health_details"))
    assert (verdict, message.startswith("too weak for some: it opens health_details; it does not: ")) == ("warn", True)
    assert found["deployed_version"].verdict == "pass"
    verdict, message, found = await judged(own(stage, "status_operator"))
    assert (verdict, "it opens status_operator;" in message) == ("warn", True)
    assert found["deployed_version"].because == "deployed_key"
    verdict, message, _ = await judged(stage.host.key, "contoso")
    assert (verdict, message.startswith("too strong: it is a host key")) == ("warn", True)
    verdict, message, _ = await judged(stage.host.master_key, "contoso")
    assert (verdict, message.startswith("too strong: it is the master key")) == ("warn", True)
    verdict, message, _ = await judged(stage.host.key)
    assert verdict == "pass", message
    assert "status_operator" in message


async def test_the_key_of_each_source_is_asked_and_leaves_no_event_behind(doctor, stage):
    def events():
        return stage.ask("GET", "events?limit=200").json()["events"]

    until(lambda: stage.get("events").status_code == 200)
    before = events()
    keys = {"FNO_LINK_KEY_CONTOSO": own(stage, "intake_contoso"), "FNO_LINK_KEY_SMALL": own(stage, "intake_small")}
    found = (await doctor("contoso", "small", **keys))["deployed_intake"]
    assert found.verdict == "pass", found.message

    async def told(verdict, *sources, **keys):
        found = (await doctor(*sources, **keys))["deployed_intake"]
        assert found.verdict == verdict, found.message
        return found.message

    swapped = {"FNO_LINK_KEY_CONTOSO": own(stage, "intake_small")}
    assert "contoso: the sender's key is refused (401)" in await told("fail", "contoso", **swapped)
    assert "small: the sender's key opens more than its source" in await told(
        "warn", "small", FNO_LINK_KEY_SMALL=stage.host.key
    )
    assert "nobody: the app has no such source" in await told("fail", "nobody", FNO_LINK_KEY=stage.host.key)
    assert events() == before


async def test_another_version_and_another_app_are_told(doctor, stage, monkeypatch):
    monkeypatch.setattr("integration.cli.doctor.app.deployed.OURS", "99.0.0")
    found = (await doctor(FNO_LINK_KEY=stage.host.key))["deployed_version"]
    assert (found.verdict, found.message) == ("warn", "the app is 0.1.0, this command line 99.0.0")
    with serving("<p>a page</p>") as port:
        found = await doctor("contoso", url=f"http://127.0.0.1:{port}", FNO_LINK_KEY="x")
    assert (found["deployed"].verdict, "not as fno-link does" in found["deployed"].message) == ("fail", True)
    assert {each.because for name, each in found.items() if name != "deployed"} == {"deployed"}


def test_the_command_asks_no_organization_and_ends_with_its_exit_code(stage, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FNO_LINK_KEY", "wrong")
    assert frame.run(["doctor", "--app", stage.host.url, "--only", "deployed*", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert {each["step"]: each["verdict"] for each in told["own"]}["deployed_key"] == "fail"
    assert told["organizations"] == []
    assert frame.run(["doctor", "--app", "https://127.0.0.1:9", "--only", "deployed*", "--json"]) == 3
