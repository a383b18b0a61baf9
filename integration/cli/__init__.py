"""The command line, `fno-link`. Commands are found by the entry-point group `fno_link.commands`."""

import os
import sys


def main() -> None:
    """Run the command line and end the process with its exit code."""
    from integration.cli.completion import ASKED, answer  # noqa: PLC0415 - a command's module is imported only when it is invoked
    from integration.cli.frame import fno_link, run  # noqa: PLC0415 (same)

    asked = os.environ.get(ASKED)
    sys.exit(answer(fno_link, asked) if asked else run(sys.argv[1:]))
