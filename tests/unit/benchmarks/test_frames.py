"""The bare server answers what was written down, and a recording has whole frames in their order."""

import asyncio

from benchmarks.frames import Recorder, Turn, by_heart, frames, play

HEADER = b"AMQP\x00\x01\x00\x00"


def frame(body: bytes) -> bytes:
    return (len(body) + 4).to_bytes(4) + body


def test_bytes_are_cut_into_frames():
    assert frames(HEADER + frame(b"one") + frame(b"") + frame(b"two")[:5]) == [HEADER, frame(b"one"), frame(b"")]


async def test_a_conversation_is_written_down_and_played_again(tmp_path):
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while size := int.from_bytes(await reader.read(4)):
            asked = await reader.readexactly(size - 4)
            writer.write(frame(asked.upper())[:5])
            await writer.drain()
            writer.write(frame(asked.upper())[5:])
        writer.close()

    recorder = Recorder()
    async with (
        await asyncio.start_server(serve, "127.0.0.1", 0) as server,
        recorder.between(server.sockets[0].getsockname()[1]) as port,
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(frame(b"before"))
        await reader.readexactly(10)
        recorder.turns = []
        for asked in (b"one", b"three"):
            writer.write(frame(asked))
            await reader.readexactly(len(asked) + 4)
        turns, recorder.turns = recorder.turns, None
        writer.close()
    assert turns == [Turn(frame(b"one"), frame(b"ONE")), Turn(frame(b"three"), frame(b"THREE"))]
    with by_heart(turns, tmp_path) as (port, pid):
        assert pid > 0
        await play(port, turns, 3)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(turns[0].asked)
        assert await reader.readexactly(7) == turns[0].answered
        writer.close()
