"""Run the benchmarks: `uv run python -m benchmarks [NAME…] [--quick] [--json]`.

Every `benchmarks/bench_NAME.py` has `rows(quick=False) -> list[Row]`. Exit code 0: every budget holds, but for what
missed.toml knows; 1: one does not, a benchmark failed or nothing was measured; 2: wrong usage.
"""

import argparse
import importlib
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.measure import Row
from benchmarks.verdicts import MISSED, Known, Verdict, known, verdict

FOLDER = Path(__file__).parent


def found(folder: Path = FOLDER) -> list[str]:
    return sorted(path.stem.removeprefix("bench_") for path in folder.glob("bench_*.py"))


def measured(name: str, rows: Callable[..., list[Row]], *, quick: bool) -> list[Row]:
    """Run one benchmark; its failure is a row that does not hold, so that the others still run."""
    try:
        return rows(quick=quick) or [broken(name, "measured nothing")]
    except Exception as error:  # noqa: BLE001 - a failed benchmark is reported as such, with its traceback, and fails the run
        traceback.print_exc()
        return [broken(name, f"{type(error).__name__}: {error}")]


def broken(name: str, why: str) -> Row:
    return Row(name=name, value=float("nan"), unit="", against=f"failed: {why}", ok=False)


SAID: Mapping[Verdict, str] = {
    "held": "[green]ok[/]",
    "close": "[yellow]within its spread[/]",
    "known": "[yellow]missed, as known[/]",
    "missed": "[bold red]OVER[/]",
}


def table(rows: list[Row], misses: Mapping[str, Known]) -> Table:
    shown = Table(title="fno-link benchmarks")
    for title in ("what", "median", "spread", "ratio", "budget", "against", ""):
        shown.add_column(title, justify="right" if title in ("median", "spread", "ratio", "budget") else "left")
    for row in rows:
        sign = "≤" if row.direction == "at_most" else "≥"
        shown.add_row(
            row.name,
            f"{row.value:,.4g} {row.unit}",
            f"±{row.spread / 2:.1%}" if row.spread else "",
            "" if row.ratio is None else f"{row.ratio:.2f}×",
            "" if row.budget is None else f"{sign} {row.budget:g}" + ("" if row.ratio is None else "×"),
            row.against,
            SAID[verdict(row, misses)],
        )
    return shown


def main(arguments: list[str] | None = None) -> int:
    names = found()
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which; all without one: {', '.join(names)}")
    parser.add_argument("--quick", action="store_true", help="fewer rounds: shows that it runs, not how fast")
    parser.add_argument("--json", action="store_true", help="print one JSON array of rows")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in names]
    if unknown:
        parser.error(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(names) or 'none'}")
    misses = known()
    rows: list[Row] = []
    for name in options.names or names:
        start = time.perf_counter()
        module: Any = importlib.import_module(f"benchmarks.bench_{name}")
        rows += measured(name, module.rows, quick=options.quick)
        print(f"{name}: {time.perf_counter() - start:.1f} s", file=sys.stderr)
    if options.json:
        print(msgspec.json.format(msgspec.json.encode(rows)).decode())
    else:
        Console().print(table(rows, misses))
    for row in rows:
        if row.name in misses and row.ok:
            print(f"{row.name}: holds now; take it out of {MISSED.name} if it stays so", file=sys.stderr)
    return 0 if rows and all(verdict(row, misses) != "missed" for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
