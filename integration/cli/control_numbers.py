"""`fno-link control-numbers`: the newest of each kind of business event, by which others are marked out of order."""

from typing import TYPE_CHECKING, Any

import click

from integration.cli import shapes
from integration.cli.app_option import app_option
from integration.cli.filters import LEGAL_ENTITY, ORGANIZATION, filter_options, given
from integration.cli.here import ask
from integration.cli.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from integration.operations.control_numbers import ControlNumbers, Reset
    from integration.worker import Worker

_COLUMNS = ("organization", "group", "legalEntity", "type", "number", "resets", "updatedAt")


_filters = filter_options(
    organization=ORGANIZATION,
    group="Of this group of sources: their `duplicates`, else the source's name.",
    legal_entity=LEGAL_ENTITY,
    type="Of events of this type.",
)


@click.group()
def command() -> None:
    """Show and reset the newest ControlNumbers, by which business events are marked out of order."""


@command.command("list")
@_filters
@app_option
@json_option
def list_(app: str | None, *, as_json: bool, **filters: str) -> None:
    """List the newest of each kind: organization, group of sources, legal entity and type."""
    query = given(filters)
    found = ask(
        app,
        lambda there: there.get("control-numbers", shapes.ControlNumbers, query),
        lambda here: _listed(here, query),
    )
    _print(found, "controlNumbers", as_json=as_json)


@command.command()
@_filters
@click.option("--all", "everything", is_flag=True, help="Every kind is meant.")
@app_option
@json_option
def reset(app: str | None, *, as_json: bool, everything: bool, **filters: str) -> None:
    """Forget the newest of kinds, and show what it was: a wrong number, or one of a database that was replaced."""
    query = given(filters) | ({"all": "true"} if everything else {})
    if not query:
        msg = "say which are meant, or --all"
        raise click.UsageError(msg)
    done = ask(
        app,
        lambda there: there.post("control-numbers/reset", shapes.Reset, {}, query),
        lambda here: _reset(here, query),
    )
    _print(done, "reset", as_json=as_json)


async def _listed(worker: "Worker", query: dict[str, str]) -> "ControlNumbers":
    from integration.operations.control_numbers import read_kinds  # noqa: PLC0415 - not for --app

    return await worker.control_number_operations.list(read_kinds(query))


async def _reset(worker: "Worker", query: dict[str, str]) -> "Reset":
    from integration.operations.control_numbers import read_kinds  # noqa: PLC0415 - not for --app

    return await worker.control_number_operations.reset(read_kinds(query), everything="all" in query)


def _print(found: dict[str, Any], what: str, *, as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        rows = [["" if each.get(name) is None else str(each[name]) for name in _COLUMNS] for each in found[what]]
        print_table(_COLUMNS, rows)
