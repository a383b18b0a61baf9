"""NCRONTAB expressions: whether one has the shape that the Functions timer trigger takes.

Source: the section "NCRONTAB expressions" of the page "Timer trigger for Azure Functions".
"""

import re

HINT = "six fields, second minute hour day month weekday: 0 */5 * * * * is every five minutes"
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
FIELDS = (
    ("second", 0, 59, ()),
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day", 1, 31, ()),
    ("month", 1, 12, MONTHS),
    ("weekday", 0, 6, WEEKDAYS),
)
PART = re.compile(r"(?P<start>\*|\w+)(-(?P<end>\w+))?(/(?P<step>\d+))?", re.ASCII)


def schedule_fault(text: str) -> str:
    """Say what is wrong with an NCRONTAB expression; empty: nothing."""
    fields = text.split()
    if len(fields) != len(FIELDS):
        return f"has {len(fields)} fields, not {len(FIELDS)}"
    for field, (name, low, high, names) in zip(fields, FIELDS, strict=True):
        for part in field.split(","):
            if not _part_holds(part, low, high, names):
                return f"`{field}` is no {name} ({low}-{high})"
    return ""


def _part_holds(part: str, low: int, high: int, names: tuple[str, ...]) -> bool:
    found = PART.fullmatch(part)
    if not found:
        return False
    step = found["step"]
    if step is not None and not 0 < int(step) <= high:
        return False
    if found["start"] == "*":
        return found["end"] is None
    start = number_of(found["start"], low, names)
    end = start if found["end"] is None else number_of(found["end"], low, names)
    return start is not None and end is not None and low <= start <= end <= high


def number_of(text: str, low: int, names: tuple[str, ...]) -> int | None:
    """Read one value of a field, written as a number or by its name; None: it is none."""
    if text.isdecimal():
        return int(text)
    for index, name in enumerate(names):
        if text.lower().startswith(name):
            return low + index
    return None
