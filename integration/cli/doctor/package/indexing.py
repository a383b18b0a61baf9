"""Have a package indexed in a process of its own, and judge what came of it."""

import asyncio
import json
import os
import platform
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any

import msgspec

from integration.cli.doctor.package.requirements import SITE
from integration.cli.doctor.package.steps import INDEX
from integration.cli.doctor.step import Finding, failed, passed, warned
from integration.config.settings.settings import KEY, SCRIPT_ROOT, Environ
from integration.plain_text import plain

INDEXER = Path(__file__).with_name("indexer.py")
WITHIN = 90.0
"""Seconds that an import may take: a cold disk and an uncompiled package take ten."""
LONGEST = 600
NATIVE = (".so", ".pyd")


class Function(msgspec.Struct, frozen=True):
    """A function as it was indexed.

    Args:
        name: Its name.
        bindings: What its decorators said, under function.json's names.
        error: Why the worker refuses it; empty: it does not.
    """

    name: str
    bindings: tuple[dict[str, Any], ...] = ()
    error: str = ""

    @property
    def trigger(self) -> Mapping[str, Any]:
        """The binding that starts it."""
        found: Iterator[Mapping[str, Any]] = (
            each for each in self.bindings if str(each.get("type", "")).lower().endswith("trigger")
        )
        return next(found, dict[str, Any]())


class Indexed(msgspec.Struct, frozen=True):
    """What came of it.

    Args:
        functions: Those that were indexed.
        by: By which library, and its version.
        error: Why there is none: the last line.
        where: The file and line of the package from which it came, where it came from one.
    """

    functions: tuple[Function, ...] = ()
    by: str = ""
    error: str = ""
    where: str = ""


async def index(folder: Path, environ: Environ, *, own: bool, within: float = WITHIN) -> Indexed:
    """Index a package.

    Args:
        folder: The package.
        environ: The app settings.
        own: Whether with the packages that lie in it, instead of those of this installation.
        within: Seconds that it may take.
    """
    here = [path for path in (sysconfig.get_path("purelib"), sysconfig.get_path("platlib")) if path]
    site = str(folder / SITE)
    first, last = ([site], list(dict.fromkeys(here))) if own else (list(dict.fromkeys(here)), [])
    with tempfile.TemporaryDirectory(prefix="doctor-") as scratch:
        answer = Path(scratch, "answer.json")
        order = {"app": str(folder), "first": first, "last": last, "answer": str(answer)}
        # Isolated and without site: nothing of this machine's Python makes up for what the package lacks.
        command = (sys.executable, "-I", "-S", "-B", str(INDEXER), json.dumps(order))
        ended = await _run(command, folder, _settings(environ, folder), within)
        if ended is None:
            return Indexed(error=f"function_app.py is not imported after {within:g} s")
        return _answered(answer, *ended)


def _answered(answer: Path, code: int | None, said: str) -> Indexed:
    try:
        return msgspec.json.decode(answer.read_bytes(), type=Indexed)
    except (OSError, msgspec.DecodeError):
        lines = [line for line in said.splitlines() if line.strip()]
        return Indexed(error=f"Python ended with {code}: {lines[-1].strip() if lines else 'it said nothing'}")


def _settings(environ: Environ, folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in environ.items() if name != KEY and "\0" not in value}
    return {**kept, SCRIPT_ROOT: str(folder)}


async def _run(
    command: Sequence[str], folder: Path, environ: Mapping[str, str], within: float
) -> tuple[int | None, str] | None:
    """Run a process; return its code and what it said, or None where it took too long."""
    with tempfile.TemporaryFile() as said:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=folder, env=environ, stdin=asyncio.subprocess.DEVNULL, stdout=said, stderr=said
        )
        try:
            async with asyncio.timeout(within):
                await process.wait()
        except TimeoutError:
            return None
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        size = said.seek(0, os.SEEK_END)
        said.seek(max(0, size - 64_000))
        return process.returncode, said.read().decode("utf-8", "replace")


def fits(folder: Path) -> str:
    """Say why the packages that lie in a package cannot be used on this machine; empty: they can.

    Args:
        folder: The package.
    """
    site = folder / SITE
    if not site.is_dir():
        return "none lies there"
    for path in site.rglob("*"):
        name = path.name
        if not name.endswith(NATIVE) or path.parent.name.endswith((".libs", ".dylibs")):
            continue
        tag = name[name.find(".") :]
        # `.abi3.so` and `.so` say nothing of the system: those in Azure are Linux'.
        if tag not in EXTENSION_SUFFIXES or sys.platform != "linux":
            return f"{name} is not for Python {platform.python_version()} on {sys.platform} ({platform.machine()})"
    return ""


def judge_index(indexed: Indexed, unfit: str) -> Finding:
    """Judge what came of it.

    Args:
        indexed: What came of it.
        unfit: Why it was not done with the package's own packages; empty: it was.
    """
    beside = f", with the packages of this installation: of its own {unfit}" if unfit else ", with its own packages"
    if indexed.error:
        where = f" ({indexed.where})" if indexed.where else ""
        return failed(INDEX, f"{plain(indexed.error, longest=LONGEST)}{where}{beside}")
    refused = [f"{each.name}: {plain(each.error, longest=LONGEST)}" for each in indexed.functions if each.error]
    if refused:
        return failed(INDEX, f"{indexed.by} refuses {'; '.join(refused[:3])}")
    if not indexed.functions:
        return failed(INDEX, f"{indexed.by} finds no function: the host would answer every request with 404")
    told = f"{len(indexed.functions)} functions, by {indexed.by}{beside}"
    if not indexed.by.startswith("azure-functions-runtime"):
        todo = "Install azure-functions-runtime beside fno-link to have parameters and annotations judged, too."
        return warned(INDEX, f"{told}; parameters and annotations are not judged", todo)
    return passed(INDEX, told)
