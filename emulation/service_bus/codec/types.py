"""The AMQP types that Python has no word of its own for.

Encoding follows the Python type: `int` is a long, `float` a double, `str` a string, `bytes` a binary, `dict` a map,
`list` a list; the classes here choose another width or meaning. Decoding gives plain `int` for every integer width.
Source: OASIS AMQP 1.0 Part 1: Types.
"""

from typing import Any

import msgspec


class DecodeError(Exception):
    """The bytes are not AMQP."""


class Symbol(str):
    """A symbolic value: ASCII, from a constrained domain."""

    __slots__ = ()


class UByte(int):
    """An unsigned byte."""


class UShort(int):
    """An unsigned 16-bit integer."""


class UInt(int):
    """An unsigned 32-bit integer."""


class ULong(int):
    """An unsigned 64-bit integer."""


class Int(int):
    """A signed 32-bit integer."""


class Timestamp(int):
    """Milliseconds since 1970-01-01 UTC."""


class Char(str):
    """One Unicode character."""

    __slots__ = ()


class Opaque(msgspec.Struct, frozen=True):
    """A value kept as it came: the decimal types.

    Args:
        code: The AMQP constructor byte.
        data: The value's bytes.
    """

    code: int
    data: bytes


class Described(msgspec.Struct, frozen=True):
    """A value under a descriptor.

    Args:
        descriptor: A `ULong` or a `Symbol`; decoded ones are plain `int` or `Symbol`.
        value: The value described.
    """

    descriptor: Any
    value: Any


class Array(msgspec.Struct, frozen=True):
    """Values of one type.

    Args:
        of: The Python class that chooses the element type, e.g. `int` for long, `Symbol`.
        items: The elements; empty is allowed.
    """

    of: type
    items: tuple[Any, ...]


def as_map(value: object) -> dict[str, Any]:
    """Return a decoded map with its keys as text; empty if the value is no map."""
    found: dict[Any, Any] = value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType] - decoded
    return {str(key): item for key, item in found.items()}


def as_list(value: object) -> list[Any]:
    """Return a decoded list; empty if the value is no list."""
    return value if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType] - decoded
