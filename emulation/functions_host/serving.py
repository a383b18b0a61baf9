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


class Line(msgspec.Struct, frozen=True):
    """A line to whoever started the process.

    Args:
        descriptor: Becomes readable when there is something to read, or when the other side is gone.
        read: Reads it.
    """

    descriptor: int
    read: Callable[[], None]


async def serve(host: Host, say: Callable[[dict[str, Any]], None], line: Line | None) -> None:
    """Run a host until SIGTERM or Ctrl-C.

    Args:
        host: What is run.
        say: Told once it is ready, and what callers need to know.
        line: Ends the process at once where the other side is gone.

    Raises:
        HostError: The app cannot be run.
    """
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if line is not None:
        loop.add_reader(line.descriptor, line.read)
    say(await host.start())
    try:
        await host.wait(stop)
    finally:
        with contextlib.suppress(asyncio.CancelledError):
            await host.stop()
    if any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread()):
        # A function that never returns holds its thread, and Python would wait for it for ever.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(STOPPED)


def end_with(descriptor: int) -> None:
    """End the process at once when what is read is the end: whoever had the other side was killed."""
    if not os.read(descriptor, 4096):
        os._exit(FAILED)
