"""The doctor's SARIF against OASIS' schema, which a package of Microsoft's carries."""

import copy
import json
from pathlib import Path

import jsonschema
import pytest

from integration.cli.doctor.registry import STEPS
from integration.cli.doctor.reports import KINDS, as_sarif
from integration.cli.doctor.step import Finding
from tests.npm import installed

PACKAGE = Path(__file__).parent / "sarif_schema"
HOSTILE = "\x1b[2J]]>&<\"'\x00\u202e"


@pytest.fixture(scope="module")
def schema():
    place = installed(PACKAGE, "package.json") / "node_modules" / "@microsoft" / "jest-sarif" / "lib" / "schemas"
    found = json.loads((place / "sarif-2.1.0-rtm.5.json").read_text("utf-8"))
    return jsonschema.Draft4Validator(found)


def log():
    """Return a log with each check and each verdict, and what is hostile in it."""
    verdicts = list(KINDS)
    findings = [
        Finding(step=step.name, title=step.title, verdict=verdicts[n % len(verdicts)], message=HOSTILE if n % 2 else "")
        for n, step in enumerate(STEPS)
    ]
    return json.loads(json.dumps(as_sarif({"": findings[:1], "contoso": findings, "empty": []}, "1.2.3")))


def test_every_check_and_verdict_is_sarif_by_the_schema(schema):
    assert list(schema.iter_errors(log())) == []


@pytest.mark.parametrize(
    ("name", "value"), [("kind", "skipped"), ("level", "fatal"), ("ruleIndex", -2), ("message", {})]
)
def test_the_schema_refuses_what_is_not_sarif(schema, name, value):
    changed = copy.deepcopy(log())
    changed["runs"][0]["results"][0][name] = value
    assert list(schema.iter_errors(changed))
