"""When an NCRONTAB expression fires: pure. Source: as in `schedule`; day and weekday must both hold."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from integration.config.reading.schedule import FIELDS, PART, number_of

_DAY = timedelta(days=1)


def firings(schedule: str, after: datetime, until: datetime) -> Iterator[datetime]:
    """Give the times at which a schedule fires, oldest first.

    Args:
        schedule: Six fields, without a fault.
        after: Behind this time, in UTC.
        until: Not behind this time.
    """
    seconds, minutes, hours, days, months, weekdays = map(_values, schedule.split(), FIELDS)
    day = after.replace(hour=0, minute=0, second=0, microsecond=0)
    while day <= until:
        # Python's Monday is 0, the expression's Sunday is.
        if day.day in days and day.month in months and (day.weekday() + 1) % 7 in weekdays:
            for hour in sorted(hours):
                for minute in sorted(minutes):
                    for second in sorted(seconds):
                        at = day.replace(hour=hour, minute=minute, second=second)
                        if after < at <= until:
                            yield at
        day += _DAY


def _values(field: str, about: tuple[str, int, int, tuple[str, ...]]) -> frozenset[int]:
    _, low, high, names = about
    found: set[int] = set()
    for part in field.split(","):
        read = PART.fullmatch(part)
        if read is None:
            continue
        step = int(read["step"] or 1)
        if read["start"] == "*":
            found.update(range(low, high + 1, step))
            continue
        start = number_of(read["start"], low, names) or 0
        end = number_of(read["end"], low, names) if read["end"] else (high if read["step"] else start)
        found.update(range(start, (end or 0) + 1, step))
    return frozenset(found)
