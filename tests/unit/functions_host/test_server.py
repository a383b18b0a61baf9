"""The connections of the host's HTTP server."""

import asyncio
from typing import override

from emulation.functions_host.server import Joined


class Sent(asyncio.Transport):
    """Remembers what was written by each call."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closed = False

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.writes.append(bytes(data))

    @override
    def close(self) -> None:
        self.closed = True


async def test_head_and_body_are_sent_by_one_call():
    sent = Sent()
    joined = Joined(sent, asyncio.get_running_loop())
    joined.write(b"head")
    joined.write(b"body")
    await asyncio.sleep(0)
    joined.write(b"next")
    await asyncio.sleep(0)
    assert sent.writes == [b"headbody", b"next"]


async def test_what_was_written_is_sent_before_the_end():
    sent = Sent()
    joined = Joined(sent, asyncio.get_running_loop())
    joined.write(b"last words")
    joined.close()
    assert (sent.writes, sent.closed) == ([b"last words"], True)
    await asyncio.sleep(0)
    assert sent.writes == [b"last words"]
