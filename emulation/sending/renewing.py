"""A message with ids and times of its own: the same event sent twice would be one event."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

# The fields that tell one event from another, in the order of trust.
MARKERS = ("EventId", "OperationId", "CorrelationId", "id")
_GUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_NOTHING = "00000000-0000-0000-0000-000000000000"
_QUOTE = r'\\?"'
# As a member, or as a pair of key and value; in a text that is itself JSON, quotes are escaped.
_IS = rf"{_QUOTE}(?:\s*,\s*{_QUOTE}value{_QUOTE})?\s*:\s*"
_ISO = re.compile(rf"({_QUOTE}(?:EventTimeIso8601|eventTime|time){_IS}{_QUOTE})\d{{4}}-[^\"\\]+")
_DATE = re.compile(rf"({_QUOTE}(?:EventTime|OperationCreatedOn){_IS}{_QUOTE}\\*/Date\()\d+")
_NUMBER = re.compile(rf"({_QUOTE}ControlNumber{_IS})5\d{{9}}")


def renewed(text: str, guid: Callable[[], str]) -> tuple[str, dict[str, str]]:
    """Give every id that tells an event from another a new value, the same wherever it stands.

    Args:
        text: The message.
        guid: Makes an id.

    Returns:
        The message, and the new ids by the old ones.
    """
    fresh: dict[str, str] = {}
    for field in MARKERS:
        for value in values_of(field, text):
            fresh.setdefault(value, guid())
    for old, new in fresh.items():
        text = text.replace(old, new.upper() if old.isupper() else new)
    return text, fresh


def values_of(field: str, text: str) -> Iterator[str]:
    """Yield the ids that a field has in a message, wherever in it.

    Args:
        field: One of `MARKERS`.
        text: The message.
    """
    pattern = rf'{_QUOTE}{field}{_QUOTE}\s*:\s*{_QUOTE}([^"\\]+)|"key": "{field}",\s*"value": "([^"]+)"'
    for found in re.finditer(pattern, text):
        value = found[1] or found[2]
        if value and value != _NOTHING and (_GUID.fullmatch(value) or field == "id"):
            yield value


def at(text: str, now: datetime) -> str:
    """Let a message happen now: its times, and the number that F&O counts up.

    Args:
        text: The message.
        now: The time.
    """
    now = now.astimezone(UTC)
    seconds = int(now.timestamp())
    text = _ISO.sub(lambda found: f"{found[1]}{now:%Y-%m-%dT%H:%M:%S.%f}0Z", text)
    text = _DATE.sub(lambda found: f"{found[1]}{seconds * 1000}", text)
    return _NUMBER.sub(lambda found: f"{found[1]}{5_600_000_000 + seconds % 1_000_000_000}", text)
