"""A date as .NET keeps one: a count of 100 ns and a kind."""

import re
from datetime import date
from enum import Enum

import msgspec

TICKS = 10_000_000
DAY = 86_400 * TICKS
LAST = date.max.toordinal() * DAY - 1
EPOCH = (date(1970, 1, 1).toordinal() - 1) * DAY
SHORTEST, LONGEST = 19, 40

_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,7}))?(?:([Zz])|([+-])(\d\d)(?::?(\d\d))?)?", re.ASCII
)
# The zone says only that it is local time; the number counts from 1970 in UTC all the same.
_MICROSOFT = re.compile(r"/Date\((-?\d{1,16})([+-]\d{2,4})?\)/", re.ASCII)


class Kind(Enum):
    """What is known of a date's zone; "local" is UTC, the zone of every machine that runs Functions in Azure."""

    UNSPECIFIED = ""
    UTC = "Z"
    LOCAL = "+00:00"


class Moment(msgspec.Struct, frozen=True):
    """A date.

    Args:
        ticks: 100 ns each, since the beginning of the year 1.
        kind: What is known of its zone.
    """

    ticks: int
    kind: Kind

    @property
    def iso(self) -> str:
        """The date as Json.NET writes it: no zero at the end of a fraction."""
        fraction = self.ticks % TICKS
        tail = f".{fraction:07d}".rstrip("0") if fraction else ""
        return f"{self._day.isoformat()}T{self._time}{tail}{self.kind.value}"

    @property
    def invariant(self) -> str:
        """The date as `Convert.ToString` writes it in the invariant culture: to the second, without a zone."""
        return f"{self._day.month:02d}/{self._day.day:02d}/{self._day.year:04d} {self._time}"

    @property
    def _day(self) -> date:
        return date.fromordinal(self.ticks // DAY + 1)

    @property
    def _time(self) -> str:
        minutes, second = divmod(self.ticks % DAY // TICKS, 60)
        hour, minute = divmod(minutes, 60)
        return f"{hour:02d}:{minute:02d}:{second:02d}"


def moment(text: str) -> Moment | None:
    """Return the date that Json.NET takes a text for, or None."""
    if found := _MICROSOFT.fullmatch(text):
        kind = Kind.LOCAL if found[2] else Kind.UTC
        return _within(EPOCH + int(found[1]) * (TICKS // 1000), kind)
    if SHORTEST <= len(text) <= LONGEST and (found := _ISO.fullmatch(text)):
        return _iso(found)
    return None


def _iso(found: re.Match[str]) -> Moment | None:
    year, month, day, hour, minute, second = map(int, found.groups()[:6])
    fraction = int((found[7] or "0").ljust(7, "0"))
    if minute > 59 or second > 59 or hour * 3600 * TICKS + (minute * 60 + second) * TICKS + fraction > DAY:  # noqa: PLR2004
        return None
    try:
        midnight = (date(year, month, day).toordinal() - 1) * DAY
    except ValueError:
        return None
    ticks = midnight + (hour * 3600 + minute * 60 + second) * TICKS + fraction
    if found[9] is None:
        return _within(ticks, Kind.UTC if found[8] else Kind.UNSPECIFIED)
    east = (int(found[10]) * 3600 + int(found[11] or 0) * 60) * TICKS
    # Clamped to years 1 to 9999, as .NET does when a zone would move a time beyond them.
    return Moment(min(LAST, max(0, ticks - (east if found[9] == "+" else -east))), Kind.LOCAL)


def _within(ticks: int, kind: Kind) -> Moment | None:
    return Moment(ticks, kind) if 0 <= ticks <= LAST else None
