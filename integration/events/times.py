"""Times as Microsoft's serializers write them."""

import re
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NO_DATE = datetime(1900, 1, 1, tzinfo=UTC)
_JSON_DATE = re.compile(r"/Date\((-?\d{1,18})(?:[+-]\d{4})?\)/")
_LEAP_SECOND = re.compile(r"(?<=\d:\d\d:)60(?!\d)")
_LONGEST = 64
_FINER = re.compile(r":\d\d[.,]\d{6}(\d{1,24})", re.ASCII)


def json_date(value: str) -> datetime | None:
    """Read `/Date(1767268800000+0000)/`: milliseconds since 1970 in UTC; the offset only says where it was written.

    Returns:
        None when the text is something else or outside the years 1 to 9999.
    """
    match = _JSON_DATE.fullmatch(value)
    if match is None:
        return None
    return from_milliseconds(int(match[1]))


def from_milliseconds(count: int) -> datetime | None:
    """Return the time so many milliseconds after 1970, None outside the years 1 to 9999."""
    try:
        return _EPOCH + timedelta(milliseconds=count)
    except OverflowError:
        return None


def instant(value: object) -> datetime | None:
    """Read a time in ISO 8601 (any number of fractional digits, UTC where no offset is given) or `/Date(…)/`.

    RFC 3339, section 5.6, allows `t` and `z` in lower case, and a second 60, which is the next minute's first here.

    Returns:
        An aware time in UTC; None for anything else.
    """
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST:
        return None
    if value.startswith("/"):
        return json_date(value)
    if value.endswith("z"):
        value = value.upper()
    whole = _LEAP_SECOND.sub("59", value) if ":60" in value else value
    try:
        time = datetime.fromisoformat(whole)
        if whole != value:
            time += timedelta(seconds=1)
        if time.tzinfo is UTC:
            return time
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def finer(value: object) -> str:
    """Return the digits of a written time's second that a datetime cannot hold: those after the sixth, 24 at most."""
    found = _FINER.search(value) if isinstance(value, str) and len(value) <= _LONGEST else None
    return found[1].rstrip("0") if found else ""


def known(time: datetime | None) -> datetime | None:
    """Return None for 1900-01-01, which finance and operations apps write for "no date"."""
    return None if time == _NO_DATE else time
