"""What every command prints: one JSON value with `--json`, else text for people; errors go to stderr.

All that a command prints goes through this module: what came from outside, an event's id or a receiver's answer, must
not move the cursor, forge a line or hide a word.
"""

import json
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

import click
import msgspec

from integration.errors import ConfigurationError, FnoLinkError, Problem
from integration.plain_text import plain

# What JSON may hold as it is and a terminal may not be sent: DEL and C1, format characters, lone surrogates.
_LONGEST = 1_000
_UNSEEN = re.compile(r"[^\n\x20-\x7e]")


def json_option[F: Callable[..., Any]](function: F) -> F:
    """Give a command the option `--json`, passed as `as_json`; errors then are JSON too."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")(function)


def say(line: str = "", *, err: bool = False, nl: bool = True, fg: str | None = None, bold: bool = False) -> None:
    """Print one line of text, cleaned.

    Args:
        line: The text.
        err: To stderr.
        nl: Whether the line ends there.
        fg: A colour, on a terminal.
        bold: On a terminal.
    """
    click.secho(plain(line), err=err, nl=nl, fg=fg, bold=bold)


def overwrite(line: str) -> None:
    """Print a line of progress to stderr, over the one before."""
    click.echo(f"\r{plain(line)} ", err=True, nl=False)


def confirm(question: str) -> None:
    """Ask on stderr whether to go on.

    Raises:
        click.Abort: No.
    """
    click.confirm(plain(question), abort=True, err=True)


def ask_for(question: str, proposed: str) -> str:
    """Ask a question on stderr and return the answer; an empty one stands for what is proposed.

    Raises:
        click.UsageError: There is nobody to ask.
    """
    try:
        shown = plain(f"{question} [{proposed}]" if proposed else question)
        return click.prompt(shown, default=proposed, show_default=False, err=True)
    except click.Abort as error:
        if sys.stdin.isatty():
            raise
        raise click.UsageError("there are no more answers on standard input; options give them, too") from error


def print_text(text: str) -> None:
    """Print text of our own as it is."""
    click.echo(text, nl=False)


def print_json(value: Any) -> None:
    """Print a value as JSON: structs, datetimes and durations included."""
    click.echo(_escaped(msgspec.json.format(msgspec.json.encode(value), indent=2).decode()))


def _escaped(text: str) -> str:
    """Write what cannot be seen in a JSON text by its number; the value stays the same."""
    return _UNSEEN.sub(lambda found: found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1], text)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "") -> None:
    """Print rows for people: a table on a terminal, tab-separated lines elsewhere."""
    if not sys.stdout.isatty():
        for row in (columns, *rows):
            click.echo("\t".join(map(plain, row)))
        return
    from rich.console import Console  # noqa: PLC0415 - only a terminal needs it
    from rich.table import Table  # noqa: PLC0415 - only a terminal needs it
    from rich.text import Text  # noqa: PLC0415 - only a terminal needs it

    # As Text, not str: rich reads markup in a str.
    table = Table(title=Text(plain(title)) if title else None)
    for column in columns:
        table.add_column(Text(plain(column)))
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    Console().print(table)


def print_error(code: str, message: str, hint: str = "", *, problems: Sequence[Problem] = (), as_json: bool) -> None:
    """Print an error to stderr: code, message and what to do."""
    message = shortened(message)
    if as_json:
        body: dict[str, Any] = {"code": code, "message": message, "hint": hint}
        if problems:
            body["problems"] = problems
        click.echo(_escaped(msgspec.json.encode(body).decode()), err=True)
        return
    if problems:
        say(f"{code}: {len(problems)} problem{'s' if len(problems) > 1 else ''}", fg="red", err=True)
        for problem in problems:
            say(f"  {shortened(str(problem))}", err=True)
    else:
        say(f"{code}: {message}", fg="red", err=True)
    if hint:
        say(hint, err=True)


def shortened(text: str) -> str:
    """Return a text whose middle is left out where nobody could read it: an error names the value that it is about."""
    if len(text) <= _LONGEST:
        return text
    half = _LONGEST // 2
    return f"{text[:half]}… ({len(text)} characters) …{text[-half:]}"


def print_error_lines(lines: Sequence[str]) -> None:
    """Print lines to stderr that hang together, a traceback say; each is cleaned."""
    for line in "".join(lines).splitlines():
        say(line, err=True)


def print_failure(error: FnoLinkError, *, as_json: bool) -> None:
    """Print one of fno-link's own errors."""
    problems = error.problems if isinstance(error, ConfigurationError) else ()
    print_error(error.code, str(error), error.hint, problems=problems, as_json=as_json)
