"""A program in each language of the clients asks the live host: unchanged, unknown, relinked, unreachable, lied to."""

import json
import re
import sys
import textwrap
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import pytest

from emulation.tcp_proxy import Exchanges, TcpProxy
from tests.clients.programs import ENVIRONMENT, LANGUAGES, ROOT, Program, csharp, has_mono, run
from tests.e2e.stage import until
from tests.e2e.topology import NOBODY, PORTAL, home

MOVED = "https://asked-moved.operations.dynamics.com"
AT_HOME = {"url": home("asked"), "stale": False}


class Everybody:
    """One program a language, all asked the same."""

    def __init__(self, commands, app, **options) -> None:
        self._stack = ExitStack()
        self._start = lambda command: self._stack.enter_context(Program(command, app, **options))
        self._commands = commands

    def __enter__(self) -> Self:
        with self._stack:
            self._programs = {language: self._start(command) for language, command in self._commands.items()}
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def say(self, said, name="asked"):
        assert {language: program.ask(name) for language, program in self._programs.items()} == dict.fromkeys(
            self._programs, said
        )

    def come_to_say(self, said):
        for program in self._programs.values():
            until(lambda program=program: program.ask("asked") == said)


@pytest.fixture(scope="module")
def commands(tmp_path_factory):
    return {language: build(tmp_path_factory.mktemp(language)) for language, build in LANGUAGES.items()}


@pytest.fixture
def asked(stage):
    def refresh():
        return stage.ask("POST", "organizations/asked/link/refresh")

    stage.refresh = refresh
    answer = refresh()
    assert answer.status_code == 200, answer.text
    yield stage
    stage.control.heal("asked")
    stage.control.link("asked", home("asked"))
    until(lambda: refresh().status_code == 200)


def key_of(stage):
    return stage.host.function_keys["link"]["default"]


def test_what_becomes_of_a_link_and_of_the_way_to_it(asked, commands):
    port = int(asked.host.url.rpartition(":")[2])
    seen, unchanged = Exchanges(), []
    with (
        TcpProxy(port, exchanges=seen) as way,
        Everybody(commands, f"http://127.0.0.1:{way.port}", key=key_of(asked)) as everybody,
    ):
        everybody.say(AT_HOME)

        def asked_again():
            everybody.say(AT_HOME)
            unchanged.extend(each for each in seen.take() if each.status == 304)
            return len(unchanged) >= len(commands)

        until(asked_again)
        assert {each.begins for each in unchanged} == {b""}, "what has not changed comes without a body"
        everybody.say({"refused": "UnknownOrganization"}, "nobody")
        asked.control.relink("asked", MOVED)
        until(lambda: asked.refresh().json()["url"] == MOVED)
        everybody.come_to_say({"url": MOVED, "stale": False})

        asked.control.unlink("asked")
        until(lambda: asked.refresh().json()["state"] == "not_linked")
        everybody.come_to_say({"not_linked": "0x80048d0b"})
        asked.control.throttle("asked", 2.0)
        # Nobody knows now, and "not linked" is not kept.
        everybody.come_to_say({"unknown": "Throttled", "status": 503})

        asked.control.heal("asked")
        asked.control.link("asked", home("asked"))
        until(lambda: asked.refresh().status_code == 200)
        with Everybody(commands, f"http://127.0.0.1:{way.port}", key=key_of(asked), keep_for=4) as forgetful:
            forgetful.come_to_say(AT_HOME)
            way.cut()
            forgetful.come_to_say({"url": home("asked"), "stale": True})
            forgetful.come_to_say({"unknown": "Unreachable", "status": 0})
            way.restore()
            forgetful.come_to_say(AT_HOME)


def test_what_has_not_changed_is_answered_without_a_body(asked, commands):
    with Everybody(commands, asked.receivers.url("between"), key="a-key") as everybody:
        real = asked.get("organizations/asked/link")
        fresh = {"etag": real.headers["etag"], "cache-control": "max-age=0", "content-type": "application/json"}
        asked.receivers.fail("between", 200, times=len(commands), body=real.text, headers=fresh)
        everybody.say(AT_HOME)
        asked.receivers.fail("between", 304, headers={"cache-control": "max-age=600"})
        everybody.say(AT_HOME)
        everybody.say(AT_HOME)
    tags = [dict(each.headers).get("if-none-match") for each in asked.receivers.received("between")]
    assert tags == [None] * len(commands) + [real.headers["etag"]] * len(commands)
    assert asked.get("organizations/asked/link", If_None_Match=tags[-1]).status_code == 304


def test_a_key_of_another_function_is_refused(asked, commands):
    other = asked.host.function_keys["organizations"]["default"]
    with Everybody(commands, asked.host.url, key=other) as everybody:
        everybody.say({"refused": "AppRefused"})


