"""docs/alerts.md: every alert with its end and every check are in it, and its examples are faultless configurations."""

import re
from pathlib import Path
from typing import get_args

import pytest

from integration.cli.config import with_routes
from integration.config import check_text
from integration.events.alerts import ALL, ENDS
from integration.events.alerts.types import Transition
from integration.health.check import Kind

PAGE = (Path(__file__).parents[2] / "docs" / "alerts.md").read_text("utf-8")
EXAMPLES = re.findall(r"### ([^\n]+)\n(?:(?!###).)*?```toml\n# fno-link\.toml\n(.*?)```", PAGE, re.DOTALL)
URL = "https://prod-1.westeurope.logic.azure.com/workflows/1/triggers/manual/paths/invoke?api-version=1&sig=abcdef"


def section(name):
    return PAGE.split(f"\n## {name}\n", 1)[1].split("\n## ", 1)[0]


def test_each_alert_has_its_row_in_order_with_what_ends_it_and_what_to_do():
    lines = [line for line in section("Each alert, and what to do").splitlines() if line.startswith("| `fno-link.")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert [name.strip("`") for name, *_ in rows] == list(ALL)
    for name, end, _, what_to_do in rows:
        assert end.strip("`") == ENDS.get(name.strip("`"), "") or end == "nothing: see below"
        assert what_to_do


def test_each_check_and_each_transition_is_there():
    asked = section("What is asked")
    assert [kind for kind in get_args(Kind.__value__) if f"`{kind}`" not in asked] == []
    spoken = section("When it speaks")
    assert [each for each in get_args(Transition.__value__) if f"| `{each}` |" not in spoken] == []


def test_there_are_three_examples():
    assert [title for title, _ in EXAMPLES] == ["One small company", "Fifty organizations", "A noisy sandbox"]


@pytest.mark.parametrize(("title", "text"), EXAMPLES)
def test_an_example_has_neither_problems_nor_warnings(title, text):
    environ = dict.fromkeys(re.findall(r"%(\w+)%", text), URL)
    environ |= {"AzureWebJobsStorage": "UseDevelopmentStorage=true"}
    environ |= {
        "ServiceBus": "Endpoint=sb://contoso.servicebus.windows.net/;SharedAccessKeyName=n;SharedAccessKey=a2V5"
    }
    checked = with_routes(check_text(text, environ))
    assert checked.configuration is not None, checked.problems
    assert (checked.problems, checked.warnings) == ((), ()), title
