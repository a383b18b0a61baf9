"""How long to wait before asking again; pure.

Source: the page "Service protection API limits": integer seconds in Retry-After, exponential waiting without it. Live
answers were seen to say 0, and dates are allowed by RFC 9110.
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

FLOOR = 1.0
CAP = 600.0


def parse_retry_after(header: str | None, now: datetime) -> float | None:
    """Read a Retry-After header.

    Args:
        header: The header's value, None when absent.
        now: The wall-clock time, aware.

    Returns:
        Seconds from now, at least 1 and at most 600; None when absent or not readable.
    """
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return bounded(float(text[:9]))
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return bounded((at - now).total_seconds())


def backoff(asked: float | None, attempt: int) -> float:
    """Return the seconds to wait after the n-th failure in a row.

    Args:
        asked: What the other side asked for, where it did.
        attempt: Failures in a row, from 1.

    Returns:
        What was asked, else 2, 4, 8 …; at least 1 and at most 600.
    """
    return bounded(asked if asked is not None else 2.0 ** min(attempt, 32))


def bounded(seconds: float) -> float:
    """Keep a wait between 1 and 600 seconds."""
    return min(max(seconds, FLOOR), CAP)
