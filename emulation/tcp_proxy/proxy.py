"""The proxy: a thread with an event loop of its own, told what to do from any other."""

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self

from emulation.tcp_proxy.exchanges import Exchanges
from emulation.tcp_proxy.traffic import Traffic

HOST = "127.0.0.1"
WITHIN = 10.0


class TcpProxy:
    """Stands between clients and services on loopback, as a context manager; everything passes until told otherwise.

    Args:
        services: The services' ports; each gets a port of its own here, and all fare alike.
        exchanges: Where requests of HTTP and their answers are noted; None: nowhere.
    """

    def __init__(self, *services: int, exchanges: Exchanges | None = None) -> None:
        self._services = services
        self._kept: list[socket.socket] = []
        self._servers: list[asyncio.Server] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tcp-proxy", daemon=True)
        self._traffic = Traffic(HOST, exchanges)

    def __enter__(self) -> Self:
        # Bound for as long as the proxy lives, and never listening: nobody else gets a port while it is cut.
        self._kept = [_bound(0) for _ in self._services]
        self._thread.start()
        self._run(self._listen())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        for each in self._kept:
            each.close()

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports that clients use, in the order of the services."""
        return tuple(each.getsockname()[1] for each in self._kept)

    @property
    def port(self) -> int:
        """The port of the first service."""
        return self.ports[0]

    @property
    def connections(self) -> int:
        """How many connections of clients are open."""
        return self._call(lambda: self._traffic.count)

    def restore(self) -> None:
        """End every fault: connections are taken, and everything passes at once."""

        def restore() -> None:
            self._traffic.delay(0.0)
            self._traffic.reset_after(None)
            self._traffic.lose_answers(b"")
            self._traffic.flow()

        self._call(restore)
        self._run(self._listen())

    def cut(self) -> None:
        """Reset every open connection and refuse new ones, until restored."""
        self._call(self._close)
        self._call(self._traffic.reset)

    def delay(self, seconds: float) -> None:
        """Let everything arrive so many seconds later, either way, until restored."""
        self._call(lambda: self._traffic.delay(seconds))

    def hold(self) -> None:
        """Let nothing through while connections stay open, until restored; what was held goes on then."""
        self._call(self._traffic.hold)

    def reset(self) -> int:
        """Reset every open connection, once; return how many there were."""
        return self._call(self._traffic.reset)

    def reset_after(self, count: int) -> None:
        """Reset every connection, once, when the services have sent so many bytes more: answers get lost."""
        self._call(lambda: self._traffic.reset_after(count))

    @property
    def struck(self) -> int:
        """How many requests have lost their answer, or were answered by the proxy."""
        return self._call(lambda: self._traffic.struck)

    def lose_answers(self, line: bytes) -> None:
        """Let no answer come to a request of HTTP with this in its first line, until restored.

        It is done: its connection is reset when its answer begins.
        """
        self._call(lambda: self._traffic.lose_answers(line))

    def answer(self, line: bytes, reply: bytes) -> None:
        """Answer requests of HTTP with this in their first line by these bytes, until restored; none is done."""
        self._call(lambda: self._traffic.answer(line, reply))

    async def _listen(self) -> None:
        if self._servers:
            return
        for service, port in zip(self._services, self.ports, strict=True):

            async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, service: int = service) -> None:
                await self._traffic.take(reader, writer, service)

            self._servers.append(await asyncio.start_server(take, sock=_bound(port)))

    def _close(self) -> None:
        servers, self._servers = self._servers, []
        for server in servers:
            server.close()

    async def _end(self) -> None:
        self._close()
        self._traffic.reset()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._loop.shutdown_asyncgens()

    def _call[T](self, act: Callable[[], T]) -> T:
        """Do something in the proxy's thread; return when it is done."""

        async def run() -> T:
            return act()

        return self._run(run())

    def _run[T](self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(WITHIN)


def _bound(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
        bound.setsockopt(socket.SOL_SOCKET, option, 1)
    bound.bind((HOST, port))
    return bound
