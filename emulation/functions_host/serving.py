"""One process of a host, from start to stop."""

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

import msgspec

from emulation.functions_host.host import Host

STOPPED, FAILED = 0, 1


class Hold:
    """Lets a host that has loaded its app wait, until it is told to open.

    Args:
        loaded: Told when it has.
        closed: Told when it has closed again: it takes no more connections.
    """

    def __init__(self, loaded: Callable[[], None], closed: Callable[[], None]) -> None:
        self.loaded = loaded
        self.closed = closed
        self.opened = asyncio.Event()


class Line(msgspec.Struct, frozen=True):
    """A line to whoever started the process.

    Args:
        descriptor: Becomes readable when there is something to read, or when the other side is gone.
        read: Reads it.
    """

    descriptor: int
    read: Callable[[], None]


async def serve(host: Host, say: Callable[[dict[str, Any]], None], line: Line | None, hold: Hold | None = None) -> None:
    """Run a host until SIGTERM or Ctrl-C.

    Args:
        host: What is run.
        say: Told once it is ready, and what callers need to know.
        line: Ends the process at once where the other side is gone.
        hold: Lets it wait before it listens.

    Raises:
        HostError: The app cannot be run.
    """
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if line is not None:
        loop.add_reader(line.descriptor, line.read)
    await host.load()
    try:
        if hold is None or await _opened(hold, stop):
            say(await host.open())
            await host.wait(stop)
    finally:
        await host.close()
        if hold is not None:
            hold.closed()
        with contextlib.suppress(asyncio.CancelledError):
            await host.stop()
    if any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread()):
        # A function that never returns holds its thread, and Python would wait for it for ever.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(STOPPED)


async def _opened(hold: Hold, stop: asyncio.Event) -> bool:
    """Wait until it is opened; tell whether it was, and not stopped."""
    hold.loaded()
    waiting = [asyncio.create_task(each.wait()) for each in (hold.opened, stop)]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for each in waiting:
        each.cancel()
    return not stop.is_set()


def end_with(descriptor: int) -> None:
    """End the process at once when what is read is the end: whoever had the other side was killed."""
    if not os.read(descriptor, 4096):
        os._exit(FAILED)
