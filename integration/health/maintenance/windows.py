"""Windows of the configuration: when each of them is open.

What RFC 5545 (sections 3.3.5 and 3.3.6) says of local times and of durations holds here. A start that the clock skips
is taken by the offset from before: 02:30 in the night that has none begins when the clocks show 03:30. A start that is
there twice is the first of the two. Hours and minutes pass as they really pass, so that a window of two hours lasts two
hours in those nights, too; by the clock on the wall it ends an hour later or earlier than usual.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from integration.config.keys.health import Maintenance

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = timedelta(days=1)
FARTHEST_OFFSET = 2 * DAY
"""No zone is farther from UTC than a day, nor skips more than one (Pacific/Apia, 30 December 2011)."""


class Spell(msgspec.Struct, frozen=True, order=True):
    """One time that a window is open.

    Args:
        start: From here, in UTC.
        end: Until just before here, in UTC.
    """

    start: datetime
    end: datetime


def spell_at(window: Maintenance, now: datetime) -> Spell | None:
    """Return the spell of a window that an instant is in.

    Args:
        window: A window without a fault.
        now: The instant, aware.
    """
    return next((spell for spell in _near(window, now, now) if spell.start <= now < spell.end), None)


def spells_between(window: Maintenance, since: datetime, until: datetime) -> list[Spell]:
    """Return the spells of a window that have a part in a time, in order.

    Args:
        window: A window without a fault.
        since: From here, aware.
        until: Until just before here, aware.
    """
    return sorted(spell for spell in _near(window, since, until) if spell.start < until and since < spell.end)


def _near(window: Maintenance, since: datetime, until: datetime) -> Iterator[Spell]:
    """Yield the spells that begin on any day on which one might that reaches into the time."""
    zone = ZoneInfo(window.timezone)
    start = time.fromisoformat(window.start)
    for day in _days(window, since, until):
        begins = datetime.combine(day, start, zone).astimezone(UTC)
        yield Spell(begins, begins + window.duration)


def _days(window: Maintenance, since: datetime, until: datetime) -> Iterator[date]:
    if window.date is not None:
        yield window.date
        return
    numbers = {WEEKDAYS.index(day) for day in window.weekdays}
    day = (since.astimezone(UTC) - window.duration - FARTHEST_OFFSET).date()
    last = (until.astimezone(UTC) + FARTHEST_OFFSET).date()
    while day <= last:
        if day.weekday() in numbers:
            yield day
        day += DAY
