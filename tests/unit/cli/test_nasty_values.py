"""A walk of every command with nasty values: nothing ends in a traceback, and nothing hostile reaches the terminal."""

import json
import subprocess
import sys
from importlib.metadata import entry_points

import click
import pytest

from integration.cli import frame
from integration.cli.output import print_json, print_table

CODES = {0, 1, 2, 3}
NASTY = (
    "",
    "-1",
    "0",
    "000000001999999",
    "99999999999999999999",
    "nan",
    "inf",
    "1e400",
    "٣",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-02-30",
    "../../../etc/passwd",
    "a/b?c=d#e%00%zz",
    "http://[",
    "https://[::1",
    "https://x:99999",
    "https://user:password@x",
    "\x1b[2J\x1b]0;title\x07",
    "\r\nforged: line",
    "\u202egpj.exe",
    "\ud800",
    "\x00",
    "[bold]markup[/]",
    "x" * 70_000,
)
NASTIEST = ("", "0001-01-01T00:00:00+14:00", "http://[", "\x1b[2J", "\ud800")
HOSTILE = "\x1b[2J\r\nforged\u202e\x9b[/]"
LIES = [
    b"",
    b"\xff",
    b"[" * 100_000,
    b"null",
    b"[]",
    b"{}",
    b'{"events": 1, "deadLetters": 1, "parked": 1, "next": 1}',
    b'{"events": [1], "deadLetters": [1], "parked": [1], "next": null}',
    b'{"id": 1, "kind": [], "state": "done", "counts": [], "matching": "x", "reason": null}',
    b'"\\ud800"',
]


def leaves(command, path):
    commands = getattr(command, "commands", None)
    if commands is None:
        yield path, command
        return
    for name, each in commands.items():
        yield from leaves(each, [*path, name])


COMMANDS = [
    pytest.param(path, command, id=" ".join(path))
    for point in entry_points(group=frame.GROUP)
    if point.module.startswith("integration")
    for path, command in leaves(point.load(), [point.name])
]


def lines_of(path, command, value, app):
    """Yield command lines in which one place after the other holds the value."""
    arguments = ["x" for each in command.params if isinstance(each, click.Argument)]
    options = [each.opts[0] for each in command.params if isinstance(each, click.Option) and not each.is_flag]
    remote = ["--app", app] if "--app" in options else []
    for at in range(len(arguments)):
        yield [*path, *remote, "--", *arguments[:at], value, *arguments[at + 1 :]]
    for option in options:
        others = [] if option == "--app" else remote
        yield [*path, *others, option, value, *arguments]


def full_line_of(path, command, value, app):
    """Return a command line in which every place holds the value."""
    arguments = [value for each in command.params if isinstance(each, click.Argument)]
    options = [each.opts[0] for each in command.params if isinstance(each, click.Option) and not each.is_flag]
    every = [each for option in options for each in (option, app if option == "--app" else value)]
    return [*path, *every, "--", *arguments]


def judge(capsys, line, code):
    said = capsys.readouterr()
    assert code in CODES, line
    assert "Traceback" not in said.err, line
    assert "Defect" not in said.err, line
    shown = said.out + said.err
    assert all(each.isprintable() or each in "\n\t" for each in shown), line
    assert "\nforged" not in shown


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """A folder with a configuration that is good and app settings that lead nowhere."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FNO_LINK_CONFIG", "fno-link.toml")
    (tmp_path / "fno-link.toml").write_text("organizations = []\n")


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize(("path", "command"), COMMANDS)
def test_no_value_ends_a_command_in_a_traceback(path, command, app, capsys):
    app.lie = b"{}"
    lines = [full_line_of(path, command, value, app.url) for value in NASTY]
    lines += [line for value in NASTIEST for line in lines_of(path, command, value, app.url)]
    for line in lines:
        judge(capsys, line, frame.run(line))


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize(
    ("path", "command"), [each for each in COMMANDS if "app" in {p.name for p in each.values[1].params}]
)
def test_no_answer_ends_a_command_in_a_traceback(path, command, app, capsys):
    needed = ["x" for each in command.params if isinstance(each, click.Argument)]
    yes = [each for each in ("--yes", "--all") if each in {o for p in command.params for o in p.opts}]
    for lie in LIES:
        for status in (200, 404, 503):
            app.lie, app.lied = lie, status
            line = [*path, *yes, "--app", app.url, *needed]
            judge(capsys, line, frame.run(line))


def test_hostile_text_of_an_app_is_shown_as_what_it_is(app, capsys):
    letter = {"id": HOSTILE, "reason": HOSTILE, "route": HOSTILE, "eventId": HOSTILE}
    for terminal in ("list", "show"):
        answer = {"deadLetters": [letter], "next": HOSTILE} if terminal == "list" else letter
        for options in ([], ["--json"]):
            app.answers = [(200, answer)]
            line = ["dead-letters", terminal, *(["x"] if terminal == "show" else []), "--app", app.url, *options]
            assert frame.run(line) == 0
            said = capsys.readouterr()
            assert "forged" in said.out
            assert all(each.isprintable() or each in "\n\t" for each in said.out + said.err)
            if options:
                assert json.loads(said.out) == answer
    app.answers = [(400, {"code": HOSTILE, "detail": HOSTILE})]
    assert frame.run(["dead-letters", "list", "--app", app.url]) == 1
    assert all(each.isprintable() or each == "\n" for each in capsys.readouterr().err)


def test_a_table_on_a_terminal_is_neither_repainted_nor_read_as_markup(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    print_table(["a", HOSTILE], [["[red]x[/red]", HOSTILE]], title="[/] of \x1b[2J")
    out = capsys.readouterr().out
    assert "[red]x[/red]" in out
    assert r"\x1b[2J" in out
    assert "\x1b[2J" not in out


def test_json_is_the_same_value_and_holds_nothing_unseen(capsys):
    value = {"a": "\x7f\x9b\u202e\U000e0041 Ż 🚚", "b": [1, None]}
    print_json(value)
    out = capsys.readouterr().out
    assert json.loads(out) == value
    assert all(each.isprintable() or each == "\n" for each in out)
    assert "🚚" in out


def test_who_stops_reading_is_no_defect():
    run = "import sys; from integration.cli.frame import run; sys.exit(run(['config', 'schema']))"
    with subprocess.Popen([sys.executable, "-c", run], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141
