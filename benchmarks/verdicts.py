"""What a row says about its budget: held, close, a miss that is known, or missed.

`python -m benchmarks` ends 0 where nothing has changed. A budget that is missed, and told in the documents as missed,
stands in missed.toml with the figure that it had and why: it fails the run when it has become worse than that. A
figure beside its budget, by no more than its own rounds differ, says nothing.
"""

import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from benchmarks.measure import Row

type Verdict = Literal["held", "close", "known", "missed"]

MISSED = Path(__file__).with_name("missed.toml")
# How much worse a known miss may be on another machine, and the widest spread that excuses a miss, in parts.
TOLERANCE = 0.25
WIDEST = 0.2


class Known(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A budget that is missed.

    Args:
        figure: What was measured, in the unit of the budget.
        why: What takes the time, and where that is told.
    """

    figure: float
    why: str


def known(path: Path = MISSED) -> Mapping[str, Known]:
    """Read the misses that are known, by the name of their row.

    Raises:
        msgspec.ValidationError: An entry is not of that shape.
    """
    return msgspec.convert(tomllib.loads(path.read_text("utf-8")), dict[str, Known])


def verdict(row: Row, misses: Mapping[str, Known]) -> Verdict:
    """Judge a row: `missed` fails the run, the others do not."""
    if row.ok:
        return "held"
    figure = row.value if row.ratio is None else row.ratio
    if row.budget is None or not math.isfinite(figure):
        return "missed"
    if _beyond(figure, row.budget, row) <= min(row.spread, WIDEST) / 2:
        return "close"
    miss = misses.get(row.name)
    if miss is not None and _beyond(figure, miss.figure, row) <= TOLERANCE:
        return "known"
    return "missed"


def _beyond(figure: float, limit: float, row: Row) -> float:
    """Return by how much a figure is on the wrong side of a limit, in parts of the limit."""
    if not limit:
        return math.inf if figure else 0.0
    return (figure - limit if row.direction == "at_most" else limit - figure) / abs(limit)
