"""`fno-link incidents`: what is wrong and what was, on a deployed app or directly on the storage account."""

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

import click
import msgspec

from integration.cli import shapes
from integration.cli.app_option import app_option
from integration.cli.filters import ORGANIZATION, filter_options, given
from integration.cli.here import ask
from integration.cli.output import json_option, print_json, print_table, say
from integration.cli.signature import by_option

if TYPE_CHECKING:
    from integration.operations.incidents import AcknowledgeOrder, MuteOrder
    from integration.worker import Worker

_COLUMNS = ("state", "openedAt", "endedAt", "subject", "kind", "code", "acknowledgedBy", "mutedUntil", "id")
_STEPS = ("at", "phase", "code", "message", "told")


@click.group()
def command() -> None:
    """List, show, acknowledge and mute incidents."""


@command.command("list")
@filter_options(
    organization=ORGANIZATION,
    kind="Of this check: integration, finance_operations, target …",
    state="open or ended.",
    since="Opened at this time or later, ISO 8601 with zone.",
    until="Opened before this time.",
)
@click.option("--limit", default=50, help="How many at most, 1 to 200.")
@click.option("--after", default="", help="The `next` of the page before.")
@app_option
@json_option
def list_(app: str | None, *, as_json: bool, limit: int, **filters: str) -> None:
    """List incidents: those that are open first, then those that ended, the latest first."""
    query = {"limit": str(limit)} | given(filters)
    page = ask(
        app,
        lambda there: there.get("incidents", shapes.IncidentPage, query),
        lambda here: _page(here, query),
    )
    if as_json:
        print_json(page)
        return
    print_table(_COLUMNS, [[str(each.get(name) or "") for name in _COLUMNS] for each in page["incidents"]])
    if page["next"]:
        say(f"more: --after {page['next']}", err=True)


@command.command()
@click.argument("id_", metavar="ID")
@app_option
@json_option
def show(id_: str, app: str | None, *, as_json: bool) -> None:
    """Show one incident: what was told to whom, what it explains, and its reasons in time."""
    found = ask(
        app,
        lambda there: there.get(f"incidents/{quote(id_, safe='')}", shapes.IncidentRow),
        lambda here: here.incident_operations.show(id_),
    )
    _print(found, as_json=as_json)


@command.command()
@click.argument("id_", metavar="ID")
@by_option
@click.option("--note", default="", help="What is being done about it.")
@app_option
@json_option
def acknowledge(id_: str, app: str | None, *, as_json: bool, by: str, note: str) -> None:
    """Say that somebody works on it: it is not reminded of any more, its end is still told.

    Exit code 1 when it has ended.
    """
    order = {"by": by, "note": note}
    done = ask(
        app,
        lambda there: there.post(f"incidents/{quote(id_, safe='')}/acknowledge", shapes.IncidentRow, order),
        lambda here: here.incident_operations.acknowledge(id_, _acknowledgement(order)),
    )
    _print(done, as_json=as_json)


@command.command()
@click.argument("id_", metavar="ID")
@click.option("--for", "for_", default="", metavar="DURATION", help="For this long: 2h, 30m, 1d.")
@click.option("--until", default="", metavar="TIME", help="Until this time, ISO 8601 with zone.")
@click.option("--unmute", is_flag=True, help="Let it be heard again.")
@app_option
@json_option
def mute(  # noqa: PLR0913 - one for each option
    id_: str, app: str | None, *, as_json: bool, for_: str, until: str, unmute: bool
) -> None:
    """Tell nothing of what an incident is about for a while; counting goes on, and its end is told.

    Exit code 1 when it has ended.
    """
    order = {"for": for_, "until": until or None, "unmute": unmute}
    done = ask(
        app,
        lambda there: there.post(f"incidents/{quote(id_, safe='')}/mute", shapes.IncidentRow, order),
        lambda here: here.incident_operations.mute(id_, _mute(order)),
    )
    _print(done, as_json=as_json)


def _print(incident: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(incident)
        return
    heading = f"{incident['kind']} of {incident['subject']}"
    lines = [(name, _text(value)) for name, value in incident.items() if name != "reasons"]
    print_table(("", heading), lines)
    steps: list[dict[str, Any]] = incident.get("reasons", [])
    if steps:
        print_table(_STEPS, [[_text(step.get(name)) for name in _STEPS] for step in steps], title="in time")


def _text(value: object) -> str:
    match value:
        case dict():
            counts = cast("dict[str, object]", value)
            return ", ".join(f"{count} {what}" for what, count in counts.items())
        case list():
            return ", ".join(map(str, cast("list[object]", value)))
        case _:
            return "" if value is None else str(value)


async def _page(worker: "Worker", query: dict[str, str]) -> Any:
    from integration.operations.incident_pages import read_query  # noqa: PLC0415 - not for --app

    return await worker.incident_operations.list(read_query(query))


def _acknowledgement(order: dict[str, Any]) -> "AcknowledgeOrder":
    from integration.operations.incidents import AcknowledgeOrder  # noqa: PLC0415 - not for --app

    return AcknowledgeOrder.read(msgspec.json.encode(order))


def _mute(order: dict[str, Any]) -> "MuteOrder":
    from integration.operations.incidents import MuteOrder  # noqa: PLC0415 - not for --app

    return MuteOrder.read(msgspec.json.encode(order))
