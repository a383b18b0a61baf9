"""The parameters of the HTTP API: one parser for each kind of value."""

import re
from datetime import UTC, datetime

from integration.errors import InvalidRequest

EARLIEST = datetime(1601, 1, 1, tzinfo=UTC)
"""What Azure Tables can compare with. Source: "Understanding the Table service data model"."""
LATEST = datetime(9999, 12, 31, tzinfo=UTC)
LONGEST = 2_048
PRINTABLE = "printable"
"""The format of a text without controls, and without spaces but the plain one (`str.isprintable`).

A format, since no regular expression that Python and JavaScript share can say it.
"""
_DIGITS = 9
NAME = "[a-z0-9-]{0,40}"
"""What an organization is called; nothing, where none is named."""


def number(name: str, text: str, *, default: int, most: int) -> int:
    """Read a number from 1 to `most`.

    Args:
        name: The parameter's.
        text: Decimal digits; empty: the default.
        default: What it is when there is none.
        most: The largest that is taken.

    Raises:
        InvalidRequest: It is not one.
    """
    digits = text.lstrip("0")
    if not text:
        return default
    if text.isascii() and text.isdigit() and digits and len(digits) <= _DIGITS and int(digits) <= most:
        return int(digits)
    msg = f"{name} is a number from 1 to {most}"
    raise InvalidRequest(msg)


def moment(name: str, text: str) -> datetime | None:
    """Read a time, in UTC; None when there is none.

    Args:
        name: The parameter's.
        text: ISO 8601 with its zone.

    Raises:
        InvalidRequest: It is not one, has no zone, or lies before 1601 or behind 9999 in UTC.
    """
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        msg = f"{name} is no time in ISO 8601: 2026-01-02T03:04:05Z"
        raise InvalidRequest(msg) from error
    return in_utc(name, at)


def in_utc(name: str, at: datetime) -> datetime:
    """Return a time in UTC.

    Args:
        name: The parameter's.
        at: As given.

    Raises:
        InvalidRequest: It has no zone, or lies before 1601 or behind 9999.
    """
    if at.tzinfo is None:
        msg = f"{name} needs a time zone: 2026-01-02T03:04:05Z"
        raise InvalidRequest(msg)
    try:
        at = at.astimezone(UTC)
    except OverflowError:
        at = datetime.min.replace(tzinfo=UTC)
    if not EARLIEST <= at < LATEST:
        msg = f"{name} is a time from the year 1601 to 9999"
        raise InvalidRequest(msg)
    return at


def organization_name(text: str) -> str:
    """Read an organization's name, or nothing.

    Raises:
        InvalidRequest: None can have it.
    """
    if not re.fullmatch(NAME, text):
        msg = "organization is a name of 1 to 40 of a-z, 0-9 and -"
        raise InvalidRequest(msg)
    return text


def words(name: str, text: str) -> str:
    """Read an id, a type, or another text that is compared with what is stored.

    Raises:
        InvalidRequest: It is too long, or holds a character that none can have.
    """
    if len(text) > LONGEST or not text.isprintable():
        msg = f"{name} holds a character that none can have, or more than {LONGEST} of them"
        raise InvalidRequest(msg)
    return text
