"""The geometry of the page's drawings."""

import re

import pytest

from integration.operations.status_shapes import Hour
from integration.web.status.drawing import CHART_HEIGHT, ceiling, day_paths, days_in_words, hour_bars
from tests.status_sample import NOW, days, hours


def test_days_are_drawn_one_path_a_kind_and_none_is_forgotten():
    paths = day_paths(days(10, 20))
    assert {kind: len(re.findall("M", d)) for kind, d in paths.items()} == {"none": 3, "ok": 85, "bad": 2}
    assert day_paths(()) == {}


def test_days_are_told_in_words_the_worst_first():
    assert days_in_words(days(10, 20)) == "90 days: 2 with trouble, 85 without trouble, 3 not watched"


@pytest.mark.parametrize(("most", "top"), [(0, 1), (1, 1), (2, 2), (3, 5), (7, 10), (11, 20), (160, 200), (501, 1000)])
def test_the_axis_ends_at_a_round_number(most, top):
    assert ceiling((Hour(at=NOW, received=most),)) == top
    assert ceiling((Hour(at=NOW, delivered=most),)) == top


def test_bars_stand_on_the_axis_within_the_chart_and_what_is_there_is_seen():
    bars = hour_bars((*hours()[:23], Hour(at=NOW, received=1, delivered=1, dead_lettered=1)))
    assert min(bar.y for bar in bars) >= 0
    assert max(bar.y + bar.height for bar in bars) <= CHART_HEIGHT + 2
    assert all(bar.height >= 1 for bar in bars)
    last = [bar for bar in bars if bar.x // 24 == 23]
    assert {bar.series for bar in last} == {"received", "delivered", "dead_lettered"}
    assert hour_bars((Hour(at=NOW),)) == []
