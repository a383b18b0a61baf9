"""AMQP over WebSocket: the same bytes, in binary messages (RFC 6455; "AMQP WebSocket Binding").

Only what a server needs that treats messages as a stream: no extensions, no text.
"""

import base64
import hashlib
import struct
from collections.abc import Callable
from http import HTTPStatus
from typing import Protocol

from emulation.service_bus.codec.types import DecodeError

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
SUBPROTOCOLS = ("AMQPWSB10", "amqp")
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
MAX_HEAD = 16_384
MAX_PAYLOAD = 16 << 20
SHORT, LONG = 126, 127


class Pipe(Protocol):
    """What a connection writes to: an asyncio transport, or a WebSocket over one."""

    def write(self, data: bytes, /) -> None:
        """Send bytes."""
        ...

    def close(self) -> None:
        """Send what is left, then close."""
        ...

    def abort(self) -> None:
        """Close at once."""
        ...

    def is_closing(self) -> bool:
        """Return whether it is closed or about to be."""
        ...


def accept(head: str) -> bytes:
    """Answer an HTTP request that asks for a WebSocket.

    Returns:
        The answer: 101, or 400 with a reason.
    """
    lines = head.split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    key = headers.get("sec-websocket-key")
    if key is None or headers.get("upgrade", "").lower() != "websocket":
        return _answer(HTTPStatus.BAD_REQUEST, "Content-Length: 0", "Connection: close")
    digest = base64.b64encode(hashlib.sha1((key + GUID).encode(), usedforsecurity=False).digest()).decode()
    wanted = [name.strip() for name in headers.get("sec-websocket-protocol", "").split(",")]
    protocol = next((name for name in SUBPROTOCOLS if name in wanted), None)
    lines = ["Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Accept: {digest}"]
    return _answer(
        HTTPStatus.SWITCHING_PROTOCOLS, *lines, *([f"Sec-WebSocket-Protocol: {protocol}"] if protocol else [])
    )


def _answer(status: HTTPStatus, *headers: str) -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status.value} {status.phrase}", *headers, "", "")).encode()


def frame(opcode: int, payload: bytes) -> bytes:
    """Write a frame of a server, which is not masked."""
    size = len(payload)
    if size < SHORT:
        head = struct.pack(">BB", 0x80 | opcode, size)
    elif size < 1 << 16:
        head = struct.pack(">BBH", 0x80 | opcode, SHORT, size)
    else:
        head = struct.pack(">BBQ", 0x80 | opcode, LONG, size)
    return head + payload


def unmask(payload: bytes, mask: bytes) -> bytes:
    """Undo a client's masking."""
    size = len(payload)
    repeated = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")).to_bytes(size, "big")


class WebSocketReader:
    """Collect bytes until they make frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Add received bytes; return the complete frames as (opcode, payload).

        Raises:
            DecodeError: A frame is not masked, or larger than 16 MiB.
        """
        self._buffer += data
        frames: list[tuple[int, bytes]] = []
        while (found := self._frame()) is not None:
            frames.append(found)
        return frames

    def _frame(self) -> tuple[int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:  # noqa: PLR2004 - the shortest head
            return None
        opcode, size, at = buffer[0] & 0x0F, buffer[1] & 0x7F, 2
        if not buffer[1] & 0x80:
            raise DecodeError("a WebSocket client must mask its frames")
        extended = {SHORT: 2, LONG: 8}.get(size, 0)
        if len(buffer) < at + extended + 4:
            return None
        if extended:
            size = int.from_bytes(buffer[at : at + extended], "big")
            at += extended
        if size > MAX_PAYLOAD:
            msg = f"a WebSocket frame of {size} bytes; the largest allowed is {MAX_PAYLOAD}"
            raise DecodeError(msg)
        end = at + 4 + size
        if len(buffer) < end:
            return None
        payload = unmask(bytes(buffer[at + 4 : end]), bytes(buffer[at : at + 4]))
        del buffer[:end]
        return opcode, payload


class WebSocketPipe:
    """A pipe that frames what is written.

    Args:
        transport: What it writes to.
        deliver: Takes the bytes of binary messages.
    """

    def __init__(self, transport: Pipe, deliver: Callable[[bytes], None]) -> None:
        self._transport, self._deliver = transport, deliver
        self._reader = WebSocketReader()

    def received(self, data: bytes) -> None:
        """Take bytes from the peer."""
        for opcode, payload in self._reader.feed(data):
            if opcode in {BINARY, CONTINUATION}:
                self._deliver(payload)
            elif opcode == PING:
                self._transport.write(frame(PONG, payload))
            elif opcode == CLOSE:
                self._transport.write(frame(CLOSE, payload[:2]))
                self._transport.close()
            elif opcode == TEXT:
                raise DecodeError("AMQP over WebSocket is binary")

    def write(self, data: bytes, /) -> None:
        """Send bytes as a binary message."""
        self._transport.write(frame(BINARY, data))

    def close(self) -> None:
        """Say goodbye and close."""
        self._transport.write(frame(CLOSE, b"\x03\xe8"))
        self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    def is_closing(self) -> bool:
        """Return whether it is closed or about to be."""
        return self._transport.is_closing()
