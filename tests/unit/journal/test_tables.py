"""Which week's table an event lies in, and that no table is dropped while a row of it is still wanted."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.journal.tables import organization_in, outlived, partition_in, partitions_in, table_of, tables_for

NOW = datetime(2026, 1, 14, 12, tzinfo=UTC)
KEEP = timedelta(days=14)
TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # hypothesis wants naive ends


def test_an_event_lies_in_the_week_of_its_own_time_whenever_it_comes():
    time = datetime(2026, 1, 4, 23, 59, tzinfo=UTC)
    for days in range(10):
        assert tables_for(time, NOW - timedelta(days=6) + timedelta(days=days), KEEP) == ("fnolinkjournal2026w01b",)


def test_years_follow_the_iso_week():
    assert table_of(datetime(2027, 1, 1, tzinfo=UTC)) == "fnolinkjournal2026w53b"


@pytest.mark.parametrize("time", [None, NOW - timedelta(days=40), NOW + timedelta(days=2)])
def test_an_event_without_a_usable_time_lies_in_a_table_without_a_week(time):
    assert tables_for(time, NOW, KEEP) == ("fnolinkjournaluntimed",)


@pytest.mark.parametrize(
    ("days", "weeks"), [(0, ("03b", "02b")), (4, ("03b", "02b")), (5, ("03b",)), (11, ("03b",)), (12, ()), (90, ())]
)
def test_after_an_update_such_an_event_is_looked_up_where_the_version_before_looked(days, weeks):
    names = tuple(f"fnolinkjournal2026w{week}" for week in weeks)
    assert tables_for(None, NOW + timedelta(days=days), KEEP, since=NOW) == ("fnolinkjournaluntimed", *names)


@pytest.mark.parametrize("table", ["fnolinkjournal2026w02b", "fnolinkjournal2026w02"])
def test_a_table_is_dropped_once_its_last_event_is_older_than_is_kept_and_a_week_more(table):
    monday = datetime(2026, 1, 12, tzinfo=UTC)
    assert not outlived(table, monday + KEEP + timedelta(days=7), KEEP)
    assert outlived(table, monday + KEEP + timedelta(days=7, seconds=1), KEEP)


@pytest.mark.parametrize("organization", ["contoso", "contoso-a", "a"])
def test_whose_a_row_is_can_be_told_by_its_partition_in_either_kind_of_table(organization):
    for table in ("fnolinkjournal2026w02b", "fnolinkjournal2026w02", "fnolinkjournaluntimed"):
        first, last = partitions_in(table, organization)
        for key in ("0" * 64, "a" * 64, "f" * 64):
            partition = partition_in(table, organization, key)
            assert first <= partition <= last
            assert organization_in(table, partition) == organization


@pytest.mark.parametrize(
    "name",
    [
        "fnolinkjournal",
        "fnolinkjournaluntimed",
        "fnolinkjournal2026w99b",
        "fnolinkjournal2020w1",
        "fnolinkjournal2020w01c",
        "orders2020w01b",
    ],
)
def test_other_tables_are_never_dropped(name):
    assert not outlived("fnolinkjournaluntimed", datetime(2099, 1, 1, tzinfo=UTC), KEEP)
    assert not outlived(name, datetime(2099, 1, 1, tzinfo=UTC), KEEP)


@given(TIMES, st.timedeltas(timedelta(0), timedelta(days=40)), st.timedeltas(timedelta(days=1), timedelta(days=60)))
def test_no_row_is_written_to_a_table_that_is_dropped_within_a_week(time, age, keep):
    now = time + age
    new, *others = tables_for(time, now, keep)
    assert not outlived(new, now + timedelta(days=6, hours=23), keep)
    assert not any(outlived(table, now, keep) for table in others)


@given(TIMES, st.timedeltas(timedelta(0), timedelta(days=40)), st.timedeltas(timedelta(days=1), timedelta(days=60)))
def test_a_row_is_found_as_long_as_its_table_is_there(time, age, keep):
    own, now = tables_for(time, time, keep)[0], time + age
    assert own in tables_for(time, now, keep) or outlived(own, now, keep)
