"""`fno-link status`: how everything stands, of a deployed app or directly from the storage account."""

from typing import TYPE_CHECKING, Any

import click

from integration.cli import shapes
from integration.cli.app_option import app_option
from integration.cli.exit_code import ExitCode
from integration.cli.here import ask
from integration.cli.output import json_option, print_json, print_table, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integration.worker import Worker

_COLORS = {"pass": "green", "warn": "yellow", "fail": "red"}
_ORGANIZATIONS = ("name", "level", "state", "since", "checkedAt", "code", "message", "parked")
_TARGETS = ("name", "kind", "level", "circuit", "code", "errorRate", "oldestWaiting")
_SOURCES = ("name", "kind", "level", "lastEventAt", "failed", "deadLettered", "code")
_INCIDENTS = ("since", "subject", "check", "code", "message", "acknowledgedBy", "id")
_LETTERS = ("at", "organization", "reason", "event", "route", "command")


@click.command()
@click.option("--limit", default=50, help="How many organizations at most, 1 to 200.")
@click.option("--after", default="", help="The `following` of the page before.")
@app_option
@json_option
def command(app: str | None, *, as_json: bool, limit: int, after: str) -> None:
    """Tell how everything stands, as the status page does: the worst organizations first, one page.

    Exit codes: 0 all is well or there are warnings, 1 something is bad.
    """
    query = {"limit": str(limit)} | ({"after": after} if after else {})
    found: dict[str, Any] = ask(
        app,
        lambda there: there.get("status", shapes.StatusAnswer, query | {"format": "json"}),
        lambda here: _read(here, query),
    )
    if as_json:
        print_json(found)
    else:
        _print(found)
    if found["level"] == "fail":
        click.get_current_context().exit(ExitCode.BAD)


async def _read(worker: "Worker", query: dict[str, str]) -> Any:
    from integration.operations.status import read_query  # noqa: PLC0415 - not for --app

    return await worker.status_operations.read(read_query(query))


def _print(found: dict[str, Any]) -> None:
    for note in found.get("notes", ()):
        say(f"not everything could be read: {note}", err=True)
    numbers = (
        ("oldest event not delivered", _text(found.get("oldestWaiting")) or "none waits"),
        ("parked", _counts(found.get("parked", {}))),
        ("dead letters in 24 hours", _counts(found.get("deadLetters", {}))),
        ("circuits open", ", ".join(found.get("circuitsOpen", ())) or "none"),
        ("organizations linked", f"{found.get('linked')} of {found.get('organizationsInAll')}"),
        ("last change of a link", _text(found.get("linkedSince"))),
    )
    print_table(("", "as of " + _text(found.get("at"))), numbers)
    for name, columns, title in (
        ("openIncidents", _INCIDENTS, "open incidents"),
        ("organizations", _ORGANIZATIONS, "organizations"),
        ("sources", _SOURCES, "sources"),
        ("targets", _TARGETS, "targets"),
        ("letters", _LETTERS, "recent dead letters"),
    ):
        rows = found.get(name, [])
        if rows:
            print_table(columns, _cells(rows, columns), title=title)
    if found.get("following"):
        say(f"more: --after {found['following']}", err=True)
    say(found["level"], fg=_COLORS.get(found["level"]), bold=True)


def _cells(rows: "Sequence[dict[str, Any]]", columns: "Sequence[str]") -> list[list[str]]:
    return [[_text(row.get(column)) for column in columns] for row in rows]


def _counts(counts: dict[str, int]) -> str:
    said = ", ".join(f"{reason} {count}" for reason, count in counts.items())
    return f"{sum(counts.values())}: {said}" if said else "0"


def _text(value: object) -> str:
    return "" if value is None else str(value)
