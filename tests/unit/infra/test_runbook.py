"""Queries, alert rules, workbook and their page: complete, about what exists, and all from one source."""

import json
import re
import runpy
import shlex
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import click
import pytest

from integration.events.alerts.types import TYPES
from integration.functions.app import build
from integration.telemetry.metrics import METRICS
from integration.telemetry.operations import ATTRIBUTES
from tests.bicep import Template, at, properties, text_of

ROOT = Path(__file__).parents[3]
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "runbook.py"))
DECLARED = tomllib.loads((ROOT / "infra" / "queries.toml").read_text("utf-8"))
RULES = json.loads((ROOT / "infra" / "alert-rules.json").read_text("utf-8"))
WORKBOOK = json.loads((ROOT / "infra" / "workbook.json").read_text("utf-8"))
QUERIES = (ROOT / "docs" / "reference" / "queries.md").read_text("utf-8")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text("utf-8")
BICEP = Template(ROOT / "infra" / "alert-rules.bicep")
KQL = re.findall(r"```kusto\n(.*?)```", QUERIES, re.DOTALL)
# Source: "Resource Manager template samples for log search alert rules", what each parameter allows, in minutes.
WINDOWS = {f"PT{n}M": n for n in (5, 10, 15, 30, 45)} | {f"PT{n}H": 60 * n for n in range(1, 7)}
WINDOWS |= {"P1D": 1440, "P2D": 2880}
LARGEST = 64 * 1024


@pytest.mark.parametrize("name", SCRIPT["FILES"])
def test_what_is_written_follows_from_its_source(name):
    assert (ROOT / name).read_text("utf-8") == SCRIPT["FILES"][name](), "run: uv run python scripts/runbook.py"


def test_every_metric_has_its_section_its_chart_and_its_rule():
    names = [metric.name for metric in METRICS]
    assert list(DECLARED["metrics"]) == names
    charts = {item["name"] for item in WORKBOOK["items"]}
    rules = {rule["name"] for rule in RULES}
    for name in names:
        assert f"### `{name}`\n" in QUERIES
        assert name in charts
        assert DECLARED["metrics"][name]["rule"] in rules


def test_every_alert_has_its_section_and_each_trouble_its_rule():
    assert set(DECLARED["alerts"]) == {kind.name for kind in TYPES}
    for kind in TYPES:
        assert f"### `{kind.name}`\n" in QUERIES
        asks = [rule for rule in RULES if f'"{kind.name}: "' in rule["query"]]
        assert bool(asks) == (kind.severity != "good" or any(each.ended_by == kind.name for each in TYPES))
        own = kind.name.removeprefix("fno-link.").replace(".", "-").replace("_", "-")
        assert (own in {rule["name"] for rule in RULES}) == (kind.severity != "good")


def test_queries_name_only_metrics_attributes_and_outcomes_that_exist():
    named = {word for query in KQL for word in re.findall(r'"((?:fno_link|http)\.[\w.]+)"', query)}
    assert named
    assert named - {metric.name for metric in METRICS} - set(ATTRIBUTES.values()) == set()
    for metric in METRICS:
        declared = DECLARED["metrics"][metric.name]
        for query in (declared["shows"], declared["query"]):
            by = set(re.findall(r'Properties\["([\w.]+)"\]', query))
            assert by <= {ATTRIBUTES[word] for word in metric.by}, metric.name
    said = {word for query in KQL for word in re.findall(r'\["fno_link.outcome"\]\) == "(\w+)"', query)}
    assert said
    told = " ".join(metric.what for metric in METRICS)
    assert {word for word in said if f"`{word}`" not in told} == set()


def test_functions_that_queries_name_are_registered(monkeypatch):
    monkeypatch.chdir(ROOT)
    sample = json.loads((ROOT / "local.settings.sample.json").read_text("utf-8"))["Values"]
    names = {function.get_function_name() for function in build(sample).get_functions()}
    named = {word for query in KQL for word in re.findall(r'Name endswith "(\w+)"', query)}
    assert named
    assert named <= names


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["name"])
def test_a_rule_is_one_that_azure_takes(rule):
    assert re.fullmatch(r"[a-z][a-z-]*[a-z]", rule["name"])
    assert rule["evaluationFrequency"] in WINDOWS
    assert WINDOWS[rule["evaluationFrequency"]] <= WINDOWS[rule["windowSize"]]
    assert 0 <= rule["severity"] <= 4
    assert len(json.dumps(rule)) < LARGEST
    # Refused, or changed, in rules: "Create or edit a log search alert rule".
    assert re.search(r"bag_unpack|pivot|narrow|AggregatedValue|\bago\(", rule["query"]) is None


