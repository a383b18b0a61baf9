"""Windows against brute force: every minute of a year, by the clocks on the wall of several zones."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration.config.keys.health import Maintenance
from integration.health.maintenance.windows import WEEKDAYS, Spell, spell_at, spells_between

MINUTE = timedelta(minutes=1)
YEAR = datetime(2026, 1, 1, tzinfo=UTC)
MINUTES = 365 * 24 * 60
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",  # half an hour of summer time
    "Africa/Cairo",  # changes at midnight
    "Pacific/Kiritimati",  # 14 hours before UTC
    "Pacific/Chatham",
)
BERLIN = "Europe/Berlin"


def window(days, start, lasting, zone=BERLIN):
    when = {"date": days} if isinstance(days, date) else {"weekday": days}
    return Maintenance(**when, start=start, duration=lasting, timezone=zone)


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@cache
def begins_by_the_wall_clock(zone):
    """Walk through the year and note, for each minute of the wall clock, when it begins on which day.

    A time that is there twice begins when it is there first; one that is skipped, as long after the skip as it lies
    after the last time before it.
    """
    begins = {}
    wall = (YEAR - MINUTE).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    for number in range(MINUTES):
        now = (YEAR + number * MINUTE).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        skipped = wall + MINUTE
        later = number
        while skipped < now:
            begins.setdefault(skipped.time(), {}).setdefault(skipped.date(), later)
            skipped, later = skipped + MINUTE, later + 1
        begins.setdefault(now.time(), {}).setdefault(now.date(), number)
        wall = now
    return begins


def brute_force(each):
    """Return the minutes of the year in which a window is open."""
    numbers = {WEEKDAYS.index(day) for day in each.weekdays}
    lasting = each.duration // MINUTE
    opened = bytearray(MINUTES)
    for day, number in begins_by_the_wall_clock(each.timezone).get(time.fromisoformat(each.start), {}).items():
        if day == each.date if each.date else day.weekday() in numbers:
            end = min(number + lasting, MINUTES)
            opened[number:end] = b"\1" * max(0, end - number)
    return opened


def as_minutes(spells):
    opened = bytearray(MINUTES)
    for spell in spells:
        first, last = (max(0, (edge - YEAR) // MINUTE) for edge in (spell.start, spell.end))
        opened[first : min(last, MINUTES)] = b"\1" * max(0, min(last, MINUTES) - first)
    return opened


weekly = st.builds(
    window,
    st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=7, unique=True).map(tuple),
    st.times().map(lambda each: f"{each:%H:%M}")
    | st.sampled_from(["00:00", "00:30", "01:30", "02:00", "02:30", "23:59"]),
    st.integers(1, 24 * 60).map(lambda minutes: minutes * MINUTE),
    st.sampled_from(ZONES),
)
dated = st.builds(
    window,
    st.dates(date(2026, 1, 3), date(2026, 12, 29)),
    st.times().map(lambda each: f"{each:%H:%M}") | st.sampled_from(["00:00", "02:00", "02:30"]),
    st.integers(1, 72 * 60).map(lambda minutes: minutes * MINUTE),
    st.sampled_from(ZONES),
)


def spells_of_the_year(each):
    # What began in the year before is not in the brute force.
    return [each for each in spells_between(each, YEAR, YEAR + MINUTES * MINUTE) if each.start >= YEAR]


@pytest.mark.parametrize("lasting", [MINUTE, 90 * MINUTE, timedelta(days=1)])
@pytest.mark.parametrize("zone", ZONES)
def test_every_day_at_every_half_hour_in_every_zone(zone, lasting):
    """Both nights in which the clocks change are among the days, in each zone that has them."""
    # Every hour and every half hour come up, and the hours of both nights all do.
    for half in sorted({*range(0, 48, 5), *range(2, 8)}):
        each = window(WEEKDAYS, f"{half // 2:02}:{half % 2 * 30:02}", lasting, zone)
        assert as_minutes(spells_of_the_year(each)) == brute_force(each), each.start


@settings(max_examples=40, deadline=None)
@given(weekly | dated, st.data())
def test_every_minute_of_a_year_is_as_the_wall_clock_says(each, data):
    expected = brute_force(each)
    spells = spells_of_the_year(each)
    assert as_minutes(spells) == expected
    first = YEAR + each.duration  # before it, a spell of the year before may last
    edges = [edge for spell in spells for edge in (spell.start, spell.end)] or [first]
    near = data.draw(st.lists(st.sampled_from(edges), max_size=20))
    some = data.draw(st.lists(st.integers(0, MINUTES - 1), max_size=20))
    for number in {(edge - YEAR) // MINUTE + offset for edge in near for offset in (-1, 0, 1)} | set(some):
        if first <= YEAR + number * MINUTE < YEAR + MINUTES * MINUTE:
            assert (spell_at(each, YEAR + number * MINUTE) is not None) == bool(expected[number])


@settings(max_examples=40, deadline=None)
@given(weekly, st.integers(0, MINUTES - 1), st.integers(0, 59))
def test_a_spell_holds_what_it_was_asked_for_and_lasts_as_long_as_it_says(each, number, seconds):
    now = YEAR + number * MINUTE + timedelta(seconds=seconds)
    spell = spell_at(each, now)
    if spell:
        assert spell.start <= now < spell.end
        assert spell.end - spell.start == each.duration


@pytest.mark.parametrize(
    ("start", "lasting", "begins", "ends"),
    [
        # the hour that does not exist: at 01:00 UTC the clock goes from 02:00 to 03:00
        ("01:30", "1h", "2026-03-29T00:30", "2026-03-29T01:30"),
        ("02:00", "2h", "2026-03-29T01:00", "2026-03-29T03:00"),
        ("02:30", "30m", "2026-03-29T01:30", "2026-03-29T02:00"),
        ("03:00", "1h", "2026-03-29T01:00", "2026-03-29T02:00"),
    ],
)
def test_the_hour_that_does_not_exist(start, lasting, begins, ends):
    each = window(date(2026, 3, 29), start, {"30m": 30, "1h": 60, "2h": 120}[lasting] * MINUTE)
    assert spell_at(each, utc(begins)) == Spell(utc(begins), utc(ends))
    assert spell_at(each, utc(begins) - MINUTE) is None
    assert spell_at(each, utc(ends)) is None


@pytest.mark.parametrize(
    ("start", "lasting", "begins", "ends"),
    [
        # the hour that is there twice: at 01:00 UTC the clock goes from 03:00 to 02:00
        ("01:30", 60, "2026-10-24T23:30", "2026-10-25T00:30"),
        ("02:00", 30, "2026-10-25T00:00", "2026-10-25T00:30"),
        ("02:30", 120, "2026-10-25T00:30", "2026-10-25T02:30"),
        ("03:00", 60, "2026-10-25T02:00", "2026-10-25T03:00"),
    ],
)
def test_the_hour_that_is_there_twice(start, lasting, begins, ends):
    each = window("sun", start, lasting * MINUTE)
    assert spell_at(each, utc(begins)) == Spell(utc(begins), utc(ends))
    assert spell_at(each, utc(begins) - MINUTE) is None
    assert spell_at(each, utc(ends)) is None


def test_a_window_across_midnight_belongs_to_the_day_on_which_it_begins():
    each = window(("fri",), "23:00", 180 * MINUTE, "America/New_York")
    assert spell_at(each, utc("2026-11-28T04:00"))  # Friday 23:00
    assert spell_at(each, utc("2026-11-28T06:59"))  # Saturday 01:59
    assert spell_at(each, utc("2026-11-28T07:00")) is None
    assert spell_at(each, utc("2026-11-27T04:30")) is None  # Thursday 23:30


def test_a_window_of_many_days_is_open_in_its_middle():
    each = window(date(2026, 12, 24), "18:00", timedelta(days=10))
    assert spell_at(each, utc("2026-12-31T12:00")) == Spell(utc("2026-12-24T17:00"), utc("2027-01-03T17:00"))


def test_a_day_that_a_zone_has_skipped():
    each = window(date(2011, 12, 30), "12:00", 60 * MINUTE, "Pacific/Apia")
    # By the offset from before (UTC-10) it begins when the clocks show 12:00 on the 31st.
    assert spell_at(each, utc("2011-12-30T22:00")) == Spell(utc("2011-12-30T22:00"), utc("2011-12-30T23:00"))


def test_any_offset_may_be_asked_by():
    each = window("sun", "02:00", 120 * MINUTE)
    now = datetime(2026, 11, 29, 6, 30, tzinfo=ZoneInfo("Asia/Kolkata"))  # 02:00 in Berlin
    assert spell_at(each, now)
    assert spell_at(each, now - MINUTE) is None