def test_who_answers_in_its_place_is_not_believed_and_gets_no_key_by_a_redirect(asked, commands):
    with Everybody(commands, asked.receivers.url("liar"), key="a-key-of-link") as everybody:
        for status, headers, body in (
            (200, {"content-type": "text/html"}, "<html>Sign in</html>"),
            (200, {"content-type": "application/json"}, '{"state": "linked", "url": "https://a.b"}'),
            (307, {"location": asked.receivers.url("elsewhere")}, ""),
        ):
            asked.receivers.fail("liar", status, body=body, headers=headers)
            everybody.come_to_say({"unknown": "UnexpectedAnswer", "status": status})
    keys = {dict(each.headers)["x-functions-key"] for each in asked.receivers.received("liar")}
    assert keys == {"a-key-of-link"}
    assert asked.receivers.received("elsewhere") == []


def test_why_it_is_unknown_is_the_same_word_in_every_language(asked, commands):
    with Everybody(commands, asked.receivers.url("between"), key="a-key") as everybody:
        for code in ("Forbidden", "Busy", "StorageUnavailable", "RowRefused", ""):
            problem = json.dumps({"code": code, "detail": "x"})
            asked.receivers.fail("between", 503, body=problem, headers={"content-type": "application/problem+json"})
            said = {"unknown": code if code in {"Forbidden", "Busy"} else "LinkUnknown", "status": 503}
            # An organization of its own for each: one that could not be told is not asked for again at once.
            everybody.say(said, f"of-{code}")


@pytest.fixture
def token(stage):
    return stage.token


def test_a_token_with_the_role_is_let_in_and_one_without_or_none_of_ours_is_refused(stage, commands, token):
    with Everybody(commands, stage.host.url, token=token(PORTAL)) as everybody:
        everybody.say({"url": home("contoso"), "stale": False}, "contoso")
        everybody.say({"refused": "UnknownOrganization"}, "watched")
    with Everybody(commands, stage.host.url, token=token(NOBODY)) as everybody:
        everybody.say({"refused": "AppRefused"}, "contoso")
    with Everybody(commands, stage.host.url, token="a.b.c") as everybody:
        everybody.say({"refused": "AppRefused"}, "contoso")


def test_the_request_of_the_logic_app_is_let_in_and_its_answer_is_one_that_the_workflow_knows(stage, token):
    workflow = json.loads((ROOT / "samples" / "logic-app" / "workflow.json").read_text("utf-8"))
    asks = workflow["actions"]["Ask_for_the_link"]["inputs"]
    assert asks["authentication"] == {"type": "ManagedServiceIdentity", "audience": "@parameters('audience')"}
    uri = (
        asks["uri"].replace("@{parameters('app')}", stage.host.url).replace("@{parameters('organization')}", "contoso")
    )
    shown = {**asks.get("headers", {}), "authorization": f"Bearer {token(PORTAL)}"}
    answer = stage.http.request(asks["method"], uri, headers=shown)
    assert (answer.status_code, answer.json()["url"]) == (200, home("contoso"))
    known = workflow["actions"]["By_its_state"]
    assert known["expression"] == "@body('Ask_for_the_link')?['state']"
    assert answer.json()["state"] in {each["case"] for each in known["cases"].values()}


def of_the_page(kind):
    page = (ROOT / "docs" / "clients.md").read_text("utf-8")
    return re.findall(rf"^```{kind}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


PYTHON = """
import asyncio, os
APP, KEY = os.environ["FNO_LINK_APP"], os.environ["FNO_LINK_KEY"]
async def main():
"""
FORM = """
let told;
const form = {ui: {setFormNotification: (text) => { told = text; }}};
globalThis.Xrm = {WebApi: {online: {execute: async (request) => ({json: () => LINK})}}};
await showLink({getFormContext: () => form});
console.log(told);
"""


def test_the_examples_of_the_page_say_what_contoso_is_linked_to(stage, commands, tmp_path):
    env = {**ENVIRONMENT, "FNO_LINK_APP": stage.host.url, "FNO_LINK_KEY": key_of(stage)}
    for block in of_the_page("python"):
        program = PYTHON + textwrap.indent(block, "    ") + "asyncio.run(main())\n"
        assert home("contoso") in run(sys.executable, "-c", program, env=env)
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "fno-link-client").symlink_to(Path(commands["typescript"][1]).parent)
    [block] = of_the_page("js")
    (tmp_path / "example.mjs").write_text(block)
    assert run("node", "example.mjs", env=env, cwd=tmp_path) == f"{home('contoso')}\n"
    [block] = of_the_page("sh")
    said = run("sh", "-c", block, env=env)
    assert home("contoso") in said
    assert "\netag: " in said.lower()
    if has_mono():
        [block] = of_the_page("csharp")
        (tmp_path / "Example.cs").write_text(block)
        assert run("mono", str(csharp(tmp_path, tmp_path / "Example.cs")), env=env) == f"{home('contoso')}\n"
    [block] = of_the_page("javascript")
    form = FORM.replace("LINK", '({State: "linked", Url: "https://c.operations.dynamics.com"})')
    (tmp_path / "form.mjs").write_text(block + form)
    assert run("node", "form.mjs", env=env, cwd=tmp_path) == "Finance & Operations: https://c.operations.dynamics.com\n"
