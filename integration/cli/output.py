"""What every command prints: one JSON value with `--json`, else text for people; errors go to stderr."""

import sys
from collections.abc import Callable, Sequence
from typing import Any

import click
import msgspec

from integration.errors import ConfigurationError, FnoLinkError, Problem


def app_option[F: Callable[..., Any]](function: F) -> F:
    """Give a command the option `--app`."""
    text = "A deployed function app, with FNO_LINK_KEY; by default the storage account of the app settings."
    return click.option("--app", metavar="URL", help=text)(function)


def json_option[F: Callable[..., Any]](function: F) -> F:
    """Give a command the option `--json`, passed as `as_json`; errors then are JSON too."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")(function)


def print_json(value: Any) -> None:
    """Print a value as JSON: structs, datetimes and durations included."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "") -> None:
    """Print rows for people: a table on a terminal, tab-separated lines elsewhere."""
    if not sys.stdout.isatty():
        for row in (columns, *rows):
            click.echo("\t".join(row))
        return
    from rich.console import Console  # noqa: PLC0415 - only a terminal needs it
    from rich.table import Table  # noqa: PLC0415 - only a terminal needs it
    from rich.text import Text  # noqa: PLC0415 - only a terminal needs it

    table = Table(*columns, title=title or None)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)


def print_error(code: str, message: str, hint: str = "", *, problems: Sequence[Problem] = (), as_json: bool) -> None:
    """Print an error to stderr: code, message and what to do."""
    if as_json:
        body: dict[str, Any] = {"code": code, "message": message, "hint": hint}
        if problems:
            body["problems"] = problems
        click.echo(msgspec.json.encode(body).decode(), err=True)
        return
    if problems:
        click.secho(f"{code}: {len(problems)} problem{'s' if len(problems) > 1 else ''}", fg="red", err=True)
        for problem in problems:
            click.echo(f"  {problem}", err=True)
    else:
        click.secho(f"{code}: {message}", fg="red", err=True)
    if hint:
        click.echo(hint, err=True)


def print_failure(error: FnoLinkError, *, as_json: bool) -> None:
    """Print one of fno-link's own errors."""
    problems = error.problems if isinstance(error, ConfigurationError) else ()
    print_error(error.code, str(error), error.hint, problems=problems, as_json=as_json)
