"""Write what follows from infra/queries.toml and from the alerts' types: alert rules, workbook, the page of queries.

uv run python scripts/runbook.py           write infra/alert-rules.json, infra/workbook.json, docs/reference/queries.md
uv run python scripts/runbook.py --check   change nothing; exit 1 when one of them is not what it should be
"""

import argparse
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from integration.events.alerts.types import PREFIX, TYPES, Type
from integration.telemetry.metrics import METRICS

ROOT = Path(__file__).parent.parent
DECLARED: dict[str, Any] = tomllib.loads((ROOT / "infra" / "queries.toml").read_text("utf-8"))
MADE = "<!-- Written by scripts/runbook.py from infra/queries.toml and the alerts' types; change those. -->\n"
SEVERITIES = {"critical": 1, "warning": 2}
EVERY = {"critical": "PT5M", "warning": "PT15M"}
LASTING = "P2D"
"""How far back the rule of an alert looks that has an end: `[health] reminder_cap` is a day, and two days are the most
that Azure looks back ("Create or edit a log search alert rule", Override query time range)."""
PASSING = "PT1H"
"""How long an alert without an end keeps its rule firing."""
WORKBOOK = "## fno-link\n\nWhat each chart says, and what to do: docs/reference/queries.md and docs/operations.md."


class Rule(msgspec.Struct, frozen=True, rename="camel"):
    """One alert rule, as alert-rules.bicep loads it."""

    name: str
    display_name: str
    description: str
    severity: int
    evaluation_frequency: str
    window_size: str
    dimensions: list[str]
    query: str


def told(kind: Type) -> str:
    """Write the query of an alert: what is open now, or for an end or what has none, what was told."""
    if not kind.ended_by:
        return (
            "AppTraces\n"
            f'| where Message startswith_cs "{kind.name}: "\n'
            '| extend About = extract(@"^\\S+: ([^:( ]+)", 1, Message)\n'
            "| summarize arg_max(TimeGenerated, Message) by About\n"
        )
    return (
        "AppTraces\n"
        f'| where Message startswith_cs "{kind.name}: " or Message startswith_cs "{kind.ended_by}: "\n'
        '| extend Told = extract(@"^(\\S+): ", 1, Message), About = extract(@"^\\S+: ([^:( ]+)", 1, Message),\n'
        '    Incident = extract(@"incident (\\w+)\\)", 1, Message)\n'
        "| summarize arg_max(TimeGenerated, Told, Incident, Message) by About\n"
        f'| where Told == "{kind.name}"\n'
    )


def rule_of_alert(kind: Type) -> Rule:
    return Rule(
        name=kind.name.removeprefix(PREFIX).replace(".", "-").replace("_", "-"),
        display_name=f"fno-link: {kind.headline.format(subject='one')}",
        description=f"{kind.name}. {DECLARED['alerts'][kind.name]['do']}",
        severity=SEVERITIES[kind.severity],
        evaluation_frequency=EVERY[kind.severity],
        window_size=LASTING if kind.ended_by else PASSING,
        dimensions=["About"],
        query=told(kind),
    )


def rule_of(name: str, declared: dict[str, Any]) -> Rule:
    return Rule(
        name=name,
        display_name=f"fno-link: {declared['title']}",
        description=f"{declared['means']} {declared['do']}",
        severity=declared["severity"],
        evaluation_frequency=declared["every"],
        window_size=declared["over"],
        dimensions=declared["split"],
        query=declared["query"],
    )


def rules() -> Iterator[Rule]:
    for metric in METRICS:
        declared = DECLARED["metrics"][metric.name]
        yield rule_of(declared["rule"], declared)
    for name, declared in DECLARED["requests"].items():
        yield rule_of(name, declared)
    for kind in TYPES:
        if kind.severity in SEVERITIES:
            yield rule_of_alert(kind)


def alert_rules() -> str:
    return json.dumps(msgspec.to_builtins(list(rules())), indent=2) + "\n"


def chart(name: str, title: str, query: str, shape: str) -> dict[str, Any]:
    """One item of a workbook; the shape is that of the portal's gallery templates."""
    return {
        "type": 3,
        "content": {
            "version": "KqlItem/1.0",
            "query": query,
            "size": 0,
            "title": title,
            "timeContextFromParameter": "TimeRange",
            "queryType": 0,
            "resourceType": "microsoft.operationalinsights/workspaces",
            "visualization": shape,
        },
        "name": name,
    }


