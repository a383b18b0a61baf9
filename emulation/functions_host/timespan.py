""".NET time spans, as host.json and schedules write them."""

import re

_SPAN = re.compile(r"^(-)?(?:(\d+)\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,7}))?)?$")


def seconds(text: str) -> float:
    """Return a time span `[d.]hh:mm[:ss[.fffffff]]` in seconds.

    Raises:
        ValueError: The text is not a time span.
    """
    match = _SPAN.match(text.strip())
    if match is None:
        msg = f"{text!r} is not a time span; write [d.]hh:mm:ss[.fffffff]."
        raise ValueError(msg)
    sign, days, hours, minutes, secs, fraction = match.groups()
    total = int(days or 0) * 86400 + int(hours) * 3600 + int(minutes) * 60 + int(secs or 0)
    return (-1 if sign else 1) * (total + (float(f"0.{fraction}") if fraction else 0.0))


def is_timespan(text: str) -> bool:
    """Return whether a text is a time span."""
    return _SPAN.match(text.strip()) is not None
