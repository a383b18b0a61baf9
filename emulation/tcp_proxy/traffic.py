"""Connections that pass through, and how they fare."""

import asyncio
import socket
from contextlib import suppress
from weakref import WeakKeyDictionary

from emulation.loopback import reset
from emulation.tcp_proxy.exchanges import Conversation, Exchanges
from emulation.tcp_proxy.requests import whole

CHUNK = 65_536
BUFFERED = 64
# With it, both sides would wait for each other's acknowledgements, 40 ms a time.
NO_NAGLE = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class Traffic:
    """Every connection of a proxy, in its event loop.

    Args:
        host: Where the services are.
        exchanges: Where requests of HTTP and their answers are noted; None: nowhere.
    """

    def __init__(self, host: str, exchanges: Exchanges | None = None) -> None:
        self._host = host
        self._exchanges = exchanges
        self._writers: set[asyncio.StreamWriter] = set()
        self._delay = 0.0
        self._resets = 0
        self._left: int | None = None
        self._flows = asyncio.Event()
        self._flows.set()
        self._line = b""
        self._reply = b""
        self._struck = 0
        # Requests that are to be answered here and have not come whole, by their clients.
        self._begun: WeakKeyDictionary[asyncio.StreamWriter, bytes] = WeakKeyDictionary()

    @property
    def count(self) -> int:
        """How many connections of clients are open."""
        return sum(not writer.transport.is_closing() for writer in self._writers) // 2

    def delay(self, seconds: float) -> None:
        """Let every byte, either way, arrive so many seconds later from now on."""
        self._delay = seconds

    def hold(self) -> None:
        """Let nothing through, either way; connections stay open and new ones are taken."""
        self._flows.clear()

    def flow(self) -> None:
        """End a hold: what was held goes on."""
        self._flows.set()

    @property
    def struck(self) -> int:
        """How many requests lost their answer, or were answered here."""
        return self._struck

    def lose_answers(self, line: bytes) -> None:
        """Reset a connection as soon as the answer to a request with this in its first line begins; empty: no more."""
        self._line, self._reply = line, b""

    def answer(self, line: bytes, reply: bytes) -> None:
        """Answer requests with this in their first line; none of them reaches its service."""
        self._line, self._reply = line, reply

    def reset(self) -> int:
        """Reset every open connection on both sides; return how many there were."""
        self._resets += 1
        count = self.count
        for writer in list(self._writers):
            reset(writer.transport)
        return count

    def reset_after(self, count: int | None) -> None:
        """Reset every connection, once, when the services have sent so many bytes more; None: not at all."""
        self._left = count

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
        """Carry one client's connection to a port until either side is gone.

        Args:
            reader: What the client sends.
            writer: What it is sent.
            port: Of the service.
        """
        resets = self._resets
        try:
            onward_reader, onward = await asyncio.open_connection(self._host, port)
        except OSError:
            reset(writer.transport)  # as a service that is gone: whoever connects to it sees its connection end
            return
        both = (writer, onward)
        if resets != self._resets:  # a reset was ordered while it was being opened
            for each in both:
                reset(each.transport)
            return
        self._writers.update(both)
        try:
            for each in both:
                each.get_extra_info("socket").setsockopt(*NO_NAGLE)
            async with asyncio.TaskGroup() as group:
                loses = asyncio.Event()
                heard = self._exchanges.conversation(port) if self._exchanges is not None else None
                group.create_task(self._carry(reader, onward, loses, heard, answered=writer))
                group.create_task(self._carry(onward_reader, writer, loses, heard))
        except* OSError:
            for each in both:
                reset(each.transport)  # a reset on one side is passed on as a reset
        finally:
            self._writers.difference_update(both)
            for each in both:
                each.close()

    async def _carry(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        loses: asyncio.Event,
        heard: Conversation | None,
        *,
        answered: asyncio.StreamWriter | None = None,
    ) -> None:
        """Carry one way: a client's requests, where `answered` is what it is sent, or their answers."""
        held: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(BUFFERED)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._hand_on(held, writer))
            while True:
                read = await reader.read(CHUNK)
                if answered is None and read and loses.is_set():
                    raise ConnectionResetError  # what was asked for is done, and nobody is told
                if answered is not None and read:
                    read = self._strike(read, loses, answered)
                    if not read:
                        continue
                if heard is not None and read:
                    (heard.answered if answered is None else heard.asked)(read)
                await held.put((asyncio.get_running_loop().time() + self._delay, read))
                if not read:
                    return
                if answered is None:
                    self._count(len(read))

    async def _hand_on(self, held: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due, read = await held.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            await self._flows.wait()
            if not read:
                with suppress(OSError):  # the other side has closed meanwhile
                    writer.write_eof()
                return
            writer.write(read)
            await writer.drain()

    def _strike(self, read: bytes, loses: asyncio.Event, answered: asyncio.StreamWriter) -> bytes:
        """Look for a request that is to be struck in what a client has sent; return what goes on."""
        begun = self._begun.pop(answered, b"")
        first, _, _ = (begun or read).partition(b"\r\n")
        if not self._line or self._line not in first:
            return begun + read
        if not self._reply:
            self._struck += 1
            loses.set()
            return read
        if whole(begun + read):
            self._struck += 1
            answered.write(self._reply)
        else:
            self._begun[answered] = begun + read
        return b""

    def _count(self, read: int) -> None:
        if self._left is None:
            return
        self._left -= read
        if self._left <= 0:
            self._left = None
            self.reset()
