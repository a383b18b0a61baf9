"""Every query that we ship or document, by Microsoft's own parser of KQL, against the tables that there are."""

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.npm import installed

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
TABLES = {
    name: columns
    for name, columns in json.loads((HERE / "tables.json").read_text("utf-8")).items()
    if name != "sources"
}
RULES = json.loads((ROOT / "infra" / "alert-rules.json").read_text("utf-8"))
WORKBOOK = json.loads((ROOT / "infra" / "workbook.json").read_text("utf-8"))
DECLARED = tomllib.loads((ROOT / "infra" / "queries.toml").read_text("utf-8"))


def asked():
    for rule in RULES:
        yield f"rule {rule['name']}", rule["query"]
    for item in WORKBOOK["items"]:
        if item["type"] == 3:
            yield f"chart {item['name']}", item["content"]["query"]
    for page in sorted((ROOT / "docs").rglob("*.md")):
        for n, query in enumerate(re.findall(r"```kusto\n(.*?)```", page.read_text("utf-8"), re.DOTALL)):
            yield f"{page.name} {n}", query


def checked(queries):
    done = subprocess.run(
        [shutil.which("node") or "node", "check.mjs"],
        cwd=installed(HERE / "kusto_checker", "check.mjs"),
        input=json.dumps({"tables": TABLES, "queries": queries}),
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def found():
    queries = dict(asked())
    return dict(zip(queries, checked(list(queries.values())), strict=True))


def test_every_query_is_one_that_the_workspace_can_run(found):
    assert len(found) > len(RULES) + len(DECLARED["metrics"])
    assert {name: each["faults"] for name, each in found.items() if each["faults"]} == {}


def test_a_rule_is_split_by_columns_of_text_that_its_query_gives(found):
    for rule in RULES:
        columns = found[f"rule {rule['name']}"]["columns"]
        assert {name: columns.get(name) for name in rule["dimensions"]} == dict.fromkeys(rule["dimensions"], "string")


def test_a_chart_over_time_has_a_time_and_a_number(found):
    for item in WORKBOOK["items"]:
        if item["type"] != 3 or item["content"]["visualization"] == "table":
            continue
        types = set(found[f"chart {item['name']}"]["columns"].values())
        assert "datetime" in types
        assert types & {"real", "long", "int"}


def test_a_wrong_query_would_be_found():
    wrong, column = checked(["AppMetrics | wher Name == 'x'", "AppMetrics | where Nam == 'x'"])
    assert wrong["faults"]
    assert "Nam" in column["faults"][0]
