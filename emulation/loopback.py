"""Serving ASGI applications on loopback, several in one event loop."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Generator
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol


class LoopbackServer(uvicorn.Server):
    """A uvicorn server that leaves signals to its process.

    Args:
        app: The ASGI application.
        port: The port on 127.0.0.1; 0 takes a free one.
        tls: The TLS context, for https.
        dated: Whether answers get this machine's `Date`; else the application gives them one.
    """

    def __init__(self, app: Any, *, port: int = 0, tls: ssl.SSLContext | None = None, dated: bool = True) -> None:
        self._transports: dict[int, asyncio.Transport] = {}
        super().__init__(
            uvicorn.Config(
                app,
                loop="none",
                http=_tracking(self._transports),
                ws="none",
                lifespan="off",
                interface="asgi3",
                access_log=False,
                log_config=None,
                # Faults end requests without an answer on purpose; uvicorn would log each as an error.
                log_level="critical",
                server_header=False,
                date_header=dated,
                timeout_keep_alive=65,
                timeout_graceful_shutdown=1,
                ssl_context_factory=(lambda _config, _default: tls) if tls else None,
            )
        )
        # asyncio turns Nagle's algorithm off only where the socket names its protocol; with it an answer takes 40 ms.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        self._task: asyncio.Task[None] | None = None
        self.port: int = self._socket.getsockname()[1]

    def reset(self, port: int) -> None:
        """Reset the connection from this port of the client's: it sees ECONNRESET, not an orderly end."""
        if transport := self._transports.get(port):
            reset(transport)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture none: the process decides when it ends."""
        yield

    async def start(self) -> None:
        """Begin to serve; return once connections are taken."""
        self._task = asyncio.create_task(self.serve(sockets=[self._socket]))
        while not self.started:
            if self._task.done():
                await self._task
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """End now: connections are cut, answers under way with them."""
        self.should_exit = True
        for transport in list(self._transports.values()):
            transport.abort()
        if self._task:
            await self._task
        self._socket.close()


def reset(transport: asyncio.BaseTransport) -> None:
    """End a connection by RST."""
    sock = transport.get_extra_info("socket")
    if sock is not None and sock.fileno() >= 0:  # it may have been closed meanwhile
        # Closing a socket with a linger time of zero sends RST instead of FIN.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


def _tracking(transports: dict[int, asyncio.Transport]) -> type[H11Protocol]:
    class TrackingProtocol(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]  (as uvicorn's own)
            # Kept, because a TLS transport that was lost no longer knows its peer.
            self._port: int = transport.get_extra_info("peername")[1]
            transports[self._port] = transport
            super().connection_made(transport)

        def connection_lost(self, exc: Exception | None) -> None:
            transports.pop(self._port, None)
            super().connection_lost(exc)

    return TrackingProtocol
