"""Put together what is deployed: the app's files, its pinned packages, and all of it compiled.

    uv run --no-project python scripts/package.py                   fill the folder package
    uv run --no-project python scripts/package.py --target FOLDER   fill another folder

- The files are those that .funcignore lets through.
- The packages are wheels for Linux and the app's Python whatever machine this is, each with a hash of requirements.txt,
  in .python_packages/lib/site-packages: the page "Python build options for Azure Functions".
- Compiled ahead, for the folder is read-only on Flex Consumption: without its .pyc files every cold start compiles all
  of it. Unchecked hashes, for a zip keeps no times by which a .pyc could be checked (PEP 552).
"""

import argparse
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "package"
PACKAGES = Path(".python_packages", "lib", "site-packages")
PLATFORM = "x86_64-manylinux_2_28"
# Run as a file: nothing is installed where this script runs.
IGNORED = runpy.run_path(str(ROOT / "integration" / "cli" / "doctor" / "package" / "ignored.py"))
# Where the files lie in Azure: tracebacks name them so.
DEPLOYED = "/home/site/wwwroot"


def sources(root: Path) -> Iterator[PurePosixPath]:
    """Yield what is deployed of a checkout, packages and compiled files apart."""
    patterns = IGNORED["patterns_of"]((root / ".funcignore").read_text(encoding="utf-8"))
    pending = [root]
    while pending:
        for path in pending.pop().iterdir():
            relative = PurePosixPath(path.relative_to(root).as_posix())
            made_here = path.name == "__pycache__" or path in {TARGET, root / ".python_packages"}
            if made_here or IGNORED["is_ignored"](relative, patterns):
                continue
            if path.is_dir():
                pending.append(path)
            else:
                yield relative


def run(problem: str, *command: str) -> None:
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        sys.exit(f"{problem}; the lines above say why")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--target", type=Path, default=TARGET, help="folder to fill; what is there is deleted first")
    target: Path = parser.parse_args().target.resolve()
    uv = shutil.which("uv")
    if uv is None:
        sys.exit("uv is not on the PATH: pip install uv")
    shutil.rmtree(target, ignore_errors=True)
    for relative in sources(ROOT):
        (target / relative).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / relative, target / relative)
    version = (ROOT / ".python-version").read_text(encoding="utf-8").strip()
    wheels = ["--only-binary", ":all:", "--python-platform", PLATFORM, "--python-version", version]
    install = [uv, "pip", "install", "--quiet", "--require-hashes", *wheels, "--target", str(target / PACKAGES)]
    run("the packages of requirements.txt could not be installed", *install, "--requirements", "requirements.txt")
    # Console scripts that name this machine's Python; the worker runs none.
    shutil.rmtree(target / PACKAGES / "bin", ignore_errors=True)
    python = [uv, "run", "--quiet", "--no-project", "--python", version, "python"]
    # Isolated: PYTHONPYCACHEPREFIX of a developer would put the .pyc files elsewhere, PYTHONOPTIMIZE under other names.
    how = ["-q", "-j", "0", "--invalidation-mode", "unchecked-hash", "-s", str(target), "-p", DEPLOYED]
    run(f"the app could not be compiled by Python {version}", *python, "-I", "-m", "compileall", *how, str(target))
    print(f"the package is in {target}")


if __name__ == "__main__":
    main()
