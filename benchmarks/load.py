"""Senders for a load on HTTP intake: closed loop (each waits for its answer) and open loop (they come when they come).

Requests are written byte for byte on connections that are kept: a client library would cost more of the machine than
the host that is measured.
"""

import asyncio
import itertools
import json
import time
import uuid
from statistics import quantiles
from urllib.parse import urlsplit

import msgspec

ACCEPTED, BUSY = 202, 503
GIVEN_UP = 0


class Answered(msgspec.Struct, frozen=True):
    """One request: the id of its event, the status (0: none came), and how long it took in seconds."""

    event: str
    status: int
    seconds: float


class Outcome(msgspec.Struct, frozen=True):
    """What a load had for answers.

    Args:
        answers: All of them.
        seconds: From the first request to the last answer.
        unsent: Requests of an open loop for which there was no connection left at the sender.
    """

    answers: tuple[Answered, ...]
    seconds: float
    unsent: int = 0

    @property
    def accepted(self) -> list[str]:
        """The ids of the events that were accepted."""
        return [each.event for each in self.answers if each.status == ACCEPTED]

    @property
    def rate(self) -> float:
        """Accepted events a second."""
        return len(self.accepted) / self.seconds

    @property
    def offered(self) -> float:
        """Requests a second that were answered, or given up."""
        return len(self.answers) / self.seconds

    def slowest(self, status: int) -> float:
        """Return the time within which 99 of 100 answers of this status came; 0 where there were none."""
        times = [each.seconds for each in self.answers if each.status == status]
        if len(times) < 2:
            return times[0] if times else 0.0
        return quantiles(times, n=100, method="inclusive")[98]

    def count(self, status: int) -> int:
        """Count the answers of a status."""
        return sum(each.status == status for each in self.answers)


class Senders:
    """Sends business events to one source.

    Args:
        url: The source's URL.
        key: The function key.
        patience: Seconds after which an answer is given up.
        most: Connections that an open loop may have.
    """

    def __init__(self, url: str, key: str, *, patience: float = 10.0, most: int = 1000) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._head = (
            f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nx-functions-key: {key}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        )
        self._patience = patience
        self._most = most
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def closed(self, clients: int, seconds: float, *, pause: float = 0.0) -> Outcome:
        """Send with so many clients, each its next when it has an answer; one that is refused pauses first."""
        began = time.perf_counter()

        async def client() -> list[Answered]:
            done: list[Answered] = []
            while time.perf_counter() - began < seconds:
                done.append(await self._send())
                if pause and done[-1].status != ACCEPTED:
                    await asyncio.sleep(pause)
            return done

        found = await asyncio.gather(*(client() for _ in range(clients)))
        return Outcome(tuple(itertools.chain.from_iterable(found)), time.perf_counter() - began)

    async def open(self, rate: float, seconds: float) -> Outcome:
        """Send so many a second, whatever becomes of them."""
        began, under_way, unsent = time.perf_counter(), set[asyncio.Task[Answered]](), 0
        answers: list[Answered] = []
        for number in range(round(rate * seconds)):
            late = began + number / rate - time.perf_counter()
            if late > 0:
                await asyncio.sleep(late)
            elif number % 16 == 0:
                await asyncio.sleep(0)
            if len(under_way) >= self._most:
                unsent += 1
                continue
            task = asyncio.create_task(self._send())
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            task.add_done_callback(lambda done: answers.append(done.result()))
        await asyncio.gather(*under_way)
        await asyncio.sleep(0)
        # Until the last answer: what is accepted late is not accepted sooner for that.
        took = time.perf_counter() - began
        return Outcome(tuple(answers), took, unsent)

    def close(self) -> None:
        """Close every connection."""
        for _, writer in self._idle:
            writer.transport.abort()
        self._idle.clear()

    async def _send(self) -> Answered:
        event = str(uuid.uuid4()).upper()
        body = json.dumps({"BusinessEventId": "LoadBusinessEvent", "EventId": event, "Padding": "x" * 700})
        began = time.perf_counter()
        writer = None
        try:
            async with asyncio.timeout(self._patience):
                reader, writer = self._idle.pop() if self._idle else await self._connect()
                writer.write(f"{self._head}{len(body)}\r\n\r\n{body}".encode())
                head = await reader.readuntil(b"\r\n\r\n")
                status, length, stays = read_head(head)
                await reader.readexactly(length)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            if writer is not None:
                writer.transport.abort()
            return Answered(event, GIVEN_UP, time.perf_counter() - began)
        if stays:
            self._idle.append((reader, writer))
        else:
            writer.close()
        return Answered(event, status, time.perf_counter() - began)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self._host, self._port)


def read_head(head: bytes) -> tuple[int, int, bool]:
    """Read the status, the length of the body, and whether the connection stays, from an answer's head."""
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(first.split()[1]), int(headers.get("content-length", "0")), headers.get("connection") != "close"
