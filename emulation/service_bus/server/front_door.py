"""What a new connection speaks: AMQP at once, or HTTP that becomes a WebSocket."""

import asyncio
from typing import cast

from emulation.service_bus.amqp.connection import Connection
from emulation.service_bus.amqp.websocket import MAX_HEAD, WebSocketPipe, accept
from emulation.service_bus.codec.types import DecodeError

HTTP = b"GET "


class FrontDoor(asyncio.Protocol):
    """Listen to the first bytes, then hand over.

    Args:
        connection: What AMQP is handed to.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self._pipe: WebSocketPipe | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take bytes."""
        if self._pipe is not None:
            self._to_websocket(self._pipe, data)
            return
        self._buffer += data
        transport = self._transport
        if transport is None or len(self._buffer) < len(HTTP):
            return
        if not self._buffer.startswith(HTTP):
            transport.set_protocol(self._connection)
            self._connection.open(transport)
            self._connection.data_received(self._buffer)
        elif b"\r\n\r\n" in self._buffer:
            self._upgrade(transport)
        elif len(self._buffer) > MAX_HEAD:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of everything."""
        self._connection.connection_lost(exc)

    def pause_writing(self) -> None:
        """Hold messages back: the peer does not read."""
        self._connection.pause_writing()

    def resume_writing(self) -> None:
        """Send what was held back."""
        self._connection.resume_writing()

    def _upgrade(self, transport: asyncio.Transport) -> None:
        head, _, rest = self._buffer.partition(b"\r\n\r\n")
        answer = accept(head.decode("latin-1"))
        transport.write(answer)
        if b" 101 " not in answer.split(b"\r\n", 1)[0]:
            transport.close()
            return
        self._pipe = WebSocketPipe(transport, self._connection.data_received)
        self._connection.open(self._pipe)
        if rest:
            self._to_websocket(self._pipe, rest)

    def _to_websocket(self, pipe: WebSocketPipe, data: bytes) -> None:
        try:
            pipe.received(data)
        except DecodeError:
            pipe.abort()
