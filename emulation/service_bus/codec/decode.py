"""Read AMQP values.

Every decoder takes the buffer, the offset behind the constructor byte and the nesting depth, and returns the value with
the offset behind it. Whatever the bytes, the only exception that leaves this module is `DecodeError`.
"""

import struct
from collections.abc import Callable
from typing import Any
from uuid import UUID

from emulation.service_bus.codec.types import Char, DecodeError, Described, Opaque, Symbol, Timestamp

MAX_DEPTH = 32
MAX_EMPTY_ITEMS = 65_536  # of an array whose elements take no bytes, so that no count can exhaust memory

type Decoder = Callable[[bytes, int, int], tuple[Any, int]]

_U16 = struct.Struct(">H").unpack_from
_U32 = struct.Struct(">I").unpack_from


def _fixed(code: str, wrap: Callable[[Any], Any] | None = None) -> Decoder:
    packed = struct.Struct(">" + code)
    unpack, size = packed.unpack_from, packed.size
    if wrap is None:
        return lambda buffer, offset, _depth: (unpack(buffer, offset)[0], offset + size)
    return lambda buffer, offset, _depth: (wrap(unpack(buffer, offset)[0]), offset + size)


def _constant(value: object) -> Decoder:
    return lambda _buffer, offset, _depth: (value, offset)


def _empty_list(_buffer: bytes, offset: int, _depth: int) -> tuple[list[Any], int]:
    return [], offset


def _byte(buffer: bytes, offset: int, _depth: int) -> tuple[int, int]:
    return buffer[offset], offset + 1


def _boolean(buffer: bytes, offset: int, _depth: int) -> tuple[bool, int]:
    return buffer[offset] != 0, offset + 1


def _uuid(buffer: bytes, offset: int, _depth: int) -> tuple[UUID, int]:
    return UUID(bytes=_slice(buffer, offset, 16)), offset + 16


def _opaque(code: int, size: int) -> Decoder:
    return lambda buffer, offset, _depth: (Opaque(code, _slice(buffer, offset, size)), offset + size)


def _slice(buffer: bytes, offset: int, size: int) -> bytes:
    end = offset + size
    if end > len(buffer):
        msg = f"a value of {size} bytes at {offset} runs past the end at {len(buffer)}"
        raise DecodeError(msg)
    return buffer[offset:end]


def _short(convert: Callable[[bytes], Any]) -> Decoder:
    def decode(buffer: bytes, offset: int, _depth: int) -> tuple[Any, int]:
        size = buffer[offset]
        return convert(_slice(buffer, offset + 1, size)), offset + 1 + size

    return decode


def _long(convert: Callable[[bytes], Any]) -> Decoder:
    def decode(buffer: bytes, offset: int, _depth: int) -> tuple[Any, int]:
        size = _U32(buffer, offset)[0]
        return convert(_slice(buffer, offset + 4, size)), offset + 4 + size

    return decode


def _binary(data: bytes) -> bytes:
    return data


def _string(data: bytes) -> str:
    return data.decode()


def _symbol(data: bytes) -> Symbol:
    return Symbol(data, "ascii")


def _extent(buffer: bytes, offset: int, width: int) -> tuple[int, int, int]:
    """Return a compound's item count, the offset of its first item, and its end."""
    if width == 1:
        size, count, start = buffer[offset], buffer[offset + 1], offset + 2
    else:
        size, count, start = _U32(buffer, offset)[0], _U32(buffer, offset + 4)[0], offset + 8
    end = offset + width + size
    if end > len(buffer) or start > end:
        msg = f"a compound of {size} bytes at {offset} does not fit its frame of {len(buffer)}"
        raise DecodeError(msg)
    return count, start, end


def _list(width: int) -> Decoder:
    def decode(buffer: bytes, offset: int, depth: int) -> tuple[list[Any], int]:
        count, at, end = _extent(buffer, offset, width)
        if count > end - at:
            msg = f"a list of {count} items cannot be {end - at} bytes long"
            raise DecodeError(msg)
        items: list[Any] = []
        for _ in range(count):
            value, at = _value(buffer, at, depth)
            items.append(value)
        return items, _ended(at, end)

    return decode


