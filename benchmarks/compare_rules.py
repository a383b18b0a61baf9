# /// script
# requires-python = ">=3.13"
# dependencies = [
#     "cel-python==0.5.0",
#     "common-expression-language==0.10.0",
#     "fno-link",
#     "json-logic-qubit==0.9.1",  # json-logic itself stopped at Python 2
#     "rule-engine==5.1.0",
# ]
#
# [tool.uv.sources]
# fno-link = { path = ".." }
# ///
"""Run the same 100 rules on fno-link and four rule engines: `uv run benchmarks/compare_rules.py`.

An environment of its own, since rule-engine needs another python-dateutil than fno-link. Each engine gets its rules
compiled once and the event decoded already, in the form that it takes; the others compare the legal entity with its
case, which is less work. What every engine finds is checked before it is timed. Prints a Markdown table.
"""

import random
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import cel
import celpy
import rule_engine
from json_logic import jsonLogic

from benchmarks.measure import side_by_side, spread_of
from benchmarks.routes_sample import SHAPES, grid
from integration.events.event import Event
from integration.routing.table import RouteTable

RULES = grid(100)
SHAPE = next(each for each in SHAPES if each.name == "type + entity + number")
type Find = Callable[[Event], list[str]]


def with_fno_link() -> Find:
    table = RouteTable.compile(SHAPE.routes(100))
    return lambda event: [route.name for route in table.match(event).routes]


def with_closures() -> Find:
    def closure(kind: str, entity: str, bound: int) -> Callable[[Event], bool]:
        return lambda event: (
            event.type == kind and event.payload["LegalEntity"] == entity and event.payload["OrderTotal"] > bound
        )

    rules = [(f"r{number}", closure(kind, entity.upper(), bound)) for number, (kind, entity, bound) in enumerate(RULES)]
    return lambda event: [name for name, rule in rules if rule(event)]


def with_rule_engine() -> Find:
    rules = [
        (
            f"r{i}",
            rule_engine.Rule(
                f'type == "{kind}" and data["LegalEntity"] == "{entity.upper()}" and data["OrderTotal"] > {bound}'
            ),
        )
        for i, (kind, entity, bound) in enumerate(RULES)
    ]

    def find(event: Event) -> list[str]:
        thing = {"type": event.type, "data": event.payload}
        return [name for name, rule in rules if rule.matches(thing)]

    return find


def expression(kind: str, entity: str, bound: int) -> str:
    return f'type == "{kind}" && data.LegalEntity == "{entity.upper()}" && data.OrderTotal > {bound}.0'


def with_cel_python() -> Find:
    environment = celpy.Environment()
    rules = [(f"r{i}", environment.program(environment.compile(expression(*rule)))) for i, rule in enumerate(RULES)]

    def find(event: Event) -> list[str]:
        activation: Any = celpy.json_to_cel({"type": event.type, "data": event.payload})
        context = {str(name): value for name, value in activation.items()}
        return [name for name, rule in rules if rule.evaluate(context)]

    return find


def with_common_expression_language() -> Find:
    rules = [(f"r{i}", cel.compile(expression(*rule))) for i, rule in enumerate(RULES)]

    def find(event: Event) -> list[str]:
        context = cel.Context({"type": event.type, "data": event.payload})
        return [name for name, rule in rules if rule.execute(context)]

    return find


def with_json_logic() -> Find:
    rules = [
        (
            f"r{i}",
            {
                "and": [
                    {"==": [{"var": "type"}, kind]},
                    {"==": [{"var": "data.LegalEntity"}, entity.upper()]},
                    {">": [{"var": "data.OrderTotal"}, bound]},
                ]
            },
        )
        for i, (kind, entity, bound) in enumerate(RULES)
    ]

    def find(event: Event) -> list[str]:
        thing = {"type": event.type, "data": event.payload}
        return [name for name, rule in rules if jsonLogic(rule, thing)]

    return find


ENGINES: dict[str, Callable[[], Find]] = {
    "fno-link": with_fno_link,
    "hand-written closures": with_closures,
    "rule-engine": with_rule_engine,
    "cel-python": with_cel_python,
    "common-expression-language": with_common_expression_language,
    "json-logic-qubit": with_json_logic,
}


def main() -> None:
    rng = random.Random(100)
    events = [SHAPE.event(100, rng) for _ in range(8)]
    engines = {name: make() for name, make in ENGINES.items()}
    for name, find in engines.items():
        for event, expected in events:
            assert find(event) == expected, name

    def turn(find: Find) -> Callable[[], None]:
        def run() -> None:
            for event, _ in events:
                find(event)

        return run

    samples = side_by_side({name: turn(find) for name, find in engines.items()}, rounds=11, seconds=0.1)
    base = median(samples["fno-link"])
    print("| engine | version | µs an event, 100 rules | spread | fno-link is faster by |")
    print("|---|---|--:|--:|--:|")
    for name, seconds in samples.items():
        number = "Python 3.13" if name.startswith("hand") else version(name)
        micro = median(seconds) / len(events) * 1e6
        faster = "" if name == "fno-link" else f"{median(seconds) / base:,.0f}x"
        print(f"| {name} | {number} | {micro:,.1f} | ±{spread_of(seconds) / 2:.0%} | {faster} |")


if __name__ == "__main__":
    main()
