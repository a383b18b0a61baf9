"""Durations as people write them: `60s`, `15m`, `1h30m`, `14d`."""

import re
from datetime import timedelta

PATTERN = r"^(?=.)(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$"
HINT = "a duration such as 500ms, 60s, 15m, 1h30m or 14d, largest unit first"
UNITS = ("weeks", "days", "hours", "minutes", "seconds", "milliseconds")


def parse_duration(text: str) -> timedelta:
    """Read a duration.

    Raises:
        ValueError: It is none, or longer than a timedelta can be.
    """
    found = re.match(PATTERN, text, re.ASCII)
    if not found:
        msg = f"`{text}` is not a duration"
        raise ValueError(msg)
    parts = {
        unit: int(part.rstrip("wdhms")) for unit, part in zip(UNITS, found.groups(), strict=True) if part is not None
    }
    try:
        return timedelta(**parts)
    except OverflowError as error:
        msg = f"`{text}` is too long"
        raise ValueError(msg) from error


def format_duration(duration: timedelta) -> str:
    """Write a duration of whole milliseconds the way `parse_duration` reads it."""
    rest = round(duration / timedelta(milliseconds=1))
    text = ""
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, rest = divmod(rest, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"
