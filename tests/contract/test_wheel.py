"""What is published, installed into empty environments: the command line, completion, the plugin of pytest."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path, PurePosixPath

import pytest

from tests.contract.cli.checkout import Checkout

ROOT = Path(__file__).parents[2]
NEVER = {"tests", "benchmarks", "docs", ".ci", ".github", ".venv", "node_modules", "infra", "local.settings.json"}


def run(*command, env=None, **options):
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=120, env=env or dict(os.environ), **options
    )
    assert done.returncode == 0, f"{command[:6]}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Wheels, each built from its source distribution."""
    folder = tmp_path_factory.mktemp("dist")
    run("uv", "build", "--quiet", "--all-packages", "--out-dir", str(folder), cwd=ROOT)
    return folder


@pytest.fixture(scope="module")
def install(tmp_path_factory):
    """Makes an environment with some packages and what they ask for; gives the folder of its programs."""
    pinned = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["uv"]["constraint-dependencies"]
    constraints = tmp_path_factory.mktemp("constraints") / "pins.txt"
    constraints.write_text("\n".join(pinned))  # those versions are in uv's cache already

    def make(*packages):
        folder = tmp_path_factory.mktemp("environment") / "venv"
        python = getattr(sys, "_base_executable", sys.executable)
        run("uv", "venv", "--quiet", "--python", python, str(folder))
        into = ("--quiet", f"--python={folder / 'bin/python'}", f"--constraints={constraints}")
        run("uv", "pip", "install", *into, *map(str, packages))
        return folder / "bin"

    return make


@pytest.fixture(scope="module")
def installed(built, install):
    """The programs of an environment that has fno-link's wheel and what it asks for, nothing else."""
    return install(*built.glob("fno_link-*.whl"))


class Installed(Checkout):
    """A folder in which the installed command runs, and nothing of the checkout is found."""

    def __init__(self, dynamics, folder, programs) -> None:
        super().__init__(dynamics, folder)
        self.programs = programs
        self.environ = {
            name: value for name, value in self.environ.items() if not name.startswith(("PYTHON", "VIRTUAL"))
        }

    def run(self, *arguments):
        command = [str(self.programs / "fno-link"), *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=self._environ(), capture_output=True, text=True, check=False, timeout=120
        )


def test_the_command_line_runs_without_the_emulation(installed, dynamics, tmp_path):
    at = Installed(dynamics, tmp_path, installed)
    assert at.run("--version").stdout.startswith("fno-link, version ")
    link = at.run("resolve", at.name)
    assert link.returncode == 0, link.stderr
    assert f"https://{at.name}.operations.dynamics.com" in link.stdout
    walked = at.run("doctor", at.name, "--only", "token", "--only", "link")
    assert walked.returncode == 0, walked.stdout + walked.stderr
    lacking = at.run("demo")
    assert lacking.returncode == 2
    assert "pip install 'fno-link[emulation]'" in lacking.stderr
    listed = subprocess.run(
        [installed / "python", "-c", "import importlib.util as u; print(u.find_spec('emulation'))"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert listed.stdout == "None\n"


COMPLETING = """
eval "$("{programs}/fno-link" completion bash)"
COMP_WORDS=({words}); COMP_CWORD={at}; _fno_link_completion fno-link
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("fno-link dea", ["dead-letters"]),
        ("fno-link dead-letters replay --al", ["--all"]),
    ],
)
def test_bash_completes_commands_and_options(installed, tmp_path, words, expected):
    script = COMPLETING.format(programs=installed, words=words, at=len(words.split()) - 1)
    env = {"PATH": f"{installed}:/usr/bin:/bin", "HOME": str(tmp_path)}
    out = run(shutil.which("bash") or "bash", "--norc", "-c", script, env=env, cwd=tmp_path)
    assert out.splitlines() == expected


def test_powershell_which_click_does_not_know_gets_a_script_too(installed):
    assert "Register-ArgumentCompleter" in run(str(installed / "fno-link"), "completion", "powershell")


def test_the_plugin_of_pytest_plays_ones_own_configuration_by_the_example_of_its_page(built, install, tmp_path):
    page = (ROOT / "docs" / "testing.md").read_text("utf-8")
    [toml], [tests, _] = (re.findall(rf"```{kind}\n(.*?)```", page, re.DOTALL) for kind in ("toml", "python"))
    (tmp_path / "fno-link.toml").write_text(toml)
    (tmp_path / "test_orders.py").write_text(tests)
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    [fno_link], [emulation] = built.glob("fno_link-*.whl"), built.glob("fno_link_emulation-*.whl")
    programs = install(f"{fno_link}[emulation]", emulation, "pytest")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST", "VIRTUAL"))}
    said = run(str(programs / "python"), "-m", "pytest", "-q", cwd=tmp_path, env=env)
    assert f"{tests.count('def test_')} passed" in said
    assert sorted(each.name for each in tmp_path.iterdir() if each.name[0] not in "._") == [
        "fno-link.toml", "pytest.ini", "test_orders.py",
    ]  # fmt: skip
    assert not (tmp_path / ".fno-link").exists()


def metadata(wheel):
    with zipfile.ZipFile(wheel) as opened:
        [name] = [each for each in opened.namelist() if each.endswith(".dist-info/METADATA")]
        return Parser().parsestr(opened.read(name).decode())


def test_a_wheel_has_its_package_and_nothing_else(built):
    for name, package in (("fno_link", "integration"), ("fno_link_emulation", "emulation")):
        [wheel] = built.glob(f"{name}-*.whl")
        names = zipfile.ZipFile(wheel).namelist()
        assert {PurePosixPath(each).parts[0] for each in names} == {package, f"{wheel.name.split('-py3')[0]}.dist-info"}
        assert f"{package}/py.typed" in names
        assert not [each for each in names if NEVER & set(PurePosixPath(each).parts[1:-1])]
    [fno_link] = built.glob("fno_link-*.whl")
    names = zipfile.ZipFile(fno_link).namelist()
    # What the emulation's commands run where there is no checkout.
    assert {f"integration/wwwroot/{each}" for each in ("function_app.py", "host.json", "fno-link.toml")} <= set(names)


def test_the_extras_are_those_that_are_documented(built):
    [fno_link], [emulation] = built.glob("fno_link-*.whl"), built.glob("fno_link_emulation-*.whl")
    assert set(metadata(fno_link).get_all("Provides-Extra")) == {"azure-monitor", "emulation"}
    wanted = [each for each in metadata(fno_link).get_all("Requires-Dist") if "extra ==" not in each]
    assert not [each for each in wanted if each.startswith("fno-link-emulation")]
    parts = {"azurite", "service-bus", "event-grid", "dynamics", "functions", "tcp-proxy", "commands"}
    assert set(metadata(emulation).get_all("Provides-Extra")) == parts
    assert metadata(fno_link)["Version"] == metadata(emulation)["Version"]


def test_a_source_distribution_has_what_its_wheel_is_made_of_and_nothing_else(built):
    [archive] = built.glob("fno_link-*.tar.gz")
    with tarfile.open(archive) as opened:
        top = {PurePosixPath(each).parts[1] for each in opened.getnames()}
    made = {"function_app.py", "host.json", "fno-link.toml", "integration", "pyproject.toml"}
    assert top == made | {"README.md", "LICENSE", "CHANGELOG.md", "PKG-INFO", ".gitignore"}
    [archive] = built.glob("fno_link_emulation-*.tar.gz")
    with tarfile.open(archive) as opened:
        names = {PurePosixPath(each).parts[1] for each in opened.getnames()}
    assert not names & NEVER
