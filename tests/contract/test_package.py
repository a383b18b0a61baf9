"""The package that `azd deploy` makes, imported on a Python that has nothing else."""

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Isolated and without site-packages: only the standard library, the package's sources and its packages are there.
PROGRAM = """
import importlib, json, sys
sources, packages, modules = json.loads(sys.argv[1])
sys.path[:0] = [sources, packages]
import function_app
names = sorted(function.get_function_name() for function in function_app.app.get_functions())
for module in modules:
    importlib.import_module(module)
strangers = sorted({
    name.partition(".")[0]
    for name, module in sys.modules.items()
    if (origin := getattr(module, "__file__", None)) and "site-packages" in origin and not origin.startswith(packages)
})
print(json.dumps({"functions": names, "strangers": strangers}))
"""


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100, **options)
    assert done.returncode == 0, f"{command[:6]}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def deployed_files(scratch):
    """List what .funcignore lets through; git reads its patterns, and nothing else decides."""
    run("git", "init", "--quiet", str(scratch))
    listing = ("ls-files", "-z", "--others", f"--exclude-from={ROOT / '.funcignore'}")
    return run("git", f"--git-dir={scratch / '.git'}", f"--work-tree={ROOT}", *listing, cwd=ROOT).split("\0")[:-1]


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    folder = tmp_path_factory.mktemp("package")
    for name in deployed_files(tmp_path_factory.mktemp("ignore")):
        if name.startswith(".python_packages/"):
            continue  # of an earlier build of this checkout
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    run(sys.executable, "scripts/package.py", "--target", str(folder / ".python_packages/lib/site-packages"), cwd=ROOT)
    return folder


def imports_of(folder):
    """Yield every module that the sources import, those inside functions too, and every module of their own."""
    for path in sorted((folder / "integration").rglob("*.py")):
        yield ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__")
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module


def test_the_package_holds_the_app_and_nothing_of_its_development(package):
    top = {path.name for path in package.iterdir()}
    assert {"function_app.py", "host.json", "fno-link.toml", "integration", "requirements.txt"} <= top
    kept_out = {"emulation", "tests", "benchmarks", "docs", "infra", "scripts", ".git", ".venv", ".ci", "azure.yaml"}
    assert top & (kept_out | {"local.settings.json", "local.settings.sample.json", "uv.lock", ".azure"}) == set()
    assert list(package.rglob("*.pyc")) == []


def test_the_patterns_of_funcignore_take_nothing_from_the_packages(tmp_path):
    inside = [f".python_packages/lib/site-packages/x/{name}/a.py" for name in ("docs", "tests", "scripts", "build")]
    repository = tmp_path / "repository"
    run("git", "init", "--quiet", str(repository))
    for name in inside:
        (repository / name).parent.mkdir(parents=True)
        (repository / name).touch()
    listing = run("git", "ls-files", "--others", f"--exclude-from={ROOT / '.funcignore'}", cwd=repository).split()
    assert sorted(listing) == sorted(inside)


@pytest.mark.timeout(150)
def test_the_deployed_app_needs_no_package_that_is_not_deployed(package):
    modules = sorted(set(imports_of(package)))
    assert {"azure.storage.queue.aio", "msal", "integration.worker"} <= set(modules)
    values = json.loads((ROOT / "local.settings.sample.json").read_text("utf-8"))["Values"]
    argument = json.dumps([str(package), str(package / ".python_packages/lib/site-packages"), modules])
    python = getattr(sys, "_base_executable", sys.executable)
    out = run(
        python, "-I", "-S", "-B", "-c", PROGRAM, argument, cwd=package, env={"PATH": os.environ["PATH"], **values}
    )
    seen = json.loads(out)
    assert {"health", "health_timer", "link", "process_events", "intake_erp"} <= set(seen["functions"])
    assert "intake_degraded" not in seen["functions"]
    assert seen["strangers"] == []
