"""Bodies that somebody else wrote, read as JSON of a known shape; pure.

A body may be anything: not UTF-8, cut off, nested a hundred thousand deep. Whoever reads one meets one error.
"""

from typing import Any

import msgspec


class Unreadable(Exception):
    """The body is not the JSON that was expected."""


def read[T](body: bytes, shape: type[T]) -> T:
    """Read a body.

    Args:
        body: As it came; a byte order mark before it is passed over.
        shape: What it must be; unknown members are ignored.

    Raises:
        Unreadable: It is not JSON, not UTF-8, nested too deep, or of another shape.
    """
    try:
        return msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"), type=shape)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise Unreadable from error


def read_object(body: bytes) -> dict[str, Any]:
    """Read a JSON object of any members.

    Raises:
        Unreadable: It is none.
    """
    return read(body, dict[str, Any])
