"""`fno-link maintenance`: silence for a while, on a deployed app or directly on the storage account."""

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click
import msgspec

from integration.cli import shapes
from integration.cli.app_option import app_option
from integration.cli.here import ask
from integration.cli.output import json_option, print_json, print_table, say
from integration.cli.signature import by_option

if TYPE_CHECKING:
    from integration.operations.maintenance import MaintenanceOrder

_COLUMNS = ("when", "organization", "source", "since", "until", "by", "note", "id")


@click.group()
def command() -> None:
    """Start, list and end maintenance: what goes wrong in it is counted, and told at its end if it still is."""


@command.command()
@click.argument("organization", default="")
@click.option("--all", "everything", is_flag=True, help="Of every organization, and of the app itself.")
@click.option("--for", "for_", default="", metavar="DURATION", help="For this long: 2h, 30m, 1d.")
@click.option("--until", default="", metavar="TIME", help="Until this time, ISO 8601 with zone.")
@by_option
@click.option("--note", default="", help="What is being done.")
@app_option
@json_option
def start(  # noqa: PLR0913 - one for each option
    organization: str,
    app: str | None,
    *,
    as_json: bool,
    everything: bool,
    for_: str,
    until: str,
    by: str,
    note: str,
) -> None:
    """Start a maintenance of ORGANIZATION, or of --all.

    The same again, by the same and with the same note, moves its end.
    """
    order = {
        "organization": organization,
        "all": everything,
        "for": for_,
        "until": until or None,
        "by": by,
        "note": note,
    }
    called = ask(
        app,
        lambda there: there.post("maintenance", shapes.Maintenance, order),
        lambda here: here.maintenance_operations.begin(_order(order)),
    )
    if as_json:
        print_json(called)
    else:
        say(f"{called['id']}: until {called['until']}")


@command.command("list")
@app_option
@json_option
def list_(app: str | None, *, as_json: bool) -> None:
    """List what is silent now and what will be: windows of the configuration, calls, and what the platform says."""
    found = ask(
        app,
        lambda there: there.get("maintenance", shapes.MaintenanceList),
        lambda here: here.maintenance_operations.list(),
    )
    if as_json:
        print_json(found)
        return
    rows = [{"when": "now"} | each for each in found["active"]] + [{"when": "next"} | each for each in found["next"]]
    print_table(_COLUMNS, [[str(each.get(name) or "") for name in _COLUMNS] for each in rows])


@command.command()
@click.argument("id_", metavar="ID")
@app_option
@json_option
def end(id_: str, app: str | None, *, as_json: bool) -> None:
    """End a maintenance that was started by `start`, before its time."""
    ended = ask(
        app,
        lambda there: there.delete(f"maintenance/{quote(id_, safe='')}", shapes.Maintenance, {}),
        lambda here: here.maintenance_operations.end(id_),
    )
    if as_json:
        print_json(ended)
    else:
        say(f"{ended['id']}: ended {ended['until']}")


def _order(order: dict[str, Any]) -> "MaintenanceOrder":
    from integration.operations.maintenance import MaintenanceOrder  # noqa: PLC0415 - not for --app

    return MaintenanceOrder.read(msgspec.json.encode(order))
