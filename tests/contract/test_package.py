"""The package that `azd deploy` makes, imported on a Python that has nothing else."""

import ast
import importlib.util
import json
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from emulation.functions_host import FunctionsHost
from integration.cli.doctor.package import look

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


def read_by_git(root, scratch):
    """List what .funcignore lets through of a folder; git reads its patterns, and nothing else decides."""
    run("git", "init", "--quiet", str(scratch))
    listing = ("ls-files", "-z", "--others", f"--exclude-from={ROOT / '.funcignore'}")
    return run("git", f"--git-dir={scratch / '.git'}", f"--work-tree={root}", *listing, cwd=root).split("\0")[:-1]


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    folder, elsewhere = tmp_path_factory.mktemp("package"), tmp_path_factory.mktemp("elsewhere")
    # What people set for their own machine decides nothing about the package.
    own = {"PYTHONPYCACHEPREFIX": str(elsewhere), "PYTHONOPTIMIZE": "2"}
    run(sys.executable, "scripts/package.py", "--target", str(folder), cwd=ROOT, env={**os.environ, **own})
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
    kept_out = {
        "emulation",
        "tests",
        "benchmarks",
        "clients",
        "docs",
        "infra",
        "scripts",
        ".git",
        ".venv",
        ".ci",
        "azure.yaml",
        ".editorconfig",
    }
    assert (
        top & (kept_out | {"local.settings.json", "local.settings.sample.json", "uv.lock", ".azure", ".editorconfig"})
        == set()
    )
    assert not (package / "integration/cli").exists()


SECRET = (".env", ".env.local", "deep/.env", "server.pem", "integration/client.pfx", "cert.p12", "local.settings.json")
NOISE = (".venv/lib/a.py", ".venv-2/a.py", "venv/a.py", "env/a.py", "fno-link_env/a.py", ".vscode/settings.json")
KEPT = ("function_app.py", "host.json", "integration/env/a.py", "other.toml", "tests.toml", "docs-of-ours/a.md")


def test_secrets_and_environments_stay_here_and_the_script_reads_funcignore_as_git_does(tmp_path):
    checkout = tmp_path / "checkout"
    for name in (*SECRET, *NOISE, *KEPT, "tests/a.py", "docs/a.md", "local.settings.old.json", "README.md"):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).touch()
    shutil.copy(ROOT / ".funcignore", checkout)
    scripts = runpy.run_path(str(ROOT / "scripts/package.py"))
    found = sorted(str(path) for path in scripts["sources"](checkout))
    assert found == sorted(read_by_git(checkout, tmp_path / "scratch"))
    assert found == sorted([*KEPT, ".funcignore"])


def test_the_patterns_of_funcignore_take_nothing_from_the_real_packages(package, tmp_path):
    there = {path.relative_to(package).as_posix() for path in package.rglob("*") if path.is_file()}
    assert ".python_packages/lib/site-packages/certifi/cacert.pem" in there
    assert there - set(read_by_git(package, tmp_path / "scratch")) == set()


def test_every_module_is_compiled_for_the_python_of_the_app_and_never_checked_against_its_source(package):
    modules = list(package.rglob("*.py"))
    assert len(modules) > 500
    for path in modules:
        with Path(importlib.util.cache_from_source(str(path))).open("rb") as compiled:
            magic, flags = compiled.read(4), int.from_bytes(compiled.read(4), "little")
        # PEP 552: bit 0, by a hash; bit 1, the hash is checked.
        assert (magic, flags) == (importlib.util.MAGIC_NUMBER, 0b01), path


async def test_the_doctor_finds_nothing_wrong_with_it(package):
    values = json.loads((ROOT / "local.settings.sample.json").read_text("utf-8"))["Values"]
    found = await look(package, {**values, "FNO_LINK_CONTOSO_CLIENT_ID": "x", "FNO_LINK_CONTOSO_CLIENT_SECRET": "y"})
    assert {each.step: each.message for each in found if each.verdict != "pass"} == {}
    told = {each.step: each.message for each in found}
    assert "by azure-functions-runtime 1.3.0, with its own packages" in told["package_index"]
    assert "as pyproject.toml pins them" in told["package_requirements"]


def test_a_host_runs_from_a_folder_that_cannot_be_written_and_compiles_nothing(package, azurite, tmp_path):
    folder = tmp_path / "wwwroot"
    shutil.copytree(package, folder)
    # Were a source read and compiled, the app would fail.
    for name in ("integration/web/intake.py", "integration/worker/worker.py", "integration/delivery/pipeline.py"):
        (folder / name).write_text("raise SystemError('compiled at the start')")
    for path in folder.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    folder.chmod(0o555)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    values = json.loads((ROOT / "local.settings.sample.json").read_text("utf-8"))["Values"]
    values |= {"AzureWebJobsStorage": azurite.spare_account(), "FNO_LINK_CONTOSO_CLIENT_ID": "x"}
    try:
        python = ("-W", "error", "-v")  # it tells where each module comes from
        with FunctionsHost(folder, env={**values, "FNO_LINK_CONTOSO_CLIENT_SECRET": "y"}, python=python) as host:
            headers = {"x-functions-key": host.key}
            url = f"{host.url}/api/events/erp"
            answer = httpx.post(url, content=b'{"x": 1}', headers=headers, trust_env=False, timeout=30)
            assert answer.status_code == 202
            for name in ("web/__pycache__/intake", "functions/__pycache__/app", "worker/__pycache__/worker"):
                assert f"code object from '{folder}/integration/{name}.cpython-313.pyc'" in host.log
            assert "compiled at the start" not in host.log
        assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    finally:
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o755)


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