def test_rules_have_names_of_their_own():
    assert len({rule["name"] for rule in RULES}) == len(RULES)
    assert len({rule["displayName"] for rule in RULES}) == len(RULES)


def test_the_template_makes_each_rule_of_the_file_as_it_is_written():
    assert text_of(BICEP.variables["rules"].named_children[-1]) == "loadJsonContent('alert-rules.json')"
    text = BICEP.path.read_text("utf-8")
    taken = set(re.findall(r"\brule\.(\w+)", text))
    assert taken == set(RULES[0])
    assert "for rule in rules: {" in text
    assert "enabled: on && !contains(off, rule.name)" in text
    book = at(BICEP.resources["workbook"], "properties")
    assert "loadJsonContent('workbook.json')" in text_of(properties(book)["serializedData"])


def test_the_workbook_has_the_shape_of_a_gallery_template():
    assert WORKBOOK["version"] == "Notebook/1.0"
    assert WORKBOOK["$schema"].endswith("workbook.json")
    names = [item["name"] for item in WORKBOOK["items"]]
    assert len(set(names)) == len(names)
    times = [each["name"] for item in WORKBOOK["items"] if item["type"] == 9 for each in item["content"]["parameters"]]
    for item in WORKBOOK["items"]:
        assert item["type"] in {1, 3, 9}
        if item["type"] == 3:
            assert item["content"]["version"] == "KqlItem/1.0"
            assert item["content"]["timeContextFromParameter"] in times
            assert item["content"]["visualization"] in {"timechart", "columnchart", "table"}


def commands():
    shown = [each["first"] for kind in ("metrics", "requests", "alerts") for each in DECLARED[kind].values()]
    shown += re.findall(r"`(fno-link [^`]+)`", OPERATIONS + QUERIES)
    shown += re.findall(r"(?m)^\$ (fno-link .+)$", OPERATIONS)
    return sorted(set(shown))


@pytest.mark.parametrize("shown", commands())
def test_every_command_of_the_runbook_exists(shown):
    words = shlex.split(shown.replace("…", "X"))[1:]
    points = {point.name: point for point in entry_points(group="fno_link.commands")}
    assert words[0] in points, shown
    command, words = points[words[0]].load(), words[1:]
    while isinstance(command, click.Group) and words:
        assert words[0] in command.commands, shown
        command, words = command.commands[words[0]], words[1:]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known, shown


def test_the_runbook_leads_to_sections_that_exist():
    sections = {
        re.sub(r"[^a-z0-9_ -]", "", line.lower()).replace(" ", "-") for line in re.findall(r"(?m)^#+ (.+)$", QUERIES)
    }
    led = set(re.findall(r"\(reference/queries\.md#([\w.-]+)\)", OPERATIONS))
    assert led
    assert led <= sections


# As notices.py and announcing.py say it; the end is what every record is about.
SAID = {
    "integration/health/notices.py": '"%s: %s: %s (%s, incident %s)"',
    "integration/delivery/announcing.py": '"%s: %s (%s)"',
}
ABOUT = " [organization=contoso-eu target=orders]"


def extracted(query, message):
    """Do as Kusto's extract does: the group, or empty."""
    found = re.findall(r'(\w+) = extract\(@"([^"]+)", 1, Message\)', query)
    assert found
    return {name: (hit[1] if (hit := re.search(pattern, message)) else "") for name, pattern in found}


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.name)
@pytest.mark.parametrize(("said", "incident"), [(SAID[path], path.endswith("notices.py")) for path in SAID])
def test_a_query_of_an_alert_reads_what_the_log_says(kind, said, incident):
    for path, form in SAID.items():
        assert form in (ROOT / path).read_text("utf-8"), path
    values = (kind.name, "contoso-eu", "no answer: (503) in time", "Unreachable", "8e3f0a9c1b2d4e5f")
    line = said.strip('"') % values[: said.count("%s")] + ABOUT
    found = extracted(SCRIPT["told"](kind), line)
    assert f'startswith_cs "{kind.name}: "' in SCRIPT["told"](kind)
    assert line.startswith(f"{kind.name}: ")
    assert found["About"] == "contoso-eu"
    if kind.ended_by:
        assert found["Told"] == kind.name
        assert found["Incident"] == ("8e3f0a9c1b2d4e5f" if incident else "")
