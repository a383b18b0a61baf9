"""What the doctor makes of answers, and the forms in which it tells it."""

import socket
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from integration.cli.doctor import beyond
from integration.cli.doctor.answers import judge_host, judge_role, judge_virtual_entities, names_in
from integration.cli.doctor.clocks import Reading, judge_clocks
from integration.cli.doctor.hosts import judge_reached, unreached
from integration.cli.doctor.registry import ORDER, STEPS, chosen
from integration.cli.doctor.reports import KINDS, as_junit, as_sarif
from integration.cli.doctor.step import Finding
from integration.dataverse.connection import Reply
from integration.dataverse.trouble import trouble_of
from integration.errors import UnexpectedAnswer, Unreachable

NOW = datetime(2026, 11, 28, 20, 0, 0, tzinfo=UTC)
HOSTILE = "\x1b[2J]]>&<\"'\x00\ud800\u202e"

TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "properties": {
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "type": "object",
                                            "required": ["id"],
                                            "additionalProperties": False,
                                            "properties": {
                                                "id": {"type": "string"},
                                                "helpUri": {"type": "string", "format": "uri"},
                                                "shortDescription": TEXT,
                                                "fullDescription": TEXT,
                                                "help": TEXT,
                                            },
                                        },
                                    }
                                },
                            }
                        },
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["message"],
                            "additionalProperties": False,
                            "properties": {
                                "ruleId": {"type": "string"},
                                "ruleIndex": {"type": "integer", "minimum": -1},
                                "kind": {"enum": ["notApplicable", "pass", "fail", "review", "open", "informational"]},
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "message": TEXT,
                                "locations": {"type": "array"},
                            },
                        },
                    },
                },
            },
        },
    },
}
"""What section 3 of the standard requires of the parts that are written here."""


def reading(header, after):
    return Reading.of("contoso.crm.dynamics.com", header, NOW, after)


def dated(**off):
    return (NOW + timedelta(**off)).strftime("%a, %d %b %Y %H:%M:%S GMT")


@pytest.mark.parametrize(
    ("header", "verdict"),
    [
        (dated(), "pass"),
        (dated(seconds=-40), "pass"),
        (dated(seconds=90), "warn"),
        (dated(minutes=-3), "warn"),
        (dated(minutes=10), "fail"),
        (dated(hours=-5), "fail"),
    ],
)
def test_the_clock_is_compared_with_the_date_of_an_answer(header, verdict):
    assert judge_clocks([reading(header, NOW + timedelta(seconds=1))]).verdict == verdict


@pytest.mark.parametrize("header", ["", "yesterday", "Sat, 28 Nov 2026 20:00:00"])
def test_an_answer_without_a_readable_date_says_nothing_of_the_clock(header):
    assert reading(header, NOW) is None


def test_hosts_that_agree_make_our_clock_wrong_and_one_alone_is_wrong_itself():
    right, wrong = Reading("a.example", 0.0), Reading("b.example", -4000.0)
    found = judge_clocks([right, wrong])
    assert (found.verdict, found.message) == ("warn", "it is 4000 s behind b.example, but within 60 s of a.example")
    assert judge_clocks([wrong, wrong]).verdict == "fail"


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "name"),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"), "silent"),
        (ConnectionRefusedError(111, "Connection refused"), "silent"),
    ],
)
def test_a_name_that_does_not_resolve_fails_and_one_that_may_later_is_unknown(raised, kind):
    error = Unreachable("contoso.crm.dynamics.com could not be reached.")
    error.__cause__ = raised
    assert trouble_of(error).kind == kind
    assert unreached(beyond.HOST, error).verdict == ("fail" if kind == "name" else "unknown")


@pytest.mark.parametrize(
    ("status", "headers", "verdict"),
    [
        (401, {}, "pass"),
        (302, {"content-type": "text/html; charset=utf-8", "location": "https://login.corp.example/"}, "fail"),
        (200, {"content-type": "Text/HTML"}, "fail"),
        (407, {}, "fail"),
        (429, {}, "unknown"),
        (503, {"content-type": "text/html"}, "unknown"),
    ],
)
def test_a_page_for_people_is_not_the_hosts_answer(status, headers, verdict):
    found = judge_reached(beyond.AUTHORITY, "https://login.microsoftonline.com/t", Reply(status, headers, b""))
    assert found.verdict == verdict
    if verdict == "fail":
        assert "HTTPS_PROXY" in found.todo


@pytest.mark.parametrize(
    ("status", "header", "verdict"),
    [
        (401, "Bearer authorization_uri=https://login.microsoftonline.com/contoso.com/oauth2/authorize", "pass"),
        (401, "Bearer", "warn"),
        (200, "", "warn"),
        (404, "", "warn"),
        (429, "", "unknown"),
        (503, "", "unknown"),
    ],
)
def test_a_host_that_is_an_organizations_asks_for_a_token_and_names_the_tenant(status, header, verdict):
    assert judge_host(status, header).verdict == verdict


def test_a_slow_answer_says_nothing_of_the_clock():
    assert judge_clocks([reading(dated(seconds=200), NOW + timedelta(seconds=400))]).verdict == "pass"


def test_roles_and_solutions_are_read_from_rows():
    body = b'{"value": [{"name": "Basic User"}, {"name": null}, {}]}'
    assert names_in(body, "name") == ["Basic User"]
    with pytest.raises(UnexpectedAnswer):
        names_in(b"<html>", "name")
    with pytest.raises(UnexpectedAnswer):
        names_in(None, "name")
    assert judge_role([]).verdict == "fail"
    assert judge_role(["Basic User"]).verdict == "warn"
    assert judge_virtual_entities(["MicrosoftOperationsVESupport"]).verdict == "warn"


def test_each_step_has_a_name_of_its_own_and_needs_earlier_ones():
    assert len(ORDER) == len(STEPS)
    for step in STEPS:
        assert step.title
        assert step.todo
        assert step.asks
        for name in step.needs:
            assert ORDER[name] < ORDER[step.name] or step.name == "organization_id", (step.name, name)


def test_checks_are_chosen_by_patterns():
    assert chosen(()) == frozenset(ORDER)
    assert chosen(("link", "app_*")) == {"link", "app_id", "app_secret", "app_settings"}
    with pytest.raises(KeyError):
        chosen(("link", "x*"))


def findings():
    return [Finding(step="link", title="The link", verdict=verdict, message=HOSTILE, todo=HOSTILE) for verdict in KINDS]


def test_sarif_is_what_the_standard_requires():
    log = as_sarif({"": findings(), "contoso": findings()}, "1.0")
    jsonschema.validate(log, SARIF)
    [run] = log["runs"]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        # Section 3.27.10: a level other than none goes with the kind fail alone.
        assert (result["level"] == "none") == (result["kind"] != "fail")
    assert [result["kind"] for result in run["results"][:5]] == ["pass", "fail", "fail", "open", "notApplicable"]


def test_junit_can_be_read_whatever_was_seen():
    suites = ET.fromstring(as_junit({"": findings(), HOSTILE: findings(), "none": []}))
    assert len(suites) == 2
    for suite in suites:
        assert {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
            "tests": "5",
            "failures": "1",
            "errors": "1",
            "skipped": "1",
        }
    assert suites[0].get("name") == "configuration"
