"""`python -m emulation.functions_host`: run a function app on Microsoft's Python worker library."""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
from pathlib import Path

from emulation.functions_host.errors import HostError
from emulation.functions_host.host import Host, Options

STOPPED, FAILED = 0, 1


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGTERM or Ctrl-C; one JSON line on stdout says when the host is ready.

    Returns:
        0 after a stop, 1 when the app cannot be run (2, by argparse, for wrong usage).
    """
    options, watch = _options(arguments)
    try:
        asyncio.run(_run(options, watch=watch))
    except HostError as error:
        print(error, file=sys.stderr)
        return FAILED
    return STOPPED


async def _run(options: Options, *, watch: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if watch:
        loop.add_reader(sys.stdin.fileno(), _end_with_parent)
    host = Host(options)
    ready = await host.start()
    print(json.dumps({"ready": ready}), flush=True)
    try:
        await host.wait(stop)
    finally:
        with contextlib.suppress(asyncio.CancelledError):
            await host.stop()
    if threads_left():
        # A function that never returns holds its thread, and Python would wait for it forever.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(STOPPED)


def threads_left() -> bool:
    """Return whether a thread that is no daemon still runs beside the main one."""
    import threading  # noqa: PLC0415 - needed at the very end only

    return any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread())


def _end_with_parent() -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        os._exit(FAILED)


def _options(arguments: list[str] | None) -> tuple[Options, bool]:
    parser = argparse.ArgumentParser(prog="python -m emulation.functions_host", description=__doc__)
    add = parser.add_argument
    add("--app", type=Path, required=True, help="folder of function_app.py and host.json")
    add("--port", type=int, default=7071, help="port on 127.0.0.1; 0 for a free one")
    add("--settings", type=Path, help="settings file; local.settings.json of the app when absent")
    add("--key", action="append", default=[], metavar="NAME=VALUE", help="master, HOSTKEY, or FUNCTION/NAME")
    add("--no-keys", action="store_true", help="let every request in, as func start does")
    add("--drain", type=float, default=30.0, help="seconds that a stop waits for work")
    add("--queue-lease", type=float, default=600.0, help="seconds for which a queue message in work stays hidden")
    add("--response-limit", type=float, default=230.0, help="seconds after which an HTTP caller is given up")
    add("--end-with-stdin", action="store_true", help="end at once when standard input closes")
    given = parser.parse_args(arguments)
    pairs = [text.partition("=") for text in given.key]
    if any(not separator for _, separator, _ in pairs):
        parser.error("--key takes NAME=VALUE")
    if given.settings is not None and not given.settings.is_file():
        parser.error(f"--settings: there is no file {given.settings}")
    options = Options(
        app=given.app,
        port=given.port,
        settings=given.settings,
        keys={name: value for name, _, value in pairs},
        enforce_keys=not given.no_keys,
        drain=given.drain,
        queue_lease=given.queue_lease,
        response_limit=given.response_limit,
    )
    return options, given.end_with_stdin


if __name__ == "__main__":
    sys.exit(main())
