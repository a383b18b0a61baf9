"""Open a package: a folder as it is, a zip unpacked into a folder that is deleted afterwards."""

import stat
import tempfile
import zipfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

import msgspec

from integration.cli.doctor.package.steps import PACKAGE
from integration.cli.doctor.step import Finding, failed, passed
from integration.config.reading.loading import DEFAULT

LARGEST = 2 * 1024**3
"""Bytes that are unpacked at the most; ours has 150 million."""
MOST = 200_000
"""Files that are unpacked at the most."""
SCRIPT = "function_app.py"
HOST_FILE = "host.json"
TOP = (SCRIPT, HOST_FILE)
UNREADABLE = "Make the zip anew."


class Opened(msgspec.Struct, frozen=True):
    """A package that was opened.

    Args:
        finding: What the step `package` found.
        folder: Where it lies; None: it cannot be looked at.
    """

    finding: Finding
    folder: Path | None


class _NoPackage(Exception):
    """The zip is none that can be unpacked; its text says why."""


@contextmanager
def opened(path: Path) -> Generator[Opened]:
    """Open a package.

    Args:
        path: A folder or a file, which is there.
    """
    if path.is_dir():
        yield _judged(path.resolve())
        return
    with tempfile.TemporaryDirectory(prefix="doctor-") as folder:
        try:
            _unpack(path, Path(folder))
        except _NoPackage as error:
            yield Opened(failed(PACKAGE, str(error), UNREADABLE), None)
        else:
            yield _judged(Path(folder).resolve())


def _judged(folder: Path) -> Opened:
    absent = [name for name in TOP if not (folder / name).is_file()]
    if not absent:
        told = "function_app.py and host.json are at its top"
        return Opened(passed(PACKAGE, told if (folder / DEFAULT).is_file() else f"{told}; {DEFAULT} is not"), folder)
    message = f"not at its top: {', '.join(absent)}"
    with suppress(OSError):
        inside = [each.name for each in folder.iterdir() if all((each / name).is_file() for name in TOP)]
        if inside:
            todo = f"Name that folder, or make the zip of what is in {inside[0]}, not of {inside[0]} itself."
            return Opened(failed(PACKAGE, f"{message}; they are in {', '.join(inside)}", todo), None)
    return Opened(failed(PACKAGE, message), None)


def _unpack(path: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(path) as packed:
            members = packed.infolist()
            _refuse(members)
            packed.extractall(folder)
    except (zipfile.BadZipFile, EOFError, ValueError) as error:
        msg = f"it is neither a folder nor a zip: {error}"
        raise _NoPackage(msg) from error
    except (OSError, RuntimeError, NotImplementedError) as error:
        # A password, a compression that is not known, a name that this system cannot have, a disk that is full.
        msg = f"it cannot be unpacked: {error}"
        raise _NoPackage(msg) from error


def _refuse(members: list[zipfile.ZipInfo]) -> None:
    size = sum(member.file_size for member in members)
    if len(members) > MOST or size > LARGEST:
        msg = f"it cannot be the package: {len(members)} files of {size} bytes"
        raise _NoPackage(msg)
    for member in members:
        name = PurePosixPath(member.filename.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts:
            msg = f"a name in it leads out of it: {member.filename[:200]!r}"
            raise _NoPackage(msg)
        if stat.S_ISLNK(member.external_attr >> 16):
            msg = f"{member.filename[:200]!r} is a symbolic link"
            raise _NoPackage(msg)
