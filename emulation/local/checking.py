"""What fno-link itself says of a configuration and of its own code, each asked in a process of its own."""

import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from emulation.app_folder import app_folder
from emulation.fno_link import Complete, completed, fno_link, run

_LAST_LINES = 12


class Problem(msgspec.Struct, frozen=True):
    """Something that is wrong with the configuration or an app setting."""

    key: str
    message: str
    hint: str = ""
    file: str = ""

    def __str__(self) -> str:
        """Say where, what, and what to do."""
        where = ": ".join(each for each in (self.file, self.key) if each)
        return f"{where}: {self.message}" + (f" ({self.hint})" if self.hint else "")


class _Checked(msgspec.Struct, frozen=True):
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


class _Error(msgspec.Struct, frozen=True):
    code: str
    message: str = ""
    problems: tuple[Problem, ...] = ()


class Refused(Exception):
    """The configuration, a setting or the code is wrong.

    Args:
        problems: Each in one line.
    """

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def check(
    configuration: Path, folder: Path, settings: Mapping[str, str], complete: Complete = completed
) -> tuple[str, ...]:
    """Have `fno-link config check` judge a configuration; return its warnings.

    Args:
        configuration: The file.
        folder: Where local.settings.json is read.
        settings: The app settings in force.
        complete: Runs the command.

    Raises:
        Refused: It has problems.
    """
    arguments = ["config", "check", "--json", str(configuration.absolute())]
    done = _in_time(lambda: fno_link(arguments, folder, settings, complete=complete))
    try:
        found = msgspec.json.decode(done.stdout, type=_Checked)
    except msgspec.MsgspecError:
        raise Refused(_words(done)) from None
    if found.problems:
        raise Refused(tuple(map(str, found.problems)))
    return tuple(map(str, found.warnings))


def check_and_load(
    configuration: Path, folder: Path, settings: Mapping[str, str], complete: Complete = completed
) -> tuple[str, ...]:
    """`check` and `load` at the same time; what the configuration has wrong is told first."""
    with ThreadPoolExecutor(1) as pool:
        loaded = pool.submit(load, settings, complete)
        warnings = check(configuration, folder, settings, complete)
        loaded.result()
    return warnings


def compiles(changed: Iterable[Path]) -> None:
    """See whether files of Python can be compiled: the app imports some of them only when they are needed.

    Args:
        changed: The files; those that are gone, or none of Python, are left out.

    Raises:
        Refused: One cannot.
    """
    problems: list[str] = []
    for path in changed:
        if path.suffix == ".py" and path.is_file():
            try:
                compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
            except (SyntaxError, ValueError) as error:
                problems.append(str(error))
    if problems:
        raise Refused(tuple(problems))


def load(settings: Mapping[str, str], complete: Complete = completed) -> None:
    """Import the function app as the host would, and nothing more.

    Args:
        settings: The app settings in force.
        complete: Runs the command.

    Raises:
        Refused: It cannot be imported.
    """
    command = [sys.executable, "-c", "import function_app"]
    done = _in_time(lambda: run(command, app_folder(), settings, complete=complete))
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        # What is wrong goes first, and then where.
        said = (*lines[-1:], *lines[-_LAST_LINES:-1])
        raise Refused(said or (f"function_app ended with exit code {done.returncode}",))


def _in_time(ask: Callable[[], subprocess.CompletedProcess[bytes]]) -> subprocess.CompletedProcess[bytes]:
    try:
        return ask()
    except TimeoutError as error:
        raise Refused((f"the check: {error}",)) from None


def _words(done: subprocess.CompletedProcess[bytes]) -> tuple[str, ...]:
    """Return what a command that gave no answer has said instead."""
    try:
        error = msgspec.json.decode(done.stderr, type=_Error)
    except msgspec.MsgspecError:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        return tuple(lines[-_LAST_LINES:]) or (f"fno-link config check ended with exit code {done.returncode}",)
    return tuple(map(str, error.problems)) or (f"{error.code}: {error.message}",)
