"""What the doctor makes of an app's answers, each once as it should be and once not."""

import json
import tomllib
from pathlib import Path

import pytest

from integration.cli.doctor.app.asking import HEALTH_MEDIA, Reply
from integration.cli.doctor.app.intakes import Door, judge_intake
from integration.cli.doctor.app.judging import judge_app, judge_health, judge_https, judge_version, plain_address
from integration.cli.doctor.app.keys import Opened, judge_key
from integration.version import VERSION

ROOT = Path(__file__).parents[3]
HERE = "https://fno-link.azurewebsites.net"


def health(code=200, /, **content):
    return Reply(code, HEALTH_MEDIA, json.dumps(content).encode())


def test_the_code_says_the_version_of_the_project():
    assert tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"] == VERSION


@pytest.mark.parametrize(
    ("reply", "verdict", "told"),
    [
        (health(status="pass"), "pass", "200"),
        (health(503, status="fail"), "pass", "503"),
        (Reply(404, "text/html"), "fail", "404 (text/html), not as fno-link does"),
        (Reply(503), "unknown", "503 (no content type)"),
        (Reply(error="ConnectTimeout"), "unknown", "did not answer: ConnectTimeout"),
        (Reply(error="ConnectError: [SSL: CERTIFICATE_VERIFY_FAILED]"), "fail", "CERTIFICATE_VERIFY_FAILED"),
        (Reply(error="x\x1b[2J" + "y" * 10_000), "unknown", r"x\x1b[2J"),
    ],
)
def test_whether_it_answers(reply, verdict, told):
    found = judge_app(reply)
    assert (found.verdict, told in found.message) == (verdict, True), found.message
    assert len(found.message) < 500


@pytest.mark.parametrize(
    ("base", "reply", "verdict", "told"),
    [
        (HERE, Reply(301, location="https://fno-link.azurewebsites.net/api/health"), "pass", "leads to https"),
        (HERE, Reply(error="ConnectError"), "pass", "nobody answers"),
        (HERE, Reply(403, "text/html"), "pass", "not as fno-link does"),
        (HERE, health(status="pass"), "fail", "keys may travel in the clear"),
        (f"{HERE}:8443", None, "skipped", "names a port"),
        ("http://127.0.0.1:7071", None, "skipped", "on this machine"),
    ],
)
def test_whether_it_can_be_asked_in_the_clear(base, reply, verdict, told):
    assert bool(plain_address(base)) == (reply is not None)
    found = judge_https(base, reply)
    assert (found.verdict, told in found.message) == (verdict, True), found.message


PROBLEM = {"file": "fno-link.toml", "key": "sources.erp", "message": "is wrong", "hint": ""}
LOST = {"contoso": {"status": "fail", "code": "NotLinked"}, "fabrikam": {"status": "pass"}}


@pytest.mark.parametrize(
    ("reply", "details", "verdict", "told"),
    [
        (health(status="pass"), None, "pass", "pass"),
        (health(status="pass"), health(status="warn", targets={"crm": {"status": "warn"}}), "warn", "warn: crm warn"),
        (health(503, status="fail"), health(503, status="fail", checks=LOST), "fail", "fail: contoso fail NotLinked"),
        (health(503, status="fail"), None, "fail", "FNO_LINK_KEY opens no details"),
        (health(503, status="fail", problems=2), None, "fail", "its configuration has 2 problems"),
        (health(), health(503, status="fail", problems=[PROBLEM]), "fail", "1 problems: sources.erp: is wrong"),
        (health(status="sideways"), None, "unknown", "sideways"),
        (Reply(200, HEALTH_MEDIA, b"["), None, "unknown", "None"),
        (health(status="fail", checks=[1], targets={"x": 1}), None, "fail", "fail"),
    ],
)
def test_how_it_says_that_it_is(reply, details, verdict, told):
    found = judge_health(reply, details)
    assert (found.verdict, told in found.message) == (verdict, True), found.message


@pytest.mark.parametrize(
    ("details", "verdict"),
    [
        (health(version="1.0"), "pass"),
        (health(version="0.9"), "warn"),
        (health(), "warn"),
        (health(version=1), "warn"),
        (None, "skipped"),
    ],
)
def test_the_versions_of_app_and_command_line(details, verdict):
    assert judge_version(details, "1.0").verdict == verdict


YES, NO, GONE, DOWN = Reply(400), Reply(401), Reply(404), Reply(500)


def opened(master=NO, intake=NO, without=NO, **operations):
    return Opened(operations=operations, without=without, master=master, intake=intake)


@pytest.mark.parametrize(
    ("found", "verdict", "told"),
    [
        (opened(events=YES, status_operator=YES), "pass", "it opens events, status_operator"),
        (opened(events=YES, status_operator=NO), "pass", "it reads, and does not act"),
        (opened(events=YES, status_operator=YES, intake=None), "pass", "it opens"),
        (opened(events=NO, status_operator=NO), "fail", "none of 2 operations takes it"),
        (opened(events=Reply(403)), "fail", "none of 1"),
        (opened(events=YES, parked=NO), "warn", "too weak for some: it opens events; it does not: parked"),
        (opened(events=YES, master=Reply(200)), "warn", "too strong: it is the master key"),
        (opened(events=YES, intake=Reply(200)), "warn", "too strong: it is a host key"),
        (opened(events=YES, parked=GONE), "warn", "the app has no parked"),
        (opened(events=YES, parked=DOWN), "warn", "without an answer: parked (500)"),
        (opened(events=DOWN), "unknown", "none of 1"),
        (opened(events=YES, without=YES), "fail", "asks nobody for a key"),
        (opened(health_details=health(503, status="fail")), "pass", "it opens health_details"),
    ],
)
def test_what_a_key_opens(found, verdict, told):
    judged = judge_key(found)
    assert (judged.verdict, told in judged.message) == (verdict, True), judged.message


LET_IN = Reply(200)


@pytest.mark.parametrize(
    ("door", "verdict", "told"),
    [
        (Door(NO, LET_IN, NO), "pass", "erp: the sender's key is taken"),
        (Door(NO, NO, NO), "fail", "the sender's key is refused (401)"),
        (Door(NO, LET_IN, YES), "warn", "it is a host key"),
        (Door(NO), "warn", "nobody says which key the sender has: erp"),
        (Door(LET_IN), "fail", "takes events without a key"),
        (Door(Reply(503)), "fail", "every sender is answered 503"),
        (Door(Reply(error="ReadTimeout")), "warn", "ReadTimeout"),
        (Door(NO, GONE), "fail", "the app has no such source"),
        (Door(NO, any=GONE), "fail", "the app has no such source"),
        (Door(NO, DOWN), "warn", "with the sender's key it answered 500"),
    ],
)
def test_whom_an_intake_lets_in(door, verdict, told):
    judged = judge_intake({"erp": door})
    assert (judged.verdict, told in judged.message) == (verdict, True), judged.message
    assert judge_intake({}).verdict == "skipped"
