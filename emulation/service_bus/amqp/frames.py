"""Cut a byte stream into AMQP frames, and write the frames that are written most (OASIS AMQP 1.0 Part 2, §2.3)."""

import struct

from emulation.service_bus.codec import encode as write
from emulation.service_bus.codec.performatives import Performative, encode_performative
from emulation.service_bus.codec.types import DecodeError

SASL_HEADER = b"AMQP\x03\x01\x00\x00"
AMQP_HEADER = b"AMQP\x00\x01\x00\x00"
HEADER_SIZE = 8
AMQP_FRAME, SASL_FRAME = 0, 1
MAX_FRAME = 65_536
TRANSFER_OVERHEAD = 64  # more than a transfer's performative and frame header take
_prefix = struct.Struct(">IBBH")


class FrameReader:
    """Collect bytes until they make a frame or a protocol header."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._at = 0

    def feed(self, data: bytes) -> None:
        """Add received bytes."""
        if self._at:
            del self._buffer[: self._at]
            self._at = 0
        self._buffer += data

    def header(self) -> bytes | None:
        """Return the next eight bytes as a protocol header, or none yet."""
        if len(self._buffer) - self._at < HEADER_SIZE:
            return None
        self._at += HEADER_SIZE
        return bytes(self._buffer[self._at - HEADER_SIZE : self._at])

    def frame(self) -> tuple[int, int, bytes] | None:
        """Return the next frame as (type, channel, body), or none yet.

        Raises:
            DecodeError: The bytes are not a frame of a size that was agreed.
        """
        at, buffer = self._at, self._buffer
        if len(buffer) - at < HEADER_SIZE:
            return None
        size, offset, kind, channel = _prefix.unpack_from(buffer, at)
        if not HEADER_SIZE <= size <= MAX_FRAME or not HEADER_SIZE <= offset * 4 <= size:
            msg = f"a frame of {size} bytes with its body at {offset * 4}; the largest allowed is {MAX_FRAME}"
            raise DecodeError(msg)
        if len(buffer) - at < size:
            return None
        self._at = at + size
        return kind, channel, bytes(buffer[at + offset * 4 : at + size])


def frame(channel: int, body: bytes, kind: int = AMQP_FRAME) -> bytes:
    """Put a frame's header before its body."""
    return _prefix.pack(HEADER_SIZE + len(body), 2, kind, channel) + body


def performative_frame(channel: int, performative: Performative, kind: int = AMQP_FRAME) -> bytes:
    """Write a performative as a frame."""
    return frame(channel, encode_performative(performative), kind)


def transfer_frames(  # noqa: PLR0913 - the fields of a transfer
    channel: int, handle: int, delivery_id: int, tag: bytes | None, payload: bytes, *, settled: bool, max_frame: int
) -> list[bytes]:
    """Write a message as transfer frames, none larger than the peer takes.

    A message that is settled from the start has no tag on Azure, against the standard; clients notice.
    """
    name = write.binary(tag) if tag is not None else b"\x40"
    start = write.uint(handle) + write.uint(delivery_id) + name + b"\x43" + write.boolean(settled)
    if len(payload) + TRANSFER_OVERHEAD <= max_frame:
        body = b"\x00\x53\x14" + write.compound(0xC0, 5, start) + payload
        return [_prefix.pack(HEADER_SIZE + len(body), 2, AMQP_FRAME, channel) + body]
    size = max_frame - TRANSFER_OVERHEAD
    frames: list[bytes] = []
    for at in range(0, len(payload), size):
        more = write.boolean(at + size < len(payload))
        body = b"\x00\x53\x14" + write.compound(0xC0, 6, start + more) + payload[at : at + size]
        frames.append(frame(channel, body))
    return frames


def disposition_frame(channel: int, *, role: bool, delivery_id: int, state: bytes) -> bytes:
    """Write the settled outcome of one delivery; `state` is encoded, `role` true as its receiver."""
    fields = write.boolean(role) + write.uint(delivery_id) + b"\x40\x41" + state
    return frame(channel, b"\x00\x53\x15" + write.compound(0xC0, 5, fields))
