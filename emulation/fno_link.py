"""The product's own command line, run as its user runs it: in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

WITHIN = 60.0
# The installed command, whatever package brings it: this one knows none.
_FNO_LINK = (
    "from importlib.metadata import entry_points;"
    "entry_points(group='console_scripts', name='fno-link')['fno-link'].load()()"
)


class Complete(Protocol):
    """Runs a command to its end."""

    def __call__(
        self, command: Sequence[str], *, env: Mapping[str, str], cwd: Path, stdin: bytes, seconds: float
    ) -> subprocess.CompletedProcess[bytes]:
        """Run it; raise `TimeoutExpired` where it does not end in time."""
        ...


def completed(
    command: Sequence[str], *, env: Mapping[str, str], cwd: Path, stdin: bytes, seconds: float
) -> subprocess.CompletedProcess[bytes]:
    """Run a command in a process of its own kind."""
    return subprocess.run(command, cwd=cwd, env=env, input=stdin, capture_output=True, check=False, timeout=seconds)


def fno_link(
    arguments: list[str],
    folder: Path,
    settings: Mapping[str, str],
    stdin: bytes = b"",
    complete: Complete = completed,
) -> subprocess.CompletedProcess[bytes]:
    """Run an `fno-link` command.

    Args:
        arguments: Its arguments.
        folder: Where it runs, and reads local.settings.json.
        settings: The app settings in force.
        stdin: What it may read.
        complete: Runs it.

    Raises:
        TimeoutError: It did not end within 60 s.
    """
    return run([sys.executable, "-c", _FNO_LINK, *arguments], folder, settings, stdin, complete)


def run(
    command: list[str],
    folder: Path,
    settings: Mapping[str, str],
    stdin: bytes = b"",
    complete: Complete = completed,
) -> subprocess.CompletedProcess[bytes]:
    """Run a command with app settings; arguments and errors as of `fno_link`."""
    env = {**os.environ, **settings}
    try:
        return complete(command, cwd=folder, env=env, stdin=stdin, seconds=WITHIN)
    except subprocess.TimeoutExpired:
        msg = f"it did not end within {WITHIN:.0f} s"
        raise TimeoutError(msg) from None