def _map(width: int) -> Decoder:
    def decode(buffer: bytes, offset: int, depth: int) -> tuple[dict[Any, Any], int]:
        count, at, end = _extent(buffer, offset, width)
        if count % 2 or count > end - at:
            msg = f"a map cannot have {count} keys and values in {end - at} bytes"
            raise DecodeError(msg)
        items: dict[Any, Any] = {}
        for _ in range(count // 2):
            key, at = _value(buffer, at, depth)
            value, at = _value(buffer, at, depth)
            try:
                items[key] = value
            except TypeError as error:
                raise DecodeError("a map's key is a compound value") from error
        return items, _ended(at, end)

    return decode


def _array(width: int) -> Decoder:
    def decode(buffer: bytes, offset: int, depth: int) -> tuple[list[Any], int]:
        count, at, end = _extent(buffer, offset, width)
        descriptor: Any = None
        code = buffer[at]
        at += 1
        if code == 0:
            descriptor, at = _value(buffer, at, depth)
            code = buffer[at]
            at += 1
        decoder = DECODERS[code]
        if count > max(end - at, MAX_EMPTY_ITEMS if end == at else 0):
            msg = f"an array of {count} items cannot be {end - at} bytes long"
            raise DecodeError(msg)
        items: list[Any] = []
        for _ in range(count):
            value, at = decoder(buffer, at, depth + 1)
            items.append(value if descriptor is None else Described(descriptor, value))
        return items, _ended(at, end)

    return decode


def _ended(at: int, end: int) -> int:
    if at != end:
        msg = f"a compound should end at {end} but its items end at {at}"
        raise DecodeError(msg)
    return end


def _described(buffer: bytes, offset: int, depth: int) -> tuple[Described, int]:
    descriptor, offset = _value(buffer, offset, depth)
    value, offset = _value(buffer, offset, depth)
    return Described(descriptor, value), offset


def _value(buffer: bytes, offset: int, depth: int) -> tuple[Any, int]:
    if depth > MAX_DEPTH:
        msg = f"values are nested deeper than {MAX_DEPTH}"
        raise DecodeError(msg)
    return DECODERS[buffer[offset]](buffer, offset + 1, depth + 1)


DECODERS: dict[int, Decoder] = {
    0x00: _described,
    0x40: _constant(None),
    0x41: _constant(True),
    0x42: _constant(False),
    0x43: _constant(0),
    0x44: _constant(0),
    0x45: _empty_list,
    0x50: _byte,
    0x51: _fixed("b"),
    0x52: _byte,
    0x53: _byte,
    0x54: _fixed("b"),
    0x55: _fixed("b"),
    0x56: _boolean,
    0x60: _fixed("H"),
    0x61: _fixed("h"),
    0x70: _fixed("I"),
    0x71: _fixed("i"),
    0x72: _fixed("f"),
    0x73: _fixed("I", lambda point: Char(chr(point))),
    0x74: _opaque(0x74, 4),
    0x80: _fixed("Q"),
    0x81: _fixed("q"),
    0x82: _fixed("d"),
    0x83: _fixed("q", Timestamp),
    0x84: _opaque(0x84, 8),
    0x94: _opaque(0x94, 16),
    0x98: _uuid,
    0xA0: _short(_binary),
    0xA1: _short(_string),
    0xA3: _short(_symbol),
    0xB0: _long(_binary),
    0xB1: _long(_string),
    0xB3: _long(_symbol),
    0xC0: _list(1),
    0xC1: _map(1),
    0xD0: _list(4),
    0xD1: _map(4),
    0xE0: _array(1),
    0xF0: _array(4),
}


def decode_value(buffer: bytes, offset: int = 0) -> tuple[Any, int]:
    """Decode one value.

    Args:
        buffer: The bytes.
        offset: Where the value's constructor begins.

    Returns:
        The value and the offset behind it.

    Raises:
        DecodeError: These bytes are not an AMQP value.
    """
    try:
        return _value(buffer, offset, 0)
    except (IndexError, KeyError, ValueError, OverflowError, struct.error) as error:
        msg = f"not an AMQP value at {offset}: {error}"
        raise DecodeError(msg) from error


# How many bytes follow a constructor, by its upper four bits; the variable ones tell in their first 1 or 4 bytes.
_WIDTHS = {0x4: 0, 0x5: 1, 0x6: 2, 0x7: 4, 0x8: 8, 0x9: 16}


def skip_value(buffer: bytes, offset: int) -> int:
    """Return the offset behind the value that begins at `offset`, without decoding it.

    Raises:
        DecodeError: The value does not end within the buffer.
    """
    try:
        code = buffer[offset]
        if code == 0:
            return skip_value(buffer, skip_value(buffer, offset + 1))
        kind = code >> 4
        if kind in _WIDTHS:
            end = offset + 1 + _WIDTHS[kind]
        elif kind in {0xA, 0xC, 0xE}:
            end = offset + 2 + buffer[offset + 1]
        elif kind in {0xB, 0xD, 0xF}:
            end = offset + 5 + _U32(buffer, offset + 1)[0]
        else:
            msg = f"no AMQP type has the constructor {code:#x}"
            raise DecodeError(msg)
    except (IndexError, RecursionError, struct.error) as error:
        msg = f"not an AMQP value at {offset}"
        raise DecodeError(msg) from error
    if end > len(buffer):
        msg = f"a value at {offset} runs past the end at {len(buffer)}"
        raise DecodeError(msg)
    return end


def map_spans(buffer: bytes, offset: int) -> list[tuple[Any, int, int, int]]:
    """Return a map's entries as (key, start of key, start of value, end of value), values undecoded.

    Raises:
        DecodeError: There is no map at `offset`.
    """
    try:
        width = {0xC1: 1, 0xD1: 4}[buffer[offset]]
        count, at, end = _extent(buffer, offset + 1, width)
        spans: list[tuple[Any, int, int, int]] = []
        for _ in range(count // 2):
            start = at
            key, at = _value(buffer, at, 0)
            value_start, at = at, skip_value(buffer, at)
            spans.append((key, start, value_start, at))
        _ended(at, end)
    except (IndexError, KeyError, ValueError, struct.error) as error:
        msg = f"not an AMQP map at {offset}: {error}"
        raise DecodeError(msg) from error
    return spans