def workbook() -> str:
    open_now = "\n".join(
        (
            "AppTraces",
            f'| where Message startswith_cs "{PREFIX}"',
            '| extend Told = extract(@"^(\\S+): ", 1, Message), About = extract(@"^\\S+: ([^:( ]+)", 1, Message)',
            "| summarize arg_max(TimeGenerated, Message) by Told, About",
            "| order by TimeGenerated desc",
        )
    )
    failing = DECLARED["requests"]["functions-failing"]
    range_ = {
        "id": "6f1d1d3a-5a53-4a0f-9d0c-2f2a3c1b7e10",
        "version": "KqlParameterItem/1.0",
        "name": "TimeRange",
        "label": "Time range",
        "type": 4,
        "isRequired": True,
        "value": {"durationMs": 86_400_000},
        "typeSettings": {
            "selectableValues": [{"durationMs": hours * 3_600_000} for hours in (1, 4, 24, 72, 168)],
            "allowCustom": True,
        },
    }
    items = [
        {
            "type": 1,
            "content": {"json": WORKBOOK},
            "name": "title",
        },
        {
            "type": 9,
            "content": {"version": "KqlParameterItem/1.0", "parameters": [range_], "style": "pills", "queryType": 0},
            "name": "parameters",
        },
        chart("alerts", "The latest alert of each kind", open_now, "table"),
        chart("functions", failing["title"], failing["query"], "table"),
        *(
            chart(metric.name, f"{metric.name} ({metric.unit})", declared["shows"], declared["chart"])
            for metric in METRICS
            for declared in [DECLARED["metrics"][metric.name]]
        ),
    ]
    book = {
        "version": "Notebook/1.0",
        "items": items,
        "styleSettings": {},
        "$schema": "https://github.com/Microsoft/Application-Insights-Workbooks/blob/master/schema/workbook.json",
    }
    return json.dumps(book, indent=2) + "\n"


def shown(rule: Rule) -> str:
    split = f", split by {', '.join(rule.dimensions)}" if rule.dimensions else ""
    looked = f"every `{rule.evaluation_frequency}` over `{rule.window_size}`{split}"
    return f"Rule `{rule.name}`, severity {rule.severity}, {looked}:\n\n```kusto\n{rule.query}```\n\n"


def advice(declared: dict[str, Any]) -> str:
    return f"- First: `{declared['first']}`\n- What to do: {declared['do']}\n\n"


def page() -> str:
    text = f"# Queries and alert rules\n\n{MADE}\n{DECLARED['page']}\n## Metrics\n\n"
    for metric in METRICS:
        declared = DECLARED["metrics"][metric.name]
        text += f"### `{metric.name}`\n\n{declared['means']}\n\n{advice(declared)}"
        text += f"To look at it:\n\n```kusto\n{declared['shows']}```\n\n{shown(rule_of(declared['rule'], declared))}"
    text += "## Invocations\n\n"
    for name, declared in DECLARED["requests"].items():
        text += f"### `{name}`\n\n{declared['means']}\n\n{advice(declared)}{shown(rule_of(name, declared))}"
    text += "## Alerts\n\n"
    for kind in TYPES:
        headline = kind.headline.format(subject="one of yours")
        text += f"### `{kind.name}`\n\n{headline[0].upper()}{headline[1:]}.\n\n{advice(DECLARED['alerts'][kind.name])}"
        if kind.severity in SEVERITIES:
            text += shown(rule_of_alert(kind))
            continue
        begun = ", ".join(f"`{each.name}`" for each in TYPES if each.ended_by == kind.name)
        text += f"It ends the rule of {begun}, and has none.\n\n```kusto\n{told(kind)}```\n\n"
    return re.sub(r"\n{2,}\Z", "\n", text)


FILES = {
    "infra/alert-rules.json": alert_rules,
    "infra/workbook.json": workbook,
    "docs/reference/queries.md": page,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="change nothing, exit 1 on a difference")
    options = parser.parse_args()
    written = {name: make() for name, make in FILES.items()}
    different = [
        name
        for name, text in written.items()
        if not (ROOT / name).is_file() or (ROOT / name).read_text("utf-8") != text
    ]
    for name in different:
        print(name)
        if not options.check:
            (ROOT / name).write_text(written[name], "utf-8")
    sys.exit(1 if different and options.check else 0)


if __name__ == "__main__":
    main()
