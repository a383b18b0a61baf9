"""`fno-link parked`: what waits for the link, on a deployed app or directly on the storage account."""

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click
import msgspec

from integration.cli import shapes
from integration.cli.app_option import app_option
from integration.cli.exit_code import ExitCode
from integration.cli.filters import ORGANIZATION, ROUTE, SINCE, UNTIL, filter_options, given
from integration.cli.here import ask
from integration.cli.output import json_option, print_json, print_table, say

if TYPE_CHECKING:
    from integration.operations.parked import ReleaseOrder
    from integration.worker import Worker

_COLUMNS = ("acceptedAt", "organization", "reason", "route", "eventId", "type", "id")


@click.group()
def command() -> None:
    """List, show and release parked deliveries."""


@command.command("list")
@filter_options(
    organization=ORGANIZATION,
    reason="NotLinked or ParkedForOtherEnvironment.",
    route=ROUTE,
    since=SINCE,
    until=UNTIL,
)
@click.option("--limit", default=50, help="How many at most, 1 to 200.")
@click.option("--after", default="", help="The `next` of the page before.")
@app_option
@json_option
def list_(app: str | None, *, as_json: bool, limit: int, **filters: str) -> None:
    """List parked deliveries, oldest first."""
    query = {"limit": str(limit)} | given(filters)
    page = ask(
        app,
        lambda there: there.get("parked", shapes.ParkedPage, query),
        lambda here: _page(here, query),
    )
    if as_json:
        print_json(page)
        return
    print_table(_COLUMNS, [[str(each.get(name, "")) for name in _COLUMNS] for each in page["parked"]])
    if page["next"]:
        say(f"more: --after {page['next']}", err=True)


@command.command()
@click.argument("id_", metavar="ID")
@app_option
@json_option
def show(id_: str, app: str | None, *, as_json: bool) -> None:
    """Show one parked delivery with its event."""
    found = ask(
        app,
        lambda there: there.get(f"parked/{quote(id_, safe='')}", shapes.Kept),
        lambda here: here.parked_operations.show(id_),
    )
    if as_json:
        print_json(found)
    else:
        print_table(("", found["reason"]), [(name, str(value)) for name, value in found.items()])


@command.command()
@click.argument("ids", nargs=-1)
@click.option("--organization", default="", metavar="ORGANIZATION", help="Everything of this organization.")
@click.option("--current-environment", is_flag=True, help="Those of IDS go to the environment that is linked now.")
@app_option
@json_option
def release(
    ids: tuple[str, ...], app: str | None, *, as_json: bool, organization: str, current_environment: bool
) -> None:
    """Go on with parked deliveries now: those of IDS at once, or an organization's in the function app."""
    order = {"ids": list(ids), "organization": organization, "currentEnvironment": current_environment}
    done = ask(
        app,
        lambda there: there.post("parked/release", shapes.Ordered if organization else shapes.Released, order),
        lambda here: here.parked_operations.release(_read(order)),
    )
    if as_json:
        print_json(done)
    elif organization:
        say("ordered" if done["ordered"] else "nothing is parked")
    else:
        rows = [(id_, ", ".join(outcomes) or "gone") for id_, outcomes in done["released"].items()]
        print_table(("id", "outcome"), [*rows, *((id_, "left") for id_ in done["left"])])
    if any("parked" in each or "deadLettered" in each for each in done.get("released", {}).values()):
        click.get_current_context().exit(ExitCode.BAD)


async def _page(worker: "Worker", query: dict[str, str]) -> Any:
    from integration.operations.kept import read_query  # noqa: PLC0415 - not for --app

    return await worker.parked_operations.list(read_query(query))


def _read(order: dict[str, Any]) -> "ReleaseOrder":
    from integration.operations.parked import ReleaseOrder  # noqa: PLC0415 - not for --app

    return ReleaseOrder.read(msgspec.json.encode(order))
