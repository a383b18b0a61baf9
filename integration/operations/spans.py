"""How long something is to be silent, as both faces say it: for a while, or until a time; and who says so."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

from msgspec import Meta

from integration.config.reading.duration import HINT, format_duration, parse_duration
from integration.errors import InvalidRequest
from integration.operations.parameters import PRINTABLE, in_utc

LONGEST = timedelta(days=30)
"""What is silent for longer should not be watched at all."""
MOST_OF_A_NAME = 100
MOST_OF_A_NOTE = 500

type Signature = Annotated[
    str,
    Meta(extra_json_schema={"minLength": 1, "maxLength": MOST_OF_A_NAME, "format": PRINTABLE, "pattern": "\\S"}),
]
"""Who says so."""
type Note = Annotated[str, Meta(extra_json_schema={"maxLength": MOST_OF_A_NOTE, "format": "printable-lines"})]
"""What is being done."""
type Span = Annotated[str, Meta(extra_json_schema={"format": "short-duration"})]
"""How long: `90m`, `2h`, `1d12h`; empty: until when is given."""
ONE_SPAN: Mapping[str, Any] = {
    "oneOf": [
        {
            "title": "for a while",
            "properties": {"for": {"minLength": 1}, "until": {"type": "null"}},
            "required": ["for"],
        },
        {
            "title": "until a time",
            "properties": {"for": {"const": ""}, "until": {"type": "string"}},
            "required": ["until"],
        },
    ]
}
"""That one of the two is given, as JSON Schema."""


def check_span(for_: str, until: datetime | None) -> None:
    """Refuse a span that cannot be meant.

    Args:
        for_: A duration; empty: none is given.
        until: A time; None: none is given.

    Raises:
        InvalidRequest: It says why.
    """
    if bool(for_) == (until is not None):
        raise InvalidRequest("give for or until, one of the two")
    if until is not None:
        in_utc("until", until)
    else:
        _duration(for_)


def end_of(for_: str, until: datetime | None, now: datetime) -> datetime:
    """Return when a span ends.

    Args:
        for_: A duration; empty: `until` is given.
        until: A time.
        now: When it begins.

    Raises:
        InvalidRequest: It would be over, or last longer than 30 days.
    """
    end = in_utc("until", until) if until is not None else now + _duration(for_)
    if end <= now:
        raise InvalidRequest("it would be over before it begins: until is a time to come")
    if end - now > LONGEST:
        msg = f"it lasts {LONGEST.days} days at most"
        raise InvalidRequest(msg)
    return end


def check_signature(by: str, note: str) -> None:
    """Refuse who or what cannot be shown.

    Args:
        by: Who says so.
        note: What is being done.

    Raises:
        InvalidRequest: It says why.
    """
    if not by.strip():
        raise InvalidRequest("say by whom: by is a name")
    if len(by) > MOST_OF_A_NAME or not by.isprintable():
        msg = f"by is at most {MOST_OF_A_NAME} printable characters"
        raise InvalidRequest(msg)
    if len(note) > MOST_OF_A_NOTE or not all(each.isprintable() or each == "\n" for each in note):
        msg = f"note is at most {MOST_OF_A_NOTE} printable characters"
        raise InvalidRequest(msg)


def _duration(text: str) -> timedelta:
    try:
        duration = parse_duration(text)
    except ValueError as error:
        msg = f"for is {HINT}"
        raise InvalidRequest(msg) from error
    if not timedelta(0) < duration <= LONGEST:
        msg = f"for is a duration from 1ms to {format_duration(LONGEST)}"
        raise InvalidRequest(msg)
    return duration
