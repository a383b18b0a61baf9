"""When an NCRONTAB expression fires."""

from datetime import UTC, datetime, timedelta

import pytest

from integration.config.reading.firings import firings

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)  # a Friday


@pytest.mark.parametrize(
    ("schedule", "times"),
    [
        ("0 */5 * * * *", ["2026-01-02 03:05:00", "2026-01-02 03:10:00", "2026-01-02 03:15:00"]),
        ("*/30 4 3 * * *", ["2026-01-02 03:04:30", "2026-01-03 03:04:00", "2026-01-03 03:04:30"]),
        ("0 0 6 * * Mon-Fri", ["2026-01-02 06:00:00", "2026-01-05 06:00:00", "2026-01-06 06:00:00"]),
        ("0 0 6,18 * * sun,1", ["2026-01-04 06:00:00", "2026-01-04 18:00:00", "2026-01-05 06:00:00"]),
        ("0 30 9 1 feb-mar *", ["2026-02-01 09:30:00", "2026-03-01 09:30:00", "2027-02-01 09:30:00"]),
        ("0 50/5 3 2 * *", ["2026-01-02 03:50:00", "2026-01-02 03:55:00", "2026-02-02 03:50:00"]),
        ("0 0 0 29 2 *", ["2028-02-29 00:00:00", "2032-02-29 00:00:00", "2036-02-29 00:00:00"]),
    ],
)
def test_a_schedule_fires_at_its_times(schedule, times):
    found = firings(schedule, START, START + timedelta(days=5_000))
    assert [f"{next(found):%Y-%m-%d %H:%M:%S}" for _ in times] == times


def test_its_own_begin_is_left_out_and_the_end_is_not():
    at = datetime(2026, 1, 2, 3, 5, tzinfo=UTC)
    assert list(firings("0 */5 * * * *", at, at)) == []
    assert list(firings("0 */5 * * * *", at, at + timedelta(minutes=5))) == [at + timedelta(minutes=5)]
    assert list(firings("0 */5 * * * *", at, at - timedelta(days=1))) == []
