"""Pin every version, transitive ones too, in pyproject.toml, and export requirements.txt from the same pins.

    uv run python scripts/pin.py             rewrite the pins from what resolves today within pyproject.toml
    uv run python scripts/pin.py --upgrade   the same, first forgetting the present pins
    uv run python scripts/pin.py --check     change nothing; exit 1 when requirements.txt has drifted

No lock file is committed: it would hold the addresses of a registry, and users install from their company's feeds.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
PYPROJECT = ROOT / "pyproject.toml"
REQUIREMENTS = ROOT / "requirements.txt"
PINS = re.compile(r"^constraint-dependencies = \[.*?\]$", re.MULTILINE | re.DOTALL)


def uv(*arguments: str, cwd: Path) -> str:
    done = subprocess.run(["uv", *arguments], cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"uv {' '.join(arguments)} failed:\n{done.stderr}")
    return done.stdout


def with_pins(pyproject: str, pins: list[str]) -> str:
    lines = "".join(f'    "{pin}",\n' for pin in pins)
    return PINS.sub(f"constraint-dependencies = [\n{lines}]" if pins else "constraint-dependencies = []", pyproject)


def workspace(pyproject: str, folder: Path) -> Path:
    """Lay out just what uv needs to resolve, so that the checkout's own uv.lock plays no part."""
    (folder / "pyproject.toml").write_text(pyproject)
    for name in (".python-version", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / name)
    for package in ("integration", "emulation"):
        (folder / package).mkdir()
        (folder / package / "__init__.py").touch()
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / "emulation" / name, folder / "emulation" / name)
    return folder


def pins_of(folder: Path) -> list[str]:
    uv("lock", cwd=folder)
    locked = tomllib.loads((folder / "uv.lock").read_text())
    return sorted(
        f"{package['name']}=={package['version']}"
        for package in locked["package"]
        if "registry" in package.get("source", {})
    )


def requirements_of(folder: Path) -> str:
    return uv(
        "export",
        "--no-default-groups",
        "--no-emit-project",
        "--no-header",
        "--no-annotate",
        "--format=requirements-txt",
        cwd=folder,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--upgrade", action="store_true", help="forget the present pins first")
    parser.add_argument("--check", action="store_true", help="change nothing, exit 1 on drift")
    options = parser.parse_args()
    pyproject = PYPROJECT.read_text()
    with tempfile.TemporaryDirectory() as scratch:
        start = with_pins(pyproject, []) if options.upgrade else pyproject
        folder = workspace(start, Path(scratch))
        pins = pins_of(folder)
        requirements = requirements_of(folder)
    pinned = with_pins(pyproject, pins)
    if options.check:
        if pinned != pyproject:
            sys.exit("pyproject.toml: constraint-dependencies do not pin what resolves; run scripts/pin.py")
        if REQUIREMENTS.read_text() != requirements:
            sys.exit("requirements.txt has drifted from pyproject.toml; run scripts/pin.py")
        print("pins agree")
        return
    PYPROJECT.write_text(pinned)
    REQUIREMENTS.write_text(requirements)
    print(f"{len(pins)} versions pinned")


if __name__ == "__main__":
    main()
