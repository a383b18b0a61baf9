"""The HTTP server under the host's front: as lenient as Kestrel is, and no slower than it must be.

Kestrel and the host are compiled, and run beside the worker; here both are Python in the worker's own thread. What a
request costs here is taken from the app, so requests are parsed by llhttp (httptools).
"""

import asyncio
import contextlib
from collections.abc import Generator
from typing import Any

import uvicorn
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

type Data = bytes | bytearray | memoryview[int]


class Joined(asyncio.Transport):
    """A connection that sends at once what is written at once: uvicorn writes head and body each by a call of its own.

    Args:
        transport: The connection.
        loop: Where it is served.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._held: list[Data] = []

    def write(self, data: Data) -> None:
        """Send soon."""
        if not self._held:
            self._loop.call_soon(self._send)
        self._held.append(data)

    def close(self) -> None:
        """Close once everything is sent."""
        self._send()
        self._transport.close()

    def is_closing(self) -> bool:
        """Tell whether it is closed, or about to be."""
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Tell of the connection."""
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        """Let the sender wait."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        self._transport.resume_reading()

    def _send(self) -> None:
        if self._held:
            self._transport.write(b"".join(self._held))
            self._held.clear()


class Protocol(HttpToolsProtocol):
    """One connection.

    A request that has both lengths is served, and the coding counts (Kestrel's `Http1MessageBody`); llhttp alone
    refuses it.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        assert self.parser is not None  # noqa: S101 - made a line before; pyright follows uvicorn's later `None`
        self.parser.set_dangerous_leniencies(lenient_chunked_length=True, lenient_data_after_close=True)

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]  (as uvicorn's own)
        """Begin with a connection."""
        super().connection_made(Joined(transport, self.loop))


class Server(uvicorn.Server):
    """uvicorn without its own signal handlers: the host decides the order of a stop."""

    async def close(self) -> None:
        """Take no more connections; those that there are go on."""
        loop = asyncio.get_running_loop()
        for each in self.servers:
            for listening in each.sockets:
                loop.remove_reader(listening.fileno())
        # A connection that was taken becomes one only in the next turn of the loop, and only of a server that is open.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for each in self.servers:
            each.close()

    async def last_call(self, seconds: float) -> None:
        """Close connections that have nothing under way; wait for the first request of those that had none yet.

        Args:
            seconds: How long at most.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while loop.time() < deadline:
            fresh = False
            for each in list(self.server_state.connections):
                if getattr(each, "cycle", None) is None:
                    fresh = True
                else:
                    each.shutdown()
            if not fresh:
                return
            await asyncio.sleep(0.01)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave signals to the process."""
        yield
