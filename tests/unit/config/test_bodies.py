"""What the Functions host reads at all fits what the sources accept."""

import json
from pathlib import Path

import pytest

from integration.config import check, check_text
from integration.config.keys.sources import HttpSource
from integration.config.reading.bodies import MARGIN
from integration.config.settings.settings import BODY_LIMIT
from tests.bicep import Template
from tests.unit.config.written import ORGANIZATION, STORAGE, http

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("limit", "says"),
    [
        ("1048575", "reads 1048575 bytes, a source accepts 1048576"),
        ("1 MB", "`1 MB` is no number"),
        ("-1", "`-1` is no number"),
        ("1048576", ""),
        ("", ""),
    ],
)
def test_a_limit_of_the_host_below_that_of_a_source_is_a_warning(limit, says):
    text = ORGANIZATION + http("a") + http("b") + "max_body = 7\n"
    checked = check_text(text, {**STORAGE, BODY_LIMIT: limit})
    assert checked.problems == ()
    assert [says in each.message for each in checked.warnings] == ([True] if says else [])


def test_a_source_that_is_switched_off_needs_no_room():
    text = ORGANIZATION + http("a") + "max_body = 9000000\nenabled = false\n"
    assert check_text(text, {**STORAGE, BODY_LIMIT: "1000"}).warnings == ()


def test_what_is_shipped_is_the_largest_body_and_a_little(monkeypatch):
    monkeypatch.chdir(ROOT)
    sample = json.loads((ROOT / "local.settings.sample.json").read_text("utf-8"))["Values"]
    configuration = check(sample, offline=True).configuration
    assert configuration is not None
    largest = max(each.max_body for each in configuration.sources.values() if isinstance(each, HttpSource))
    assert int(sample[BODY_LIMIT]) == largest + MARGIN
    assert int(Template(ROOT / "infra" / "main.bicep").default("largestBody")) == largest + MARGIN
    worker = (ROOT / "infra" / "worker.bicep").read_text("utf-8")
    assert f"{BODY_LIMIT}: string(largestBody)" in worker
