"""A run fails for what has become worse, and for nothing else: misses that are known, and figures that say nothing."""

import pytest

from benchmarks.measure import Row, row
from benchmarks.verdicts import Known, known, verdict

MISSES = {"slow": Known(1.5, "the reason"), "few": Known(0.4, "the reason")}


def at_most(ratio, *, name="slow", spread=0.0):
    return Row(name=name, value=9.0, unit="s", ratio=ratio, budget=1.2, ok=ratio <= 1.2, spread=spread)


@pytest.mark.parametrize(
    ("judged", "said"),
    [
        (at_most(1.2), "held"),
        (at_most(1.5), "known"),
        (at_most(1.87), "known"),
        (at_most(1.89), "missed"),
        (at_most(1.5, name="another"), "missed"),
        (at_most(1.23, name="another", spread=0.06), "close"),
        (at_most(1.25, name="another", spread=0.06), "missed"),
        (at_most(1.33, name="another", spread=3.0), "missed"),
        (row("few", 0.33, "x", base=1.0, budget=0.5, direction="at_least"), "known"),
        (row("few", 0.29, "x", base=1.0, budget=0.5, direction="at_least"), "missed"),
        (row("few", 0.6, "x", base=1.0, budget=0.5, direction="at_least"), "held"),
        (row("missing", 1, "events", budget=0), "missed"),
        (row("missing", 0, "events", budget=0), "held"),
        (Row(name="slow", value=float("nan"), unit="", ok=False), "missed"),
        (row("slow", float("nan"), "s", base=1.0, budget=1.0), "missed"),
    ],
)
def test_a_row_is_judged_by_its_budget_its_spread_and_what_is_known(judged, said):
    assert verdict(judged, MISSES) == said


def test_every_miss_that_is_known_says_why():
    assert all(miss.why and miss.figure > 0 for miss in known().values())
