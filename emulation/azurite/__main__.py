"""`python -m emulation.azurite`: run Azurite until Ctrl-C."""

import argparse
import contextlib
import json
import signal
import sys
import threading
from pathlib import Path

import msgspec

from emulation.azurite import Azurite, AzuriteMissing, Ports
from emulation.child import ChildFailed

UNREACHABLE = 3


def main(arguments: list[str] | None = None) -> int:
    """Run Azurite until it is told to stop; one JSON line says where it listens.

    Returns:
        0 after a stop, 3 when Azurite cannot run here (2, by argparse, for wrong usage).
    """
    parser = argparse.ArgumentParser(prog="python -m emulation.azurite", description=__doc__)
    parser.add_argument("--data", type=Path, help="folder that keeps the state; in memory when absent")
    for service in Ports.__struct_fields__:
        parser.add_argument(f"--{service}-port", type=int, default=0, help="free port when absent")
    options = parser.parse_args(arguments)
    ports = Ports(options.blob_port, options.queue_port, options.table_port)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with contextlib.suppress(KeyboardInterrupt), Azurite(options.data, ports=ports) as azurite:
            ready = {"connectionString": azurite.connection_string, "ports": msgspec.to_builtins(azurite.ports)}
            print(json.dumps(ready), flush=True)
            threading.Event().wait()
    except (AzuriteMissing, ChildFailed) as error:
        print(error, file=sys.stderr)
        return UNREACHABLE
    return 0


if __name__ == "__main__":
    sys.exit(main())
