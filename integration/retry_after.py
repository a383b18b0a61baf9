"""How long to wait before asking again.

Source: the page "Service protection API limits": integer seconds in Retry-After, exponential waiting without it. Live
answers were seen to say 0, and dates are allowed by RFC 9110, section 10.2.3. Whoever answers may write anything there:
what nobody can mean says nothing, so that a lying answer holds nothing up for longer than our own schedule would.
"""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from integration.loggers import logger

SHORTEST_SECONDS = 1.0
"""Nobody is asked again sooner, whatever he says."""
LONGEST_SECONDS = 600.0
"""After that long it is looked whether what was wrong still is."""

MEANT = timedelta(days=3653)
"""Ten years: nobody means to be asked again after longer than that, nor before so long ago."""

_DIGITS = 10
_TIME = "[0-9]{2}:[0-9]{2}:[0-9]{2}"
# The three forms of a date of RFC 9110, section 5.6.7, with the zones that are seen in their place.
_DATE = re.compile(
    rf"[A-Za-z]{{3,9}}, [0-9]{{2}}[ -][A-Za-z]{{3}}[ -](?:[0-9]{{4}}|[0-9]{{2}}) {_TIME} (?:GMT|UTC|[+-][0-9]{{4}})"
    rf"|[A-Za-z]{{3}} [A-Za-z]{{3}} [ 0-9][0-9] {_TIME} [0-9]{{4}}"
)
_WHITESPACE = " \t"

log = logger("retry_after")


def parse_retry_after(
    header: str | None, now: datetime, *, floor: float = SHORTEST_SECONDS, cap: float = LONGEST_SECONDS
) -> float | None:
    """Read a Retry-After header; pure.

    Args:
        header: The header's value, None when absent.
        now: The wall-clock time, aware.
        floor: Seconds that are waited at least, whatever is asked.
        cap: Seconds that are waited at most.

    Returns:
        Seconds from now, between `floor` and `cap`; None when absent, or when nobody can mean it: neither whole seconds
        nor a date, or further away than `MEANT`.
    """
    read = _read(header or "", now)
    return bounded(read, floor, cap) if isinstance(read, float) else None


def asked_wait(
    header: str | None,
    now: datetime,
    *,
    by: str,
    floor: float = SHORTEST_SECONDS,
    cap: float = LONGEST_SECONDS,
) -> float | None:
    """Read the Retry-After of one answer, and log where nobody can mean it; as `parse_retry_after` otherwise.

    Args:
        header: The header's value, None when absent.
        now: The wall-clock time, aware.
        by: Who answered, for the log.
        floor: Seconds that are waited at least, whatever is asked.
        cap: Seconds that are waited at most.
    """
    read = _read(header or "", now)
    if isinstance(read, float):
        return bounded(read, floor, cap)
    if read:
        # Not the value itself: it may hold what we sent in confidence.
        log.warning("the Retry-After of %s is left aside, our own schedule holds: nobody can mean %s", by, read)
    return None


def backoff(asked: float | None, attempt: int) -> float:
    """Return the seconds to wait after the n-th failure in a row.

    Args:
        asked: What the other side asked for, where it did.
        attempt: Failures in a row, from 1.

    Returns:
        What was asked, else 2, 4, 8 …; at least 1 and at most 600.
    """
    return bounded(asked if asked is not None else 2.0 ** min(attempt, 32))


def bounded(seconds: float, floor: float = SHORTEST_SECONDS, cap: float = LONGEST_SECONDS) -> float:
    """Keep a wait within its bounds."""
    return min(max(seconds, floor), cap)


def _read(header: str, now: datetime) -> float | str:
    """Return seconds from now, else what the header has that nobody can mean; empty where it has nothing."""
    text = header.strip(_WHITESPACE)
    if text.isascii() and text.isdigit():
        digits = text.lstrip("0")
        seconds = float(digits or 0) if len(digits) <= _DIGITS else None
        if seconds is None or seconds > MEANT.total_seconds():
            return f"a number of {len(digits)} digits"
        return seconds
    at = _date(text)
    if at is None:
        return f"{len(text)} characters that are neither whole seconds nor a date" if text else ""
    if abs(at - now) > MEANT:
        return "a date more than ten years away"
    return (at - now).total_seconds()


def _date(text: str) -> datetime | None:
    if not _DATE.fullmatch(text):
        return None
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at
