"""What a measurement is, and how to take one fairly.

A ratio is only meaningful side by side: `side_by_side` runs every contender in each round, in a rotating order, so
that a slow second of the machine hits all of them. A row's value is the median of its rounds, its spread the distance
between the quartiles in parts of the median.
"""

import gc
import math
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from statistics import median, quantiles
from typing import Literal

import msgspec

type Direction = Literal["at_most", "at_least"]
type Samples = Sequence[float]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One measured figure against its budget.

    Args:
        name: What was measured.
        value: The median, in `unit`.
        unit: `µs`, `ms`, `s`, `events/s`, `MiB`, `calls` …
        ratio: The value in parts of what it is measured against; None where there is no such thing.
        budget: The limit of `ratio`, of `value` where there is no ratio; None: reported only.
        direction: On which side of the budget the figure has to be.
        against: What it is measured against, in words.
        ok: Whether the budget holds; true where there is none.
        spread: Distance between the quartiles in parts of the median; 0 for a single figure.
    """

    name: str
    value: float
    unit: str
    ratio: float | None = None
    budget: float | None = None
    direction: Direction = "at_most"
    against: str = ""
    ok: bool = True
    spread: float = 0.0


def spread_of(samples: Samples) -> float:
    middle = median(samples)
    if len(samples) < 2 or not middle:
        return 0.0
    low, _, high = quantiles(samples, n=4, method="inclusive")
    return (high - low) / abs(middle)


def holds(figure: float, budget: float | None, direction: Direction) -> bool:
    """Tell whether a figure keeps its budget; a figure that is no number keeps none."""
    if budget is None:
        return math.isfinite(figure)
    return figure <= budget if direction == "at_most" else figure >= budget


def row(
    name: str,
    samples: Samples | float,
    unit: str,
    *,
    base: Samples | float | None = None,
    against: str = "",
    budget: float | None = None,
    direction: Direction = "at_most",
    paired: bool = False,
) -> Row:
    """Judge samples (one figure a round) against a budget; with `base`, the other side's samples, as their ratio.

    Where each sample was taken right beside its counterpart (`paired`), the ratio is the median of the pairs' ratios
    and the spread is theirs: what else the machine did in that second is then in neither.
    """
    values = [samples] if isinstance(samples, int | float) else samples
    value, spread = median(values), spread_of(values)
    ratio = None
    if paired and not isinstance(base, int | float | None):
        ratios = [ours / theirs for ours, theirs in zip(values, base, strict=True)]
        ratio, spread = median(ratios), spread_of(ratios)
    elif base is not None:
        ratio = value / (base if isinstance(base, int | float) else median(base))
    return Row(
        name=name,
        value=value,
        unit=unit,
        ratio=ratio,
        budget=budget,
        direction=direction,
        against=against,
        ok=holds(value if ratio is None else ratio, budget, direction),
        spread=spread,
    )


def told(rows: list[Row]) -> list[Row]:
    """Print rows on stderr as soon as they are measured, and return them: a run that is cut short has said them."""
    for each in rows:
        ratio = "" if each.ratio is None else f", {each.ratio:.2f} of what it is measured against"
        print(f"{each.name}: {each.value:,.4g} {each.unit}{ratio} ({each.against or 'alone'})", file=sys.stderr)
    return rows


def side_by_side(
    contenders: Mapping[str, Callable[[], object]], *, rounds: int = 15, seconds: float = 0.05
) -> dict[str, list[float]]:
    """Time functions against each other.

    Returns:
        Seconds per call: one figure a round for each contender, each from about `seconds` of repeated calls.
    """
    calls = {name: _calls_within(function, seconds) for name, function in contenders.items()}
    samples: dict[str, list[float]] = {name: [] for name in contenders}
    names = list(contenders)
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            samples[name].append(_time(contenders[name], calls[name]) / calls[name])
    return samples


async def side_by_side_async(
    contenders: Mapping[str, Callable[[], Awaitable[object]]], *, rounds: int = 15, seconds: float = 0.05
) -> dict[str, list[float]]:
    """Time coroutine functions against each other; as `side_by_side`."""
    calls: dict[str, int] = {}
    for name, function in contenders.items():
        count = 1
        while await _time_async(function, count) < seconds / 4 and count < 10_000_000:
            count *= 4
        calls[name] = max(1, round(count * seconds / max(await _time_async(function, count), 1e-9)))
    samples: dict[str, list[float]] = {name: [] for name in contenders}
    names = list(contenders)
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            samples[name].append(await _time_async(contenders[name], calls[name]) / calls[name])
    return samples


def _calls_within(function: Callable[[], object], seconds: float) -> int:
    count = 1
    while _time(function, count) < seconds / 4 and count < 10_000_000:
        count *= 4
    return max(1, round(count * seconds / max(_time(function, count), 1e-9)))


def _time(function: Callable[[], object], count: int) -> float:
    turns = range(count)
    collecting = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        start = time.perf_counter()
        for _ in turns:
            function()
        return time.perf_counter() - start
    finally:
        if collecting:
            gc.enable()


async def _time_async(function: Callable[[], Awaitable[object]], count: int) -> float:
    turns = range(count)
    collecting = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        start = time.perf_counter()
        for _ in turns:
            await function()
        return time.perf_counter() - start
    finally:
        if collecting:
            gc.enable()
