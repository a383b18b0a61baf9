"""The frame of the command line: exit codes, errors for people and as JSON, commands found without an import."""

import json
import logging
import subprocess
import sys
from importlib.metadata import EntryPoint

import click
import pytest

from integration.cli import frame
from integration.cli.exit_code import ExitCode, exit_code_of
from integration.errors import ConfigurationError, Forbidden, Problem, TargetRejected, Throttled, UnknownOrganization
from integration.loggers import logger


@pytest.fixture
def commands(monkeypatch):
    """Install commands made of functions."""

    def install(**callbacks):
        made = {name: click.Command(name, callback=callback) for name, callback in callbacks.items()}
        monkeypatch.setattr(frame.Commands, "list_commands", lambda *_: sorted(made))
        monkeypatch.setattr(frame.Commands, "get_command", lambda *arguments: made.get(arguments[-1]))

    return install


def raising(error):
    def callback():
        raise error

    return callback


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigurationError([Problem("a", "is wrong")]), 1),
        (TargetRejected(), 1),
        (UnknownOrganization("nobody"), 2),
        (Throttled(), 3),
        (Forbidden(), 3),
    ],
)
def test_an_error_ends_with_its_exit_code_and_says_what_to_do(commands, capsys, error, code):
    commands(fails=raising(error))
    assert exit_code_of(error) == code
    assert frame.run(["fails"]) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert error.code in shown.err
    assert error.hint in shown.err


def test_with_json_an_error_is_one_json_object_on_stderr(capsys, monkeypatch):
    failing = click.Command("fails", callback=lambda as_json: raising(ConfigurationError([Problem("a", "b")]))())
    failing.params.append(click.Option(["--json", "as_json"], is_flag=True))
    monkeypatch.setattr(frame.Commands, "get_command", lambda *_: failing)
    assert frame.run(["fails", "--json"]) == 1
    problem = json.loads(capsys.readouterr().err)
    assert (problem["code"], problem["problems"][0]["key"]) == ("ConfigurationError", "a")


@pytest.mark.filterwarnings("ignore")
def test_a_defect_is_neither_good_nor_bad_and_shows_its_traceback(commands, capsys):
    commands(breaks=raising(KeyError("x")))
    assert frame.run(["breaks"]) == ExitCode.UNKNOWN
    assert "Traceback" in capsys.readouterr().err


def test_ctrl_c_ends_without_a_traceback(commands, capsys):
    commands(waits=raising(KeyboardInterrupt()))
    assert frame.run(["waits"]) == ExitCode.INTERRUPTED
    assert "Traceback" not in capsys.readouterr().err


def test_wrong_usage_is_2_and_names_the_help(capsys):
    assert frame.run(["nonsense"]) == 2
    assert "fno-link --help" in capsys.readouterr().err
    assert frame.run(["config", "check", "--nonsense", "--json"]) == 2
    assert json.loads(capsys.readouterr().err)["hint"] == "fno-link config check --help"
    assert frame.run([]) == 2
    assert "Exit codes" in capsys.readouterr().err


def test_help_and_version_are_0(capsys):
    assert frame.run(["--help"]) == 0
    assert frame.run(["--version"]) == 0
    assert "fno-link" in capsys.readouterr().out


def test_a_command_whose_package_is_missing_says_what_to_do(capsys, monkeypatch):
    point = EntryPoint("demo", "package_that_is_not_there.demo:command", frame.GROUP)
    monkeypatch.setattr(frame, "found", lambda: frame.EntryPoints([point]))
    assert frame.run(["demo", "--once"]) == 2
    assert "uv run fno-link demo" in capsys.readouterr().err
    assert frame.run(["--help"]) == 0
    assert "needs package_that_is_not_there" in capsys.readouterr().out


def test_a_missing_module_of_our_own_is_a_defect(monkeypatch, capsys):
    point = EntryPoint("demo", "integration.not_there:command", frame.GROUP)
    monkeypatch.setattr(frame, "found", lambda: frame.EntryPoints([point]))
    assert frame.run(["demo"]) == 3
    assert "integration.not_there" in capsys.readouterr().err


def test_every_entry_point_is_a_command():
    assert {point.name for point in frame.found()} >= {"config"}
    for point in frame.found():
        assert isinstance(frame.loaded(point), click.Command)


def test_only_the_invoked_command_is_imported():
    code = "import sys; from integration.cli.frame import run; run(['config', 'check', '--help']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "integration.cli.config" in loaded
    assert not loaded & {"httpx", "msal", "rich", "azure.core", "emulation"}


@pytest.fixture
def levels_as_they_were():
    """Put back what a command sets up for its own process."""
    loggers = logging.root, logging.getLogger("fno_link")
    levels = [each.level for each in loggers]
    yield
    for each, level in zip(loggers, levels, strict=True):
        each.setLevel(level)


@pytest.mark.usefixtures("levels_as_they_were")
@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ([], []),
        (["-v"], ["WARNING fno_link.links: careful", "INFO fno_link.links: asked", "WARNING azure.core: slow"]),
        (
            ["-vv"],
            [
                "WARNING fno_link.links: careful",
                "INFO fno_link.links: asked",
                "DEBUG fno_link.links: in detail",
                "WARNING azure.core: slow",
            ],
        ),
    ],
)
def test_verbose_raises_our_loggers_and_leaves_those_of_libraries(commands, capsys, monkeypatch, options, shown):
    monkeypatch.setattr(logging.root, "handlers", [])  # pytest's own, which stand there while a test runs

    def speaks():
        logger("links").warning("careful")
        logger("links").info("asked")
        logger("links").debug("in detail")
        logging.getLogger("azure.core").warning("slow")
        logging.getLogger("azure.core").info("GET https://store.example/?sig=secret")

    commands(speaks=speaks)
    assert frame.run([*options, "speaks"]) == 0
    assert capsys.readouterr().err.splitlines() == shown
