"""Rows over commits: measure some, keep them as JSON, and tell them in docs/benchmarks.md.

    uv run python -m benchmarks.history measure COMMIT… --rows links,routing    check each out elsewhere and run these
    uv run python -m benchmarks links --json > rows.json
    uv run python -m benchmarks.history keep rows.json                          keep what HEAD was measured to be
    uv run --group pictures python -m benchmarks.plots                          draw them, and write the page's tables

A commit has one file, history/DATE-COMMIT.json. Rows with a ratio or a budget are kept: the others differ from machine
to machine and say nothing over time.
"""

import argparse
import math
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from benchmarks.measure import Row

ROOT = Path(__file__).parents[1]
FOLDER = Path(__file__).with_name("history")


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What a commit was measured to be.

    Args:
        commit: The first nine digits of its hash.
        at: When it was committed, ISO 8601.
        subject: Its first line.
        load: The machine's load of the minute before and after the run (`os.getloadavg`).
        processors: How many it has.
        rows: The rows, by name.
    """

    commit: str
    at: str
    subject: str
    load: tuple[float, float]
    processors: int
    rows: dict[str, Row]

    @property
    def path(self) -> Path:
        """Where it is kept."""
        return FOLDER / f"{self.at[:16].replace(':', '')}-{self.commit}.json"


def kept(folder: Path = FOLDER) -> list[Measured]:
    """Read what is kept, the oldest commit first."""
    found = [msgspec.json.decode(path.read_bytes(), type=Measured) for path in folder.glob("*.json")]
    return sorted(found, key=lambda measured: measured.at)


def keep(rows: list[Row], revision: str, load: tuple[float, float]) -> Path:
    """Keep rows of a commit, beside those that are kept of it."""
    commit, at, subject = _git("log", "-1", "--abbrev=9", "--format=%h%n%cI%n%s", revision).splitlines()
    measured = Measured(
        commit=commit, at=at, subject=subject, load=load, processors=os.cpu_count() or 1, rows=worth_keeping(rows)
    )
    if measured.path.exists():
        before = msgspec.json.decode(measured.path.read_bytes(), type=Measured)
        measured = msgspec.structs.replace(measured, rows=before.rows | measured.rows)
    FOLDER.mkdir(exist_ok=True)
    measured.path.write_bytes(msgspec.json.format(msgspec.json.encode(measured), indent=1) + b"\n")
    return measured.path


def worth_keeping(rows: list[Row]) -> dict[str, Row]:
    """Return the rows that can be compared over time, by name, figures to four digits."""
    return {
        row.name: msgspec.structs.replace(
            row,
            value=_short(row.value),
            spread=_short(row.spread),
            ratio=None if row.ratio is None else _short(row.ratio),
        )
        for row in rows
        if (row.ratio is not None or row.budget is not None) and math.isfinite(row.value)
    }


def measure(revision: str, names: list[str], *, quick: bool) -> list[Row]:
    """Run benchmarks of a commit in a work tree of its own.

    Raises:
        ValueError: The commit's benchmarks printed no rows.
    """
    with TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        _git("worktree", "add", "--detach", str(tree), revision)
        try:
            command = [
                "uv",
                "run",
                "-q",
                "python",
                "-m",
                "benchmarks",
                *names,
                "--json",
                *(["--quick"] if quick else []),
            ]
            environ = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
            done = subprocess.run(command, cwd=tree, env=environ, stdout=subprocess.PIPE, check=False)
        finally:
            _git("worktree", "remove", "--force", str(tree))
    if not done.stdout:
        msg = f"{revision}: no rows (exit code {done.returncode})"
        raise ValueError(msg)
    rows = msgspec.json.decode(done.stdout, type=list[dict[str, Any]])
    for row in rows:
        if row["value"] is None:  # a benchmark that failed costs no other its row
            print(f"{revision}: {row['name']} {row['against']}", file=sys.stderr)
    return msgspec.convert([row for row in rows if row["value"] is not None], list[Row])


def _short(figure: float) -> float:
    return float(f"{figure:.4g}")


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments],  # noqa: S607 - whichever git is on the path
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.history", description="Keep rows over commits.")
    commands = parser.add_subparsers(dest="command", required=True)
    measuring = commands.add_parser("measure", help="run benchmarks of commits and keep the rows")
    measuring.add_argument("commits", nargs="+", metavar="COMMIT")
    measuring.add_argument("--rows", required=True, help="which benchmarks, by commas")
    measuring.add_argument("--quick", action="store_true", help="fewer rounds")
    keeping = commands.add_parser("keep", help="keep rows that were measured of a commit")
    keeping.add_argument("file", type=Path)
    keeping.add_argument("--commit", default="HEAD")
    options = parser.parse_args(arguments)
    if options.command == "keep":
        load = os.getloadavg()[0]
        print(keep(msgspec.json.decode(options.file.read_bytes(), type=list[Row]), options.commit, (load, load)))
        return 0
    for commit in options.commits:
        before = os.getloadavg()[0]
        rows = measure(commit, options.rows.split(","), quick=options.quick)
        print(keep(rows, commit, (before, os.getloadavg()[0])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
