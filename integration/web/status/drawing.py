"""The page's drawings as geometry: pure. Shape and height tell what colour tells, so that it can be read without."""

from collections.abc import Sequence
from typing import NamedTuple

from integration.operations.status_shapes import Day, Hour

DAY_WIDTH = 3
"""Units of a day's bar, its gap included."""
DAY_HEIGHT = 20
# How high a day stands, from the bottom; a day without answers is a stroke in the middle.
_HEIGHTS = {"ok": 8, "warn": 14, "bad": DAY_HEIGHT}

HOUR_WIDTH = 24
CHART_HEIGHT = 120
_SERIES = ("delivered", "deferred", "dead_lettered")


class Bar(NamedTuple):
    """An upright rectangle; its y grows downwards, as in SVG."""

    series: str
    x: int
    y: float
    width: int
    height: float


def day_paths(days: Sequence[Day]) -> dict[str, str]:
    """Draw days as one path for each kind of day: ninety rectangles would be thirty times as much text.

    Returns:
        The `d` of a path by kind of day; kinds that do not occur are left out.
    """
    paths: dict[str, str] = {}
    for number, day in enumerate(days):
        x, height = number * DAY_WIDTH, _HEIGHTS.get(day, 2)
        y = DAY_HEIGHT - height if day != "none" else DAY_HEIGHT // 2 - 1
        paths[day] = paths.get(day, "") + f"M{x} {y}h2v{height}h-2z"
    return paths


def days_in_words(days: Sequence[Day]) -> str:
    """Say what the drawing of the days shows."""
    words = {"ok": "without trouble", "warn": "with a warning", "bad": "with trouble", "none": "not watched"}
    counted = [(words[kind], sum(day == kind for day in days)) for kind in ("bad", "warn", "ok", "none")]
    return f"{len(days)} days: " + ", ".join(f"{count} {said}" for said, count in counted if count)


def ceiling(hours: Sequence[Hour]) -> int:
    """Give the number at the top of the chart: 1, 2 or 5 times a power of ten, no less than the largest number."""
    most = max((max(_stack(hour), hour.received) for hour in hours), default=0)
    power = 1
    while True:
        for step in (1, 2, 5):
            if step * power >= most:
                return step * power
        power *= 10


def hour_bars(hours: Sequence[Hour]) -> list[Bar]:
    """Draw hours: what became of deliveries stacked in one bar, what came in as a mark over the hour's whole width."""
    top = ceiling(hours)
    bars: list[Bar] = []
    for number, hour in enumerate(hours):
        x, base = number * HOUR_WIDTH, float(CHART_HEIGHT)
        for series in _SERIES:
            height = _scaled(getattr(hour, series), top)
            if height:
                base -= height
                bars.append(Bar(series, x + 3, round(base, 1), HOUR_WIDTH - 6, height))
        if hour.received:
            bars.append(Bar("received", x, round(CHART_HEIGHT - _scaled(hour.received, top), 1), HOUR_WIDTH, 2))
    return bars


def _stack(hour: Hour) -> int:
    return hour.delivered + hour.deferred + hour.dead_lettered


def _scaled(number: int, top: int) -> float:
    """Scale a number; what is not nothing is at least seen."""
    return max(1.0, round(number / top * CHART_HEIGHT, 1)) if number else 0.0
