"""How long to wait before asking again; pure.

Source: the page "Service protection API limits": integer seconds in Retry-After, exponential waiting without it. Live
answers were seen to say 0, and dates are allowed by RFC 9110. Whoever answers may write anything there.
"""

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

FLOOR = 1.0
CAP = 600.0

_LONGEST_DATE = 64
_DIGITS = 12


def parse_retry_after(header: str | None, now: datetime, *, floor: float = FLOOR, cap: float = CAP) -> float | None:
    """Read a Retry-After header.

    Args:
        header: The header's value, None when absent.
        now: The wall-clock time, aware.
        floor: Seconds that are waited at least, whatever is asked.
        cap: Seconds that are waited at most.

    Returns:
        Seconds from now, between `floor` and `cap`; None when absent or not readable.
    """
    text = (header or "").strip()
    if not text.isascii():
        return None
    if text.isdigit():
        digits = text.lstrip("0")
        return bounded(float(digits or 0) if len(digits) <= _DIGITS else math.inf, floor, cap)
    if len(text) > _LONGEST_DATE:
        return None
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return bounded((at - now).total_seconds(), floor, cap)


def backoff(asked: float | None, attempt: int) -> float:
    """Return the seconds to wait after the n-th failure in a row.

    Args:
        asked: What the other side asked for, where it did.
        attempt: Failures in a row, from 1.

    Returns:
        What was asked, else 2, 4, 8 …; at least 1 and at most 600.
    """
    return bounded(asked if asked is not None else 2.0 ** min(attempt, 32))


def bounded(seconds: float, floor: float = FLOOR, cap: float = CAP) -> float:
    """Keep a wait within its bounds."""
    return min(max(seconds, floor), cap)
