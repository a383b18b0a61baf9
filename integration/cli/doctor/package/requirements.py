"""requirements.txt against the packages that lie in a package, and against what pyproject.toml pins.

Sources: PEP 508 and the page "Requirements File Format" of pip; the page "Python build options for Azure Functions":
packages lie in `.python_packages/lib/site-packages`, or the build makes them of requirements.txt.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, cast

import msgspec

from integration.cli.doctor.package.steps import REQUIREMENTS
from integration.cli.doctor.step import Finding, failed, passed, warned

FILE = "requirements.txt"
PROJECT = "pyproject.toml"
SITE = Path(".python_packages", "lib", "site-packages")
PROVIDED = ["pip", "setuptools", "wheel"]
"""What stands beside packages without being required."""
SHOWN = 6
_LINE = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*(?P<version>[^;#]*)(?:;(?P<marker>[^#]*))?")
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")


class Required(msgspec.Struct, frozen=True):
    """One line of requirements.txt.

    Args:
        version: The one that it pins; empty: it pins none.
        conditional: Whether a marker says where it counts.
        hashed: Whether it names what the file's bytes must be.
    """

    version: str
    conditional: bool
    hashed: bool


class _Pinned(msgspec.Struct, frozen=True):
    """What a pyproject.toml says: the versions that it pins, and the packages that it needs itself."""

    pins: Mapping[str, str] = {}
    direct: tuple[str, ...] = ()


def judge_requirements(folder: Path, project: Path | None) -> Finding:
    """Judge the packages.

    Args:
        folder: The package.
        project: The pyproject.toml that requirements.txt is made from; None: there is none here.
    """
    site = folder / SITE
    try:
        wanted = read_requirements((folder / FILE).read_text("utf-8-sig"))
    except FileNotFoundError:
        if site.is_dir():
            return warned(REQUIREMENTS, f"there is no {FILE}: nobody can tell which packages lie there")
        return failed(REQUIREMENTS, f"there is neither {FILE} nor a package in {SITE.as_posix()}")
    except (OSError, ValueError) as error:
        return failed(REQUIREMENTS, f"{FILE} cannot be read: {error}")
    try:
        pinned = _pinned(project) if project else _Pinned()
    except (OSError, ValueError) as error:
        return failed(REQUIREMENTS, f"{PROJECT} cannot be read: {error}")
    return _compared(wanted, _installed(site) if site.is_dir() else None, pinned)


def _compared(wanted: Mapping[str, Required], installed: Mapping[str, str] | None, pinned: _Pinned) -> Finding:
    bad = [*(_differences(wanted, installed) if installed is not None else ()), *_drift(wanted, pinned)]
    doubtful = [*_unpinned(wanted)]
    if installed is None:
        doubtful.append(f"no package lies in {SITE.as_posix()}: the build on the platform has to install them")
    if bad:
        return failed(REQUIREMENTS, "; ".join([*bad, *doubtful]))
    if doubtful:
        return warned(REQUIREMENTS, "; ".join(doubtful))
    beside = f", as {PROJECT} pins them" if pinned.pins else f"; no {PROJECT} with pins is here to compare with"
    return passed(REQUIREMENTS, f"{len(wanted)} packages of {FILE}, all there{beside}")


def read_requirements(text: str) -> Mapping[str, Required]:
    """Read a requirements.txt by normalised names.

    Args:
        text: The file's.
    """
    found: dict[str, Required] = {}
    for line in re.sub(r"\\\n", " ", text).splitlines():
        stripped = line.strip()
        if not stripped or stripped.startswith(("#", "-")):
            continue
        head, _, hashes = stripped.partition("--hash")
        match = _LINE.match(head)
        if match:
            version = match["version"].strip()
            exact = version.removeprefix("==").strip() if version.startswith("==") and "," not in version else ""
            found[normalised(match["name"])] = Required(exact, match["marker"] is not None, bool(hashes))
    return found


def normalised(name: str) -> str:
    """Return a package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _installed(site: Path) -> Mapping[str, str]:
    return {normalised(each.name): each.version for each in distributions(path=[str(site)]) if each.name}


def _differences(wanted: Mapping[str, Required], installed: Mapping[str, str]) -> Iterable[str]:
    missing = [name for name, each in wanted.items() if name not in installed and not each.conditional]
    other = [
        f"{name} {installed[name]}, not {each.version}"
        for name, each in wanted.items()
        if name in installed and each.version and installed[name] != each.version
    ]
    strange = [name for name in installed if name not in wanted and name not in PROVIDED]
    if missing:
        yield f"not there: {_listed(missing)}"
    if other:
        yield f"there in another version: {_listed(other)}"
    if strange:
        yield f"there, but not in {FILE}: {_listed(strange)}"


def _pinned(project: Path) -> _Pinned:
    document = tomllib.loads(project.read_text("utf-8-sig"))
    pins = read_requirements("\n".join(_texts(document, "tool", "uv", "constraint-dependencies")))
    needed = (_NAME.match(each) for each in _texts(document, "project", "dependencies"))
    direct = tuple(normalised(each[0]) for each in needed if each)
    return _Pinned({name: each.version for name, each in pins.items()}, direct)


def _texts(document: Mapping[str, Any], *keys: str) -> list[str]:
    value: Any = document
    for key in keys:
        value = cast("Mapping[str, Any]", value).get(key) if isinstance(value, dict) else None
    listed = cast("list[Any]", value) if isinstance(value, list) else []
    return [each for each in listed if isinstance(each, str)]


def _drift(wanted: Mapping[str, Required], pinned: _Pinned) -> Iterable[str]:
    absent = [name for name in pinned.direct if name not in wanted]
    other = [
        f"{name} {each.version or 'without a version'}, not {pinned.pins[name]}"
        for name, each in wanted.items()
        if name in pinned.pins and each.version != pinned.pins[name]
    ]
    if absent:
        yield f"{PROJECT} needs what {FILE} has not: {_listed(absent)}"
    if other:
        yield f"{PROJECT} pins another version: {_listed(other)}"


def _unpinned(wanted: Mapping[str, Required]) -> Iterable[str]:
    loose = [name for name, each in wanted.items() if not each.version]
    unhashed = [name for name, each in wanted.items() if not each.hashed]
    if loose:
        yield f"without a version in {FILE}: {_listed(loose)}"
    elif unhashed:
        yield f"without a hash in {FILE}: {_listed(unhashed)}"


def _listed(names: Iterable[str]) -> str:
    all_names = sorted(names)
    more = f" and {len(all_names) - SHOWN} more" if len(all_names) > SHOWN else ""
    return ", ".join(all_names[:SHOWN]) + more
