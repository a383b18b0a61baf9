"""A walk of every command with nasty values: nothing ends in a traceback, and nothing hostile reaches the terminal."""

import io
import json
import subprocess
import sys
from importlib.metadata import entry_points

import click
import pytest

from integration.cli import frame
from integration.cli.output import print_json, print_table

CODES = {0, 1, 2, 3}
LONGEST_LINE = 2_000
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
    "x" * 10_000,
    "x" * 70_000,
    "--help",
    "--",
    "-",
    "-9223372036854775809",
    "1_000",
    "0x10",
    "true",
    "%%%",
    "%MISSING%",
    "*",
    "\u0130\u0131\ufb01\u2028\u0000".rstrip("\0"),
    "https://xn--nxasmq6b.\u043f\u0440\u0438\u043c\u0435\u0440:0/\u202e",
    "https://user@contoso.crm.dynamics.com:65536",
    "http://169.254.169.254/latest",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "Endpoint=sb://[;SharedAccessKey==;;=",
    "Endpoint=sb://127.0.0.1:9;SharedAccessKeyName=n;SharedAccessKey=a2V5;UseDevelopmentEmulator=true",
    "DefaultEndpointsProtocol=;AccountName=;AccountKey=;EndpointSuffix=",
    '{"a": ' + "[" * 10_000,
    "a-directory",
    "binary",
    "unreadable",
    "deep.json",
    "deep.toml",
    "broken.toml",
    "no/such/file",
    "binary/below",
    "/dev/null",
    "/dev/zero",
)
NASTIEST = ("", "0001-01-01T00:00:00+14:00", "http://[", "\x1b[2J", "nan")
KNOWN = """
[[organizations]]
name = "x"
url = "https://x.crm.dynamics.com"
tenant = "x.onmicrosoft.com"
[sources.x]
kind = "http"
organization = "x"
[sources.x.dataverse]
key = "%X_KEY%"
steps = [{ messages = ["Update"], tables = ["account"] }]
[sources.x.finance_operations]
events = ["XBusinessEvent"]
application_secret = "%X_KEY%"
"""
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


