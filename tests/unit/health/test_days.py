"""The days of a subject: the worst of each is kept, and a day of which nothing is known is told as such."""

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from integration.health.days import KEEP, Days

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_of_a_day_the_worst_stays():
    days = Days().noted("ok", NOW).noted("bad", NOW).noted("warn", NOW)
    assert days.until(NOW)[-1] == "bad"
    assert days.until(NOW)[:-1] == ("none",) * (KEEP - 1)


def test_days_without_an_answer_are_between_those_with_one():
    days = Days().noted("ok", NOW).noted("warn", NOW + timedelta(days=3))
    assert days.until(NOW + timedelta(days=4))[-5:] == ("ok", "none", "none", "warn", "none")


def test_a_day_ends_at_midnight_in_utc():
    late = datetime.fromisoformat("2026-01-02T23:30:00-02:00")
    assert Days().noted("ok", late).last == datetime(2026, 1, 3, tzinfo=UTC).date()


def test_a_clock_that_was_set_back_loses_nothing():
    days = Days().noted("bad", NOW).noted("ok", NOW - timedelta(days=2))
    assert days.until(NOW)[-1] == "bad"


@given(st.lists(st.tuples(st.sampled_from(["ok", "warn", "bad"]), st.integers(0, 40)), max_size=30))
def test_there_are_always_ninety_days_and_they_survive_being_stored(steps):
    days, now = Days(), NOW
    for day, later in steps:
        now += timedelta(days=later)
        days = days.noted(day, now)
    shown = days.until(now)
    assert len(shown) == KEEP
    assert len(days.seen) <= KEEP
    assert msgspec.json.decode(msgspec.json.encode(days), type=Days) == days
    assert not steps or shown[-1] != "none"


def test_what_a_hand_has_written_is_not_known():
    assert Days(NOW.date(), "?o").until(NOW)[-2:] == ("none", "ok")
