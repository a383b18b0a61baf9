"""A conversation over TCP that is written down, and a bare asyncio server that knows its half of it by heart.

It reads the same frames as the server that it stands for, answers with the same frames at the same places, and does
nothing else: what that server spends beyond this is its own work.

    python -m benchmarks.frames RECORDING.json    serve it, for each connection again and again; the port on stdout
"""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import msgspec

ROOT = Path(__file__).parents[1]
HEADER = b"AMQP"  # of the protocol: eight bytes that are no frame (AMQP 1.0, 2.2)


class Turn(msgspec.Struct):
    """What the client wrote at once, and what the server wrote then, until the client wrote again."""

    asked: bytes = b""
    answered: bytes = b""

    @property
    def frames(self) -> int:
        """How many frames the server has to read."""
        return len(frames(self.asked))


def frames(read: bytes) -> list[bytes]:
    """Cut bytes into frames; one whose rest is still to come is left out."""
    found: list[bytes] = []
    while len(read) >= 4:
        size = 8 if read.startswith(HEADER) else int.from_bytes(read[:4])
        if len(read) < size:
            break
        found.append(read[:size])
        read = read[size:]
    return found


class Recorder:
    """A proxy that notes what goes by while `turns` is a list."""

    def __init__(self) -> None:
        self.turns: list[Turn] | None = None

    @asynccontextmanager
    async def between(self, port: int) -> AsyncGenerator[int]:
        """Listen on a free port for what is meant for another."""
        connections: set[asyncio.Task[None]] = set()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            beyond = await asyncio.open_connection("127.0.0.1", port)
            try:
                async with asyncio.TaskGroup() as group:
                    for source, sink, asked in ((reader, beyond[1], True), (beyond[0], writer, False)):
                        connections.add(group.create_task(self._pass(source, sink, asked=asked)))
            finally:
                writer.close()
                beyond[1].close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            yield server.sockets[0].getsockname()[1]
            for connection in connections:
                connection.cancel()

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, asked: bool) -> None:
        part = b""
        with contextlib.suppress(ConnectionError):
            while chunk := await source.read(1 << 16):
                whole = b"".join(frames(part + chunk))
                part = (part + chunk)[len(whole) :]
                if self.turns is not None and whole:
                    self._note(self.turns, whole, asked=asked)
                sink.write(chunk)
                await sink.drain()
        sink.close()

    @staticmethod
    def _note(turns: list[Turn], whole: bytes, *, asked: bool) -> None:
        if asked and (not turns or turns[-1].answered):
            turns.append(Turn())
        if not turns:
            return  # an answer to what was asked before the recording
        if asked:
            turns[-1].asked += whole
        else:
            turns[-1].answered += whole


@contextmanager
def by_heart(turns: list[Turn], folder: Path) -> Generator[tuple[int, int]]:
    """Run the bare server in a process of its own; yield its port and its process id."""
    recording = folder / "recording.json"
    recording.write_bytes(msgspec.json.encode(turns))
    command = [sys.executable, "-m", "benchmarks.frames", str(recording)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline()), process.pid
        finally:
            process.kill()


async def play(port: int, turns: list[Turn], times: int) -> None:
    """Be the client of the conversation, so many times."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(times):
        for turn in turns:
            writer.write(turn.asked)
            await writer.drain()
            await reader.readexactly(len(turn.answered))
    writer.close()
    await writer.wait_closed()


async def _serve(turns: list[Turn]) -> None:
    expected = [(turn.frames, turn.answered) for turn in turns]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                for count, answered in expected:
                    for _ in range(count):
                        await _frame(reader)
                    writer.write(answered)
                    await writer.drain()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def _frame(reader: asyncio.StreamReader) -> bytes:
    begin = await reader.readexactly(4)
    size = 8 if begin == HEADER else int.from_bytes(begin)
    return begin + await reader.readexactly(size - 4)


if __name__ == "__main__":
    asyncio.run(_serve(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=list[Turn])))
