"""The command line, `fno-link`. Commands are found by the entry-point group `fno_link.commands`."""

import sys


def main() -> None:
    """Run the command line and end the process with its exit code."""
    from integration.cli.frame import run  # noqa: PLC0415 - a command's module is imported only when it is invoked

    sys.exit(run(sys.argv[1:]))
