"""The senders of a load: what they count is what was answered."""

import asyncio
import contextlib

import pytest

from benchmarks.load import ACCEPTED, BUSY, GIVEN_UP, Senders, read_head

ANSWERS = {
    ACCEPTED: b"HTTP/1.1 202 Accepted\r\ncontent-length: 2\r\n\r\n{}",
    BUSY: b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\nConnection: close\r\n\r\nlate",
}


@contextlib.asynccontextmanager
async def answering(*statuses: int):
    """Serve requests with these answers, in turn; 0 closes without one."""
    turn = iter(range(10_000))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                await reader.readexactly(length)
                status = statuses[next(turn) % len(statuses)]
                if status != GIVEN_UP:
                    writer.write(ANSWERS[status])
                    await writer.drain()
                if status != ACCEPTED:
                    break
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    senders = Senders(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/events/erp", "key", patience=5)
    try:
        yield senders
    finally:
        senders.close()
        server.close()
        await server.wait_closed()


async def test_every_answer_of_an_open_loop_is_counted_with_its_event():
    async with answering(ACCEPTED, BUSY, ACCEPTED, GIVEN_UP) as senders:
        outcome = await senders.open(400, 0.1)
    assert len(outcome.answers) + outcome.unsent == 40
    assert (outcome.count(ACCEPTED), outcome.count(BUSY), outcome.count(GIVEN_UP)) == (20, 10, 10)
    assert len(set(outcome.accepted)) == 20
    assert outcome.slowest(BUSY) > 0


async def test_clients_of_a_closed_loop_wait_for_their_answers():
    async with answering(ACCEPTED) as senders:
        outcome = await senders.closed(3, 0.1)
    assert outcome.count(ACCEPTED) == len(outcome.answers) >= 3
    assert outcome.rate == pytest.approx(outcome.offered)


def test_an_answers_head_is_read():
    assert read_head(b"HTTP/1.1 204 No Content\r\nX: 1\r\n\r\n") == (204, 0, True)
    assert read_head(b"HTTP/1.1 503 B\r\nCONTENT-LENGTH: 12\r\nconnection: close\r\n\r\n") == (503, 12, False)
