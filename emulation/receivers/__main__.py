"""`python -m emulation.receivers`: webhook receivers as a process of their own."""

import argparse
import asyncio
import sys

import msgspec

from emulation.loopback import LoopbackServer
from emulation.receivers.process import Ready
from emulation.receivers.sink import SinkControl, Sinks
from emulation.server_process import told_to_end


def main() -> int:
    """Serve until SIGTERM or SIGINT; return 0 after a clean end."""
    parser = argparse.ArgumentParser(prog="python -m emulation.receivers", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="the receivers' port; a free one by default")
    parser.add_argument("--json", action="store_true", help="print one JSON line when ready, else words")
    parser.add_argument("--until-stdin-closes", action="store_true", help="also end when standard input is closed")
    arguments = parser.parse_args()
    asyncio.run(_serve(arguments.port, as_json=arguments.json, watch_stdin=arguments.until_stdin_closes))
    return 0


async def _serve(port: int, *, as_json: bool, watch_stdin: bool) -> None:
    def reset(client_port: int) -> None:
        receivers.reset(client_port)

    sinks = Sinks(reset)
    receivers = LoopbackServer(sinks, port=port)
    control = LoopbackServer(SinkControl(sinks))
    with told_to_end(watch_stdin=watch_stdin) as end:
        await asyncio.gather(receivers.start(), control.start())
        ready = Ready(f"http://127.0.0.1:{receivers.port}", f"http://127.0.0.1:{control.port}")
        words = f"receivers: {ready.url}/NAME\ncontrol API: {ready.control}"
        print(msgspec.json.encode(ready).decode() if as_json else words, flush=True)
        try:
            await end.wait()
        finally:
            await asyncio.gather(receivers.stop(), control.stop())


if __name__ == "__main__":
    sys.exit(main())
