"""`python -m emulation.dynamics`: the emulated world as a process of its own."""

import argparse
import asyncio
import shlex
import sys
import tempfile
from pathlib import Path

import msgspec

from emulation.dynamics.server import Ready, Server
from emulation.dynamics.world import World, load
from emulation.server_process import told_to_end


def main() -> int:
    """Serve until SIGTERM or SIGINT.

    Returns:
        0 after a clean end, 2 when the configuration cannot be read.
    """
    parser = argparse.ArgumentParser(prog="python -m emulation.dynamics", description=__doc__)
    parser.add_argument("--config", type=Path, help="a world in TOML or JSON; the keys are those of World")
    parser.add_argument("--port", type=int, default=0, help="the proxy's port; a free one by default")
    parser.add_argument("--json", action="store_true", help="print one JSON line when ready, else shell exports")
    parser.add_argument("--until-stdin-closes", action="store_true", help="also end when standard input is closed")
    arguments = parser.parse_args()
    try:
        world = load(arguments.config) if arguments.config else World()
    except (OSError, ValueError) as error:  # msgspec, tomllib and json all raise ValueErrors
        print(f"{arguments.config}: {error}", file=sys.stderr)
        return 2
    asyncio.run(_serve(world, arguments.port, as_json=arguments.json, watch_stdin=arguments.until_stdin_closes))
    return 0


async def _serve(world: World, port: int, *, as_json: bool, watch_stdin: bool) -> None:
    with (
        told_to_end(watch_stdin=watch_stdin) as end,
        tempfile.TemporaryDirectory(prefix="fno-link-dynamics-") as folder,
    ):
        server = Server(world, Path(folder), port)
        ready = await server.start()
        print(msgspec.json.encode(ready).decode() if as_json else _exports(ready), flush=True)
        try:
            await end.wait()
        finally:
            await server.stop()


def _exports(ready: Ready) -> str:
    lines = [f"export {name}={shlex.quote(value)}" for name, value in ready.environ.items()]
    identity = [f"# export {name}={shlex.quote(value)}" for name, value in ready.identity_environ.items()]
    return "\n".join([*lines, "# for a managed identity:", *identity, f"# control API: {ready.control}"])


if __name__ == "__main__":
    sys.exit(main())
