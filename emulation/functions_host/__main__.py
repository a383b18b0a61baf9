"""`python -m emulation.functions_host`: run a function app on Microsoft's Python worker library."""

import argparse
import asyncio
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

from emulation.functions_host.errors import HostError
from emulation.functions_host.fleet import Fleet
from emulation.functions_host.host import Host, Options
from emulation.functions_host.serving import FAILED, STOPPED, Hold, Line, end_with, serve


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGTERM or Ctrl-C; one JSON line on stdout says when the host is ready.

    Returns:
        0 after a stop, 1 when the app cannot be run (2, by argparse, for wrong usage).
    """
    options, given = _options(arguments)
    stdin = sys.stdin.fileno() if given.end_with_stdin or given.held else None
    try:
        if given.scaling_groups:
            Fleet(options, _say, stdin, held=given.held, at_once=given.at_once).run()
        else:
            hold = Hold(partial(_say, "loaded", {}), partial(_say, "closed", {})) if given.held else None
            line = None if stdin is None else Line(stdin, partial(_hear, stdin, hold))
            asyncio.run(serve(Host(options), partial(_say, "ready"), line, hold))
    except HostError as error:
        print(error, file=sys.stderr)
        return FAILED
    return STOPPED


def _hear(stdin: int, hold: Hold | None) -> None:
    end_with(stdin)
    if hold is not None:
        hold.opened.set()


def _say(what: str, said: dict[str, Any]) -> None:
    print(json.dumps({what: said}), flush=True)


def _options(arguments: list[str] | None) -> tuple[Options, argparse.Namespace]:
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
    add("--scaling-groups", action="store_true", help="one process for each scaling group, as on Flex Consumption")
    add("--collector", type=Path, help="file that takes spans, the host's and the app's, one as JSON a line")
    add("--end-with-stdin", action="store_true", help="end at once when standard input closes")
    add("--held", action="store_true", help="load the app, then answer only once a byte comes by standard input")
    add("--listening", type=int, metavar="FD", help="a socket that was inherited and listens, in place of --port")
    add("--at-once", type=int, default=0, help="how many processes of scaling groups start at the same time; 0: all")
    given = parser.parse_args(arguments)
    pairs = [text.partition("=") for text in given.key]
    if any(not separator for _, separator, _ in pairs):
        parser.error("--key takes NAME=VALUE")
    if given.settings is not None and not given.settings.is_file():
        parser.error(f"--settings: there is no file {given.settings}")
    options = Options(
        app=given.app,
        port=given.port,
        listening=given.listening,
        settings=given.settings,
        keys={name: value for name, _, value in pairs},
        enforce_keys=not given.no_keys,
        drain=given.drain,
        queue_lease=given.queue_lease,
        response_limit=given.response_limit,
        collector=given.collector and given.collector.resolve(),
    )
    return options, given


if __name__ == "__main__":
    sys.exit(main())
