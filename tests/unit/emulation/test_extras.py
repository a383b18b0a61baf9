"""Each part of the emulation imports what its extra brings, also where it imports late, and nothing besides."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
EMULATION = ROOT / "emulation"
PROJECT = tomllib.loads((EMULATION / "pyproject.toml").read_text("utf-8"))["project"]
ROOMS = {
    "azurite": ("azurite",),
    "service-bus": ("service_bus",),
    "event-grid": ("event_grid",),
    "dynamics": ("dynamics",),
    "functions": ("functions_host",),
    "commands": ("demo", "local", "sending", "receivers", "workflows"),
}
DISTRIBUTIONS = packages_distributions()


def named(requirement):
    return re.split(r"[\[<>=]", requirement, maxsplit=1)[0]


def brought_by(extra):
    found = {named(each) for each in PROJECT["dependencies"]}
    for requirement in PROJECT["optional-dependencies"][extra]:
        if named(requirement) == PROJECT["name"]:
            for other in requirement.partition("[")[2].rstrip("]").split(","):
                found |= brought_by(other)
        else:
            found.add(named(requirement))
    return found


def imports(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def files_of(module):
    """Give the files of a module of the emulation, and of a package all that lies in it."""
    path = EMULATION.parent.joinpath(*module.split("."))
    while not path.is_dir() and not path.with_suffix(".py").is_file():
        path = path.parent
    if path == EMULATION:
        return [path / "__init__.py"]
    return (
        [each for each in path.rglob("*.py") if "node_modules" not in each.parts]
        if path.is_dir()
        else [path.with_suffix(".py")]
    )


def needed(room):
    """Name the distributions whose modules a room and whatever it imports of ours import."""
    pending, seen, found = files_of(f"emulation.{room}"), set(), set()
    while pending:
        path = pending.pop()
        if path in seen:
            continue
        seen.add(path)
        for name in imports(path):
            top = name.partition(".")[0]
            if top == "emulation":
                pending += files_of(name)
            elif top not in sys.stdlib_module_names:
                found.add(name)
    return found


def is_brought(name, distributions):
    top = name.partition(".")[0]
    if top in {"azure", "opentelemetry"}:  # folders that many distributions share
        dashed = name.replace(".", "-")
        return any(dashed.startswith(each) for each in distributions) or f"{top}-sdk" in distributions
    return bool({each.lower().replace("_", "-") for each in DISTRIBUTIONS.get(top, ())} & distributions)


@pytest.mark.parametrize("extra", ROOMS)
def test_an_extra_brings_what_its_room_imports(extra):
    brought = brought_by(extra)
    for room in ROOMS[extra]:
        assert {name for name in needed(room) if not is_brought(name, brought)} == set(), room


def test_what_is_not_brought_would_be_found():
    assert not is_brought("starlette.requests", brought_by("azurite"))
    assert not is_brought("azure.storage.queue.aio", brought_by("service-bus"))
    assert is_brought("azure.storage.queue.aio", brought_by("functions"))


def test_every_part_is_among_the_commands():
    assert set().union(*map(brought_by, ROOMS)) <= brought_by("commands")
    readme = (EMULATION / "README.md").read_text("utf-8")
    assert all(f"| `{extra}` |" in readme for extra in PROJECT["optional-dependencies"])
