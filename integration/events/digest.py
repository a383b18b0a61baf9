"""What two messages must have in common to be the same event: a digest of type, subject and data.

It has to be the same for one event over HTTP and over a broker, wrapped or not, today and when it is sent again. So
JSON is digested by what it says and not by its spelling: the order of members, white space, escapes, the case of GUIDs,
`1.0` for `1` and the many ways to write an instant do not count. The last two are what the Event Grid trigger does to
an event: it reads and writes it with Json.NET, which takes texts that look like dates for dates (Json.NET, "Serializing
Dates in JSON").

Extensions, the trace context among them, and the envelope's own time do not count: they differ at each sending.
"""

import hashlib
import json
import math
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, cast

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,7}))?(?:(Z)|([+-])(\d\d):?(\d\d))?",
    re.ASCII,
)
_DATE = re.compile(r"/Date\((-?\d{1,16})(?:[+-]\d{4})?\)/", re.ASCII)
_GUID = re.compile(r"\{?([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})\}?")
_SHORTEST = 9
_LONGEST = 40
_EXACT = 2**53


class _RepeatedError(ValueError):
    """An object names a member twice: what it says depends on who reads it."""


def digest_of(type_: str, subject: str | None, data: bytes, *, is_json: bool) -> str:
    """Return the digest of an event's content: SHA-256 in hex.

    Args:
        type_: The event's type.
        subject: Its subject.
        data: Its data.
        is_json: Whether that is JSON text; then its spelling does not count.
    """
    kind, content = "bytes", data
    if is_json and data:
        try:
            content = _dumps(_plain(_DECODER.decode(data.decode()))).encode("utf-8", "surrogatepass")
            kind = "json"
        except (ValueError, RecursionError):
            kind = "bytes"  # no JSON after all, ambiguous, or too deep to be told: then every byte counts
    head = _dumps([kind, type_, subject or ""]).encode("utf-8", "surrogatepass")
    return hashlib.sha256(head + b"\n" + content).hexdigest()


def _plain(value: Any) -> Any:
    """Write what can be spelled in several ways in one."""
    if isinstance(value, str):
        return _text(value) if _SHORTEST <= len(value) <= _LONGEST else value
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_plain(each) for each in cast("list[Any]", value)]
    if isinstance(value, float) and abs(value) < _EXACT and value.is_integer():
        return int(value)
    return value


def _text(text: str) -> str:
    found = _GUID.fullmatch(text)
    return found[1].lower() if found else _instant(text)


def _instant(text: str) -> str:
    """Write a time in UTC without trailing zeros; whatever is none as it is."""
    if found := _DATE.fullmatch(text):
        try:
            return _written(_EPOCH + timedelta(milliseconds=int(found[1])), "", zoned=True)
        except OverflowError:
            return text
    found = _ISO.fullmatch(text)
    if found is None:
        return text
    local, fraction, zulu, sign, hours, minutes = found.groups()
    try:
        at = datetime.fromisoformat(local)
        if sign:
            offset = timedelta(hours=int(hours), minutes=int(minutes))
            at = at.replace(tzinfo=timezone(offset if sign == "+" else -offset)).astimezone(UTC)
    except (ValueError, OverflowError):
        return text
    return _written(at, fraction or "", zoned=bool(zulu or sign))


def _written(at: datetime, fraction: str, *, zoned: bool) -> str:
    fraction = (fraction or (f"{at.microsecond:06}" if at.microsecond else "")).rstrip("0")
    return f"{at:%Y-%m-%dT%H:%M:%S}{f'.{fraction}' if fraction else ''}{'Z' if zoned else ''}"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _RepeatedError
    return found


def _number(text: str) -> float | str:
    value = float(text)
    return value if math.isfinite(value) else text


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_number)
_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode
