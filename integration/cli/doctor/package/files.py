"""A package's files: secrets, what belongs to development, and modules that nobody compiled.

Sources: the pages "Deployment technologies in Azure Functions" and "Python build options for Azure Functions" (where
the packages lie), "Code and test Azure Functions locally" (local.settings.json); PEP 552 for the head of a .pyc file.
"""

import importlib.util
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path, PurePosixPath

from integration.cli.doctor.package.ignored import is_ignored, patterns_of
from integration.cli.doctor.package.steps import COMPILED, FILES
from integration.cli.doctor.step import Finding, failed, passed, warned

PACKAGES = ".python_packages"
IGNORING = ".funcignore"
SHOWN = 6
SECRETS = ("local.settings*.json", ".env", ".env.*", "*.pem", "*.pfx", "*.p12", "*.key", "id_rsa", "id_ed25519")
"""What holds credentials, wherever it lies outside the packages; a history holds those that were taken away again."""
HISTORY = (".git", ".azure")
DEVELOPMENT = (
    *("/tests", "/emulation", "/benchmarks", "/docs", "/infra", "/samples", "/scripts", "/integration/cli", "/.ci"),
    *(".venv*", "/venv*", "/env", "node_modules", ".vscode", ".idea", ".cache", ".pytest_cache", ".ruff_cache"),
    *(".hypothesis", ".mypy_cache", ".coverage*", "__azurite_*", "*.egg-info", "/uv.lock", "/pyproject.toml"),
)
"""What does nothing there but take time at a start, and tell of how it was made."""
UNCHECKED = 0b01


def names_in(folder: Path, ignoring: str) -> Iterator[PurePosixPath]:
    """Yield the path of every file, relative to the folder; of a folder that has to stay here as a whole its own.

    Args:
        folder: The package.
        ignoring: Its .funcignore; empty: there is none.
    """
    patterns = (*SECRETS, *HISTORY, *DEVELOPMENT, *patterns_of(ignoring))
    for at, folders, files in folder.walk():
        here = PurePosixPath(at.relative_to(folder).as_posix())
        yield from (here / name for name in files)
        packages = here.parts[:1] == (PACKAGES,)
        for name in [each for each in folders if not packages and is_ignored(here / each, patterns)]:
            yield here / name
            folders.remove(name)


def judge_files(names: Sequence[PurePosixPath], ignoring: str) -> Finding:
    """Judge what is in a package.

    Args:
        names: As `names_in` yields them.
        ignoring: Its .funcignore; empty: there is none.
    """
    own = [name for name in names if name.parts[0] != PACKAGES]
    secret = [name for name in own if is_ignored(name, (*SECRETS, *HISTORY))]
    noise = [name for name in own if name not in secret and is_ignored(name, DEVELOPMENT)]
    rest = patterns_of(ignoring)
    others = [name for name in own if name not in secret and name not in noise and is_ignored(name, rest)]
    told = [
        *([f"secrets: {listed(secret)}"] if secret else []),
        *([f"of development: {listed(noise)}"] if noise else []),
        *([f"its {IGNORING} keeps out: {listed(others)}"] if others else []),
    ]
    if secret:
        return failed(FILES, "; ".join(told))
    if told:
        return warned(FILES, "; ".join(told))
    return passed(FILES, f"{len(names)} files, none of which stays here")


def listed(names: Iterable[PurePosixPath]) -> str:
    """Name files, those below one folder together.

    Args:
        names: Of files.
    """
    tops: list[str] = []
    for head, group in groupby(sorted(names), lambda name: name.parts[0]):
        below = list(group)
        tops.append(str(below[0]) if len(below) == 1 else f"{head} ({len(below)})")
    more = f" and {len(tops) - SHOWN} more" if len(tops) > SHOWN else ""
    return ", ".join(tops[:SHOWN]) + more


def judge_compiled(folder: Path, names: Sequence[PurePosixPath]) -> Finding:
    """Judge whether a cold start compiles.

    Args:
        folder: The package.
        names: Of its files.
    """
    modules = [name for name in names if name.suffix == ".py"]
    there = set(names)
    tag = f"{sys.implementation.cache_tag}.pyc"
    absent: list[PurePosixPath] = []
    stale: list[PurePosixPath] = []
    for module in modules:
        compiled = module.parent / "__pycache__" / f"{module.stem}.{tag}"
        if compiled not in there:
            absent.append(module)
        elif _head(folder / compiled) != (importlib.util.MAGIC_NUMBER, UNCHECKED):
            stale.append(module)
    told = [
        *([f"no {tag} beside {len(absent)} of {len(modules)} modules: {listed(absent)}"] if absent else []),
        *([f"checked by a time that a zip does not keep, or of another Python: {listed(stale)}"] if stale else []),
    ]
    if told:
        return warned(COMPILED, "; ".join(told))
    return passed(COMPILED, f"{len(modules)} modules, none of which a start compiles")


def _head(path: Path) -> tuple[bytes, int]:
    with path.open("rb") as compiled:
        magic, flags = compiled.read(4), compiled.read(4)
    return magic, int.from_bytes(flags, "little")
