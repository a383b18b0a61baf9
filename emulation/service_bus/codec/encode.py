"""Write AMQP values, each in its shortest form."""

import struct
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from emulation.service_bus.codec.types import (
    Array,
    Char,
    Described,
    Int,
    Opaque,
    Symbol,
    Timestamp,
    UByte,
    UInt,
    ULong,
    UShort,
)

BYTE = 256
_pack_u32 = struct.Struct(">BI").pack
_pack_u64 = struct.Struct(">BQ").pack
_pack_i64 = struct.Struct(">Bq").pack


def null(_value: None = None) -> bytes:
    """Encode nothing."""
    return b"\x40"


def boolean(value: bool) -> bytes:  # noqa: FBT001 - the value itself
    """Encode a boolean."""
    return b"\x41" if value else b"\x42"


def ubyte(value: int) -> bytes:
    """Encode an unsigned byte."""
    return bytes((0x50, value))


def ushort(value: int) -> bytes:
    """Encode an unsigned 16-bit integer."""
    return struct.pack(">BH", 0x60, value)


def uint(value: int) -> bytes:
    """Encode an unsigned 32-bit integer."""
    if not value:
        return b"\x43"
    return bytes((0x52, value)) if value < BYTE else _pack_u32(0x70, value)


def ulong(value: int) -> bytes:
    """Encode an unsigned 64-bit integer."""
    if not value:
        return b"\x44"
    return bytes((0x53, value)) if value < BYTE else _pack_u64(0x80, value)


def int32(value: int) -> bytes:
    """Encode a signed 32-bit integer."""
    return struct.pack(">Bb", 0x54, value) if -128 <= value <= 127 else struct.pack(">Bi", 0x71, value)  # noqa: PLR2004 - a byte's range


def long(value: int) -> bytes:
    """Encode a signed 64-bit integer."""
    return struct.pack(">Bb", 0x55, value) if -128 <= value <= 127 else _pack_i64(0x81, value)  # noqa: PLR2004 - a byte's range


def double(value: float) -> bytes:
    """Encode a 64-bit floating point number."""
    return struct.pack(">Bd", 0x82, value)


def timestamp(value: int) -> bytes:
    """Encode a point in time, in milliseconds since 1970 UTC."""
    return _pack_i64(0x83, value)


def uuid(value: UUID) -> bytes:
    """Encode a UUID."""
    return b"\x98" + value.bytes


def char(value: str) -> bytes:
    """Encode one Unicode character."""
    return _pack_u32(0x73, ord(value))


def opaque(value: Opaque) -> bytes:
    """Encode a value that was kept as it came."""
    return bytes((value.code,)) + value.data


def _variable(code: int, data: bytes) -> bytes:
    size = len(data)
    if size < BYTE:
        return bytes((code, size)) + data
    return _pack_u32(code | 0x10, size) + data


def binary(value: bytes) -> bytes:
    """Encode bytes."""
    return _variable(0xA0, value)


def string(value: str) -> bytes:
    """Encode a Unicode string."""
    return _variable(0xA1, value.encode())


def symbol(value: str) -> bytes:
    """Encode a symbol."""
    return _variable(0xA3, value.encode("ascii"))


def compound(code: int, count: int, content: bytes) -> bytes:
    """Frame encoded items.

    Args:
        code: 0xC0 for a list, 0xC1 for a map.
        count: How many items; a map counts keys and values.
        content: The encoded items.
    """
    size = len(content) + 1
    if size < BYTE and count < BYTE:
        return bytes((code, size, count)) + content
    return struct.pack(">BII", code | 0x10, size + 3, count) + content


def list_of(items: Iterable[bytes]) -> bytes:
    """Encode a list from encoded items."""
    encoded = list(items)
    return compound(0xC0, len(encoded), b"".join(encoded)) if encoded else b"\x45"


def map_of(value: dict[Any, Any]) -> bytes:
    """Encode a map."""
    return compound(0xC1, len(value) * 2, b"".join(encode(key) + encode(item) for key, item in value.items()))


def described(value: Described) -> bytes:
    """Encode a described value."""
    descriptor = value.descriptor
    head = ulong(descriptor) if isinstance(descriptor, int) else symbol(descriptor)
    return b"\x00" + head + encode(value.value)


# Elements of an array share one constructor, so each type has one width here.
_ELEMENTS: dict[type, tuple[int, Callable[[Any], bytes]]] = {
    int: (0x81, lambda value: struct.pack(">q", value)),
    UInt: (0x70, lambda value: struct.pack(">I", value)),
    Timestamp: (0x83, lambda value: struct.pack(">q", value)),
    UUID: (0x98, lambda value: value.bytes),
    str: (0xB1, lambda value: struct.pack(">I", len(value.encode())) + value.encode()),
    Symbol: (0xB3, lambda value: struct.pack(">I", len(value)) + value.encode("ascii")),
    bytes: (0xB0, lambda value: struct.pack(">I", len(value)) + value),
}


def array(value: Array) -> bytes:
    """Encode an array."""
    code, element = _ELEMENTS[value.of]
    content = bytes((code,)) + b"".join(map(element, value.items))
    return struct.pack(">BII", 0xF0, len(content) + 4, len(value.items)) + content


def _list(value: list[Any] | tuple[Any, ...]) -> bytes:
    return list_of(map(encode, value))


_ENCODERS: dict[type, Callable[[Any], bytes]] = {
    type(None): null,
    bool: boolean,
    int: long,
    UByte: ubyte,
    UShort: ushort,
    UInt: uint,
    ULong: ulong,
    Int: int32,
    float: double,
    str: string,
    bytes: binary,
    Symbol: symbol,
    Timestamp: timestamp,
    Char: char,
    UUID: uuid,
    Opaque: opaque,
    Described: described,
    Array: array,
    list: _list,
    tuple: _list,
    dict: map_of,
}


def encode(value: object) -> bytes:
    """Encode a value by its Python type.

    Raises:
        TypeError: AMQP has no type for it.
    """
    encoder = _ENCODERS.get(type(value))
    if encoder is None:
        msg = f"AMQP has no type for {type(value).__name__}"
        raise TypeError(msg)
    return encoder(value)
