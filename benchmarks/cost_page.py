"""Measure what an event costs on each of its ways, keep it as JSON, and write the tables of docs/cost.md.

uv run python -m benchmarks.cost_page          measure all and write both
uv run python -m benchmarks.cost_page --page   write the page of what is kept
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from benchmarks.cost_ways import WAYS, measure
from benchmarks.cost_world import Cost, CostWorld

KEPT = Path(__file__).with_name("cost.json")
PAGE = Path(__file__).parents[1] / "docs" / "cost.md"
BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "executions": ("executions",),
    "queue": ("queue.",),
    "table": ("table.",),
    "blob": ("blob.",),
}
WORDS = {
    "queue.put.target": "put on the target's queue",
    "queue.put.work": "put on fno-link's queues",
    "queue.get": "taken from a queue",
    "queue.delete": "deleted from a queue",
    "table.fnolinkjournal.post": "row begun",
    "table.fnolinkjournal.put": "row replaced",
    "table.fnolinkjournal.get": "row read",
    "table.batch.post": "transaction",
}


def kept() -> dict[str, Cost]:
    """Read what each way costs."""
    return msgspec.json.decode(KEPT.read_bytes(), type=dict[str, dict[str, float]])


def total(cost: Cost, column: str) -> float:
    """Add up the requests of a service, or the executions."""
    return round(sum(count for name, count in cost.items() if name.startswith(COLUMNS[column])), 2)


def tables(costs: Mapping[str, Cost]) -> str:
    """Write the tables: an event, a million of them, and what the requests are."""
    head = "| way of an event | executions | queue requests | table requests | blob requests | Service Bus operations |"
    lines = [head, "|---|--:|--:|--:|--:|--:|"]
    for name, cost in costs.items():
        cells = " | ".join(f"{total(cost, column):g}" for column in COLUMNS)
        lines.append(f"| {WAYS[name].words} | {cells} | {WAYS[name].bus} |")
    lines += ["", head.replace("way of an event", "a million events, in millions"), "|---|--:|--:|--:|--:|--:|"]
    for name in ("1 route", "3 routes", "10 routes", "together"):
        cells = " | ".join(f"{total(costs[name], column):.2f}" for column in COLUMNS)
        lines.append(f"| {WAYS[name].words} | {cells} | {WAYS[name].bus} |")
    lines += ["", "| way of an event | what the requests are |", "|---|---|"]
    for name, cost in costs.items():
        said = ", ".join(
            f"{count:g} {WORDS.get(each, f'`{each}`')}" for each, count in cost.items() if each != "executions"
        )
        lines.append(f"| {WAYS[name].words} | {said} |")
    return "\n".join(lines)


def with_tables(text: str, costs: Mapping[str, Cost]) -> str:
    """Return the page with its tables written anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables(costs)}\n\n{END}{after}"


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--page"]):
        print(__doc__, file=sys.stderr)
        return 2
    if not arguments:
        costs: dict[str, Cost] = {}
        with TemporaryDirectory() as folder, CostWorld(Path(folder)) as world:
            for name, way in WAYS.items():
                costs[name], by_time = measure(world, way)
                print(name, costs[name], by_time, file=sys.stderr, flush=True)
        KEPT.write_bytes(msgspec.json.format(msgspec.json.encode(costs), indent=1) + b"\n")
    PAGE.write_text(with_tables(PAGE.read_text("utf-8"), kept()), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
