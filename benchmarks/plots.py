"""Draw the pictures of measurements, and write the tables of docs/benchmarks.md.

uv run --group pictures python -m benchmarks.plots                    every row over commits, from history/
uv run --group pictures python -m benchmarks.plots routing rows.json  docs/images/routing-speed.svg, and its table
"""

import re
import sys
from pathlib import Path

import matplotlib as mpl
import msgspec
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.history import Measured, kept
from benchmarks.measure import Row
from benchmarks.page import PAGE, over_commits, with_tables

IMAGES = Path(__file__).parents[1] / "docs" / "images"
ROUTING = re.compile(r"routing (?P<shape>.+), (?P<size>[\d,]+) routes")
# The same drawing for the same rows: no date, no random ids, words as words.
mpl.rcParams.update({"svg.hashsalt": "fno-link", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 8})
COLUMNS = 3


def saved(figure: Figure, name: str) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    path = IMAGES / name
    figure.savefig(path, format="svg", metadata={"Date": None}, bbox_inches="tight")
    path.write_text("\n".join(line.rstrip() for line in path.read_text("utf-8").splitlines()) + "\n", "utf-8")


def history(commits: list[Measured]) -> None:
    """Draw a small picture for each row that has a budget: its figure at each commit, its spread, its budget."""
    series = over_commits(commits)
    lines = -(-len(series) // COLUMNS)
    figure = Figure(figsize=(10, 1.9 * lines), layout="constrained")
    grid = figure.subplots(lines, COLUMNS, squeeze=False).flatten()
    for axes, (name, points) in zip(grid, series.items(), strict=False):
        _row(axes, name, points, [commit.commit for commit in commits])
    for axes in grid[len(series) :]:
        axes.set_axis_off()
    saved(figure, "benchmarks.svg")


def _row(axes: Axes, name: str, points: dict[str, Row], commits: list[str]) -> None:
    rows = [points[commit] for commit in commits if commit in points]
    at = [commits.index(commit) for commit in points]
    figures = [row.value if row.ratio is None else row.ratio for row in rows]
    errors = [figure * row.spread / 2 for figure, row in zip(figures, rows, strict=True)]
    last = rows[-1]
    axes.errorbar(at, figures, yerr=errors, marker="o", markersize=3, linewidth=1, color="#0b6bcb", ecolor="#93c5fd")
    if last.budget is not None:
        axes.axhline(last.budget, color="#b91c1c", linewidth=0.8, linestyle="--")
    axes.set_title(name if len(name) < 60 else f"{name[:57]}…", fontsize=7, loc="left")
    axes.set_ylim(bottom=0)
    axes.set_xlim(-0.5, len(commits) - 0.5)
    axes.set_xticks(range(len(commits)), commits, rotation=60, fontsize=5)
    axes.set_ylabel("ratio" if last.ratio is not None else last.unit, fontsize=6)
    axes.tick_params(axis="y", labelsize=6)
    axes.spines[["top", "right"]].set_visible(False)


def routing(rows: list[Row]) -> None:
    """Draw the time of an event by the number of routes, and print the table beside it."""
    figure = Figure(figsize=(8, 4.4), layout="constrained")
    axes = figure.subplots()
    found: dict[str, list[tuple[int, Row]]] = {}
    for row in rows:
        if name := ROUTING.fullmatch(row.name):
            found.setdefault(name["shape"], []).append((int(name["size"].replace(",", "")), row))
    for shape, points in found.items():
        values = [row.value for _, row in points]
        errors = [row.value * row.spread / 2 for _, row in points]
        axes.errorbar([size for size, _ in points], values, yerr=errors, marker="o", markersize=3, label=shape)
    axes.set(xscale="log", yscale="log", xlabel="routes", ylabel="µs an event")
    axes.set_title("Matching one event: medians, bars from quartile to quartile", loc="left")
    axes.grid(visible=True, color="#e7e5e4")
    figure.legend(loc="outside right upper")
    saved(figure, "routing-speed.svg")
    print(_routing_table(found))
    for row in rows:
        if not ROUTING.fullmatch(row.name):
            ratio = "" if row.ratio is None else f" ({row.ratio:.2f}x {row.against})"
            print(f"- {row.name}: {row.value:.3g} {row.unit}{ratio}")


def _routing_table(found: dict[str, list[tuple[int, Row]]]) -> str:
    sizes = [size for size, _ in next(iter(found.values()))]
    lines = ["| µs an event | " + " | ".join(f"{size:,} routes" for size in sizes) + " | last / first |"]
    lines.append("|---|" + "--:|" * (len(sizes) + 1))
    for shape, points in found.items():
        cells = " | ".join(f"{row.value:,.2f} ±{row.spread / 2:.0%}" for _, row in points)
        lines.append(f"| {shape} | {cells} | {points[-1][1].ratio:.2f}x |")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    match arguments:
        case []:
            commits = kept()
            history(commits)
            PAGE.write_text(with_tables(PAGE.read_text("utf-8"), commits), "utf-8")
        case ["routing", rows]:
            routing(msgspec.json.decode(Path(rows).read_bytes(), type=list[Row]))
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
