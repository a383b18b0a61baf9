"""The reference says everything that routing knows."""

import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from integration.config.keys.model import Route
from integration.routing import keys, pasted, templates
from integration.routing.operators import OPERATORS
from integration.routing.table import RouteTable

REFERENCE = Path(__file__).parents[3] / "docs" / "reference"
FILTERS = (REFERENCE / "filters.md").read_text("utf-8")
TEMPLATES = (REFERENCE / "templates.md").read_text("utf-8")


@pytest.mark.parametrize("operator", OPERATORS.values(), ids=lambda operator: operator.name)
def test_every_operator_has_its_row_with_what_it_takes_and_its_answer_without_the_key(operator):
    rows = [line.split("|")[1:-1] for line in FILTERS.splitlines() if line.startswith(f"| `{operator.name}` |")]
    ((_, takes, _, missing),) = rows
    assert takes.strip().startswith(
        {"ranges": "`values = [[", "nothing": "nothing"}.get(operator.takes, f"`{operator.takes}`")
    )
    holds_without = operator.missing or operator.name == "IsNullOrUndefined"
    assert missing.strip().startswith("**yes**" if holds_without else "no")


@pytest.mark.parametrize("name", sorted([*keys.ATTRIBUTES, *keys.ALIASES]))
def test_every_attribute_is_in_the_table_of_keys(name):
    assert f"`{name}`" in FILTERS


@pytest.mark.parametrize("name", sorted({*Route.__struct_fields__} - {"name", "target"}))
def test_every_key_of_a_route_is_explained(name):
    assert f"`{name}`" in FILTERS


@pytest.mark.parametrize("name", sorted(pasted.PROPERTIES))
def test_every_property_of_a_pasted_filter_is_named(name):
    assert f"`{name}`" in FILTERS


@pytest.mark.parametrize("root", sorted(templates.ROOTS))
def test_every_field_of_templates_is_named(root):
    assert "{" + root in TEMPLATES


@pytest.mark.parametrize("landing", ["plain", "url_path", "url_query", "session", "subject", "header"])
def test_every_landing_of_templates_is_explained(landing):
    assert f"`{landing}`" in TEMPLATES


def test_the_examples_in_the_reference_compile():
    blocks = re.findall(r"```toml\n(.*?)```", FILTERS, re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        fields = tomllib.loads(block)
        (written,) = fields.get("routes", [fields])
        if isinstance(written.get("filter"), str):
            written["filter"] = msgspec.json.decode(written["filter"])
        route = msgspec.convert({"name": "r", "target": "t", **written}, Route)
        assert RouteTable.compile([route]).routes[0].conditions
