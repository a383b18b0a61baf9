"""The tables of docs/benchmarks.md: what each row with a budget was measured to be at its last commit."""

from collections.abc import Mapping
from pathlib import Path

from benchmarks.history import Measured
from benchmarks.measure import Row
from benchmarks.verdicts import Known, known, verdict

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"
SAID = {"held": "held", "close": "within its spread", "known": "**missed**", "missed": "**missed**"}


def over_commits(commits: list[Measured]) -> dict[str, dict[str, Row]]:
    """Return the rows with a budget by name, each by the commits that were measured, the oldest first.

    A commit whose row was another thing (a rate then, a ratio now) is left out of it.
    """
    latest: dict[str, Row] = {}
    for commit in commits:
        latest |= commit.rows
    found: dict[str, dict[str, Row]] = {}
    for name, last in sorted(latest.items()):
        if last.budget is None:
            continue
        found[name] = {
            commit.commit: row
            for commit in commits
            if (row := commit.rows.get(name)) is not None and (row.ratio is None) is (last.ratio is None)
        }
    return found


def with_tables(text: str, commits: list[Measured]) -> str:
    """Return a page with its tables written anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables(commits, known())}\n\n{END}{after}"


def tables(commits: list[Measured], misses: Mapping[str, Known]) -> str:
    """Write the tables: budgets at their last commit, the commits, what is missed and why."""
    by_commit = {commit.commit: commit for commit in commits}
    lines = ["| what | measured | budget | | against | at |", "|---|--:|--:|---|---|---|"]
    for name, points in over_commits(commits).items():
        at, row = list(points.items())[-1]
        spread = f" ±{row.spread / 2:.0%}" if row.spread else ""
        unit = "×" if row.ratio is not None else f" {row.unit}"
        figure = row.value if row.ratio is None else row.ratio
        sign = "≤" if row.direction == "at_most" else "≥"
        said = SAID[verdict(row, misses)]
        lines.append(f"| {name} | {figure:.3g}{unit}{spread} | {sign} {row.budget:g} | {said} | {row.against} | {at} |")
    lines += ["", "| commit | of | load before and after | what it did |", "|---|---|--:|---|"]
    for commit in by_commit.values():
        before, after = commit.load
        lines.append(f"| {commit.commit} | {commit.at[:10]} | {before:.1f}, {after:.1f} | {commit.subject} |")
    lines += ["", "| missed, and known | measured | why |", "|---|--:|---|"]
    lines += [f"| {name} | {miss.figure:g} | {miss.why} |" for name, miss in sorted(misses.items())]
    return "\n".join(lines)