FOUND = frame.found()
COMMANDS = [
    pytest.param(path, command, id=" ".join(path))
    for point in FOUND
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


def flagged_line_of(path, command, value, app):
    """Return a command line in which every place holds the value, and each flag is set that is no form of printing."""
    flags = [each.opts[0] for each in command.params if isinstance(each, click.Option) and each.is_flag]
    line = full_line_of(path, command, value, app)
    forms = ["--json", "--sarif", "--junit", "--help"]
    return [*path, *(each for each in flags if each not in forms), *line[len(path) :]]


def judge(capsys, line, code):
    said = capsys.readouterr()
    assert code in CODES, line
    if code == 2:
        # One line that says what is wrong, and one that says what to do.
        assert 1 <= len(said.err.strip().splitlines()) <= 2, (line, said.err)
        assert not said.out, line
    if code:
        assert (said.out + said.err).strip(), line
    assert "Traceback" not in said.err, line
    assert "Defect" not in said.err, line
    shown = said.out + said.err
    assert all(each.isprintable() or each in "\n\t" for each in shown), line
    assert "\nforged" not in shown
    assert max(map(len, said.err.splitlines()), default=0) <= LONGEST_LINE, line


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """A folder with a configuration that is good and app settings that lead nowhere."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FNO_LINK_CONFIG", "fno-link.toml")
    (tmp_path / "fno-link.toml").write_text("organizations = []\n")
    (tmp_path / "a-directory").mkdir()
    (tmp_path / "binary").write_bytes(bytes(range(256)) * 16)
    (tmp_path / "unreadable").write_text("secret")
    (tmp_path / "unreadable").chmod(0)
    (tmp_path / "deep.json").write_text("[" * 10_000 + "]" * 10_000)
    (tmp_path / "deep.toml").write_text("x = " + "[" * 10_000 + "]" * 10_000)
    (tmp_path / "broken.toml").write_text('[[organizations]\nname = "')
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    monkeypatch.setattr(frame, "found", lambda: FOUND)  # looking for them takes longer than most commands
    # No world is started: there is no Node.js; and nothing is asked outside: nobody is behind the proxy.
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("FNO_LINK_TEST_SERVICE_BUS", raising=False)


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize(("path", "command"), COMMANDS)
def test_no_value_ends_a_command_in_a_traceback(path, command, app, capsys):
    app.lie = b"{}"
    lines = [full_line_of(path, command, value, app.url) for value in NASTY]
    lines += [line for value in NASTIEST for line in lines_of(path, command, value, app.url)]
    lines += [flagged_line_of(path, command, value, app.url) for value in NASTIEST]
    for line in lines:
        judge(capsys, line, frame.run(line))


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize(("path", "command"), COMMANDS)
def test_no_command_line_ends_in_a_traceback_whatever_is_missing_or_too_much(path, command, app, capsys):
    app.lie = b"{}"
    names = [each.opts[0] for each in command.params if isinstance(each, click.Option) and not each.is_flag]
    lines = [
        [*path, "--no-such-option"],
        [*path, "--=", "x"],
        [*path, *["x"] * 20],
        [*path[:-1], f"{path[-1]}s", "x"],
        *([*path, name] for name in names),
        *([*path, name, "x", name, "y", f"{name}=z"] for name in names),
        ["--verbose", *path, "--no-such-option"],
    ]
    for line in lines:
        code = frame.run(line)
        judge(capsys, line, code)
        assert code or line[-1] in names or line[-1].endswith("=z"), line


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize("setting", ["FNO_LINK_CONFIG", "local.settings.json"])
@pytest.mark.parametrize(
    "file", ["a-directory", "binary", "deep.json", "deep.toml", "broken.toml", "no/such/file", "\x1b[2J", "x" * 10_000]
)
def test_no_file_that_commands_read_ends_one_in_a_traceback(setting, file, tmp_path, monkeypatch, capsys):
    if setting == "FNO_LINK_CONFIG":
        monkeypatch.setenv(setting, file)
    elif len(file) < 100:
        (tmp_path / setting).symlink_to(tmp_path / file)
    for path, command in (each.values for each in COMMANDS):
        line = [*path, *["x" for each in command.params if isinstance(each, click.Argument)]]
        judge(capsys, line, frame.run(line))


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize(
    ("path", "command"), [each for each in COMMANDS if "app" in {p.name for p in each.values[1].params}]
)
def test_no_answer_ends_a_command_in_a_traceback(path, command, app, capsys):
    needed = ["x" for each in command.params if isinstance(each, click.Argument) and each.required]
    yes = [each for each in ("--yes", "--all") if each in {o for p in command.params for o in p.opts}]
    for lie in LIES:
        for status in (200, 404, 503):
            app.lie, app.lied = lie, status
            line = [*path, *yes, "--app", app.url, *needed]
            judge(capsys, line, frame.run(line))


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize(("path", "command"), COMMANDS)
def test_no_value_ends_a_command_that_knows_its_organization(path, command, tmp_path, monkeypatch, capsys):
    (tmp_path / "fno-link.toml").write_text(KNOWN)
    monkeypatch.setenv("X_KEY", "secret")
    monkeypatch.setenv("FNO_LINK_X_CLIENT_ID", "0a1b2c3d-0000-4000-8000-000000000001")
    monkeypatch.setenv("FNO_LINK_X_CLIENT_SECRET", "secret")
    names = {each.name for each in command.params}
    options = [each.opts[0] for each in command.params if isinstance(each, click.Option) and not each.is_flag]
    once = ["--count", "1"] if "count" in names else []
    for value in NASTIEST[2:]:
        if "experimental" in names:
            judge(capsys, line := flagged_line_of(path, command, value, ""), frame.run(line))
        for option in options:
            line = [*path, *once, option, value, *["x" for each in command.params if isinstance(each, click.Argument)]]
            judge(capsys, line, frame.run(line))


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize("key", ["\x1b[2J", "\r\nforged: line", "ключ", "x" * 70_000, "%MISSING%", " "])
def test_no_key_ends_a_command_in_a_traceback(key, app, monkeypatch, capsys):
    app.lie = b"{}"
    monkeypatch.setenv("FNO_LINK_KEY", key)
    for path, command in (each.values for each in COMMANDS):
        if "app" in {each.name for each in command.params}:
            arguments = ["x" for each in command.params if isinstance(each, click.Argument) and each.required]
            judge(capsys, line := [*path, "--app", app.url, *arguments], frame.run(line))


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize("value", [*NASTIEST, "\ud800", "x" * 10_000, "--", "--help=x"])
def test_no_name_of_a_command_ends_in_a_traceback(value, capsys):
    groups = {tuple(each.values[0][:depth]) for each in COMMANDS for depth in range(len(each.values[0]))}
    assert () in groups
    assert ("register",) in groups
    for group in sorted(groups):
        for line in ([*group, value], [*group, value, "x"], [*group, "--app", value]):
            judge(capsys, line, frame.run(line))


def test_the_walk_is_of_every_command_that_is_installed():
    walked = {each.values[0][0] for each in COMMANDS}
    assert walked == {point.name for point in entry_points(group="fno_link.commands")}
    assert len(COMMANDS) > len(walked)


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
