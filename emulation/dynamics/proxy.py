"""The CONNECT proxy through which clients reach the emulated hosts, and nothing else."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from emulation.loopback import reset

CONNECT_LIMIT = 16 * 1024
PIECE = 64 * 1024


@dataclass(eq=False, slots=True)
class Tunnel:
    """One accepted CONNECT.

    Args:
        host: The host asked for.
        client: The client's side.
    """

    host: str
    client: asyncio.StreamWriter

    def reset(self) -> None:
        """Reset the client's connection: it sees ECONNRESET, not an orderly end."""
        reset(self.client.transport)


class ConnectProxy:
    """A proxy that knows CONNECT only.

    Args:
        admit: Called with a host; returns whether to open a tunnel to it.
        upstream: The loopback port that every tunnel leads to.
    """

    def __init__(self, admit: Callable[[str], bool], upstream: int) -> None:
        self._admit = admit
        self._upstream = upstream
        self._tunnels: dict[int, Tunnel] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def reset(self, port: int) -> None:
        """Reset the tunnel whose upstream connection has this local port."""
        if tunnel := self._tunnels.get(port):
            tunnel.reset()

    def drop(self, hosts: frozenset[str]) -> None:
        """Reset every tunnel to these hosts."""
        for tunnel in [tunnel for tunnel in self._tunnels.values() if tunnel.host in hosts]:
            tunnel.reset()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client connection until either side ends."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 (a coroutine always runs in a task)
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client left, or was made to
        finally:
            self._tasks.discard(task)
            writer.close()

    async def close(self) -> None:
        """End every tunnel."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, _, rest = head.partition(" ")
        target = rest.partition(" ")[0]
        host, _, port = target.rpartition(":")
        if method != "CONNECT":
            target = f"{method} {target}"
        if method != "CONNECT" or port != "443" or not self._admit(host.lower()):
            writer.write(_refusal(target))
            await writer.drain()
            return
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._upstream)
        local_port: int = up_writer.get_extra_info("sockname")[1]
        self._tunnels[local_port] = Tunnel(host.lower(), writer)
        try:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await _both_ways((reader, up_writer), (up_reader, writer))
        finally:
            del self._tunnels[local_port]
            up_writer.close()


type Direction = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _both_ways(there: Direction, back: Direction) -> None:
    tasks = [asyncio.create_task(_pipe(*there)), asyncio.create_task(_pipe(*back))]
    try:
        # Either side's end is the end: HTTP has no use for a half-closed connection.
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):  # one side was cut: the tunnel ends, which is what was wanted
        while data := await reader.read(PIECE):
            writer.write(data)
            await writer.drain()


def _refusal(target: str) -> bytes:
    body = f"{target} is not part of the emulated world\n".encode("latin-1")
    head = f"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"Connection: close\r\n\r\n" + body
