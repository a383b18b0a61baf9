"""`fno-link events`: what became of each event, on a deployed app or directly on the storage account."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import click

from integration.cli import shapes
from integration.cli.app_option import app_option
from integration.cli.event_address import address
from integration.cli.filters import LEGAL_ENTITY, ORGANIZATION, SINCE, UNTIL, filter_options, given
from integration.cli.here import as_json as written
from integration.cli.here import ask
from integration.cli.jobs import ended, follow_here, follow_there
from integration.cli.output import confirm, json_option, print_json, print_table, say
from integration.cli.remote import App, conform

if TYPE_CHECKING:
    from integration.worker import Worker

type Part = Callable[[dict[str, str]], Awaitable[dict[str, Any]]]
"""Asks for one page, or has one part done; the query says which."""

_COLUMNS = ("acceptedAt", "organization", "type", "id", "state", "deliveries")
_OF_DELIVERY = ("route", "target", "state", "attempts", "status", "code", "until", "durationMs", "response")
_LARGEST_PAGE = 200


_filters = filter_options(
    organization=ORGANIZATION,
    state="received, deferred, parked, dead_lettered, done or unrouted.",
    type="Of this type; `*` at its end stands for any text.",
    source="Came in by this source.",
    legal_entity=LEGAL_ENTITY,
    since=SINCE,
    until=UNTIL,
)


@click.group()
def command() -> None:
    """Say what became of each event; replay and forget them."""


@command.command("list")
@_filters
@click.option("--limit", default=50, type=click.IntRange(min=1), help="How many at most.")
@click.option("--after", default="", help="The `next` of the page before.")
@app_option
@json_option
def list_(app: str | None, *, as_json: bool, limit: int, after: str, **filters: str) -> None:
    """List events, the newest week first."""
    query = given(filters)
    page = ask(
        app,
        lambda there: _listed(lambda part: there.get("events", shapes.EventPage, part), query, limit, after),
        lambda here: _listed(lambda part: _page(here, part), query, limit, after),
    )
    if as_json:
        print_json(page)
        return
    print_table(_COLUMNS, [_row(each) for each in page["events"]])
    if page["next"]:
        say(f"more: --after {page['next']}", err=True)


@command.command()
@click.argument("id_", metavar="ID")
@click.option("--organization", default="", metavar="ORGANIZATION", help="Of this organization.")
@click.option("--payload", is_flag=True, help="With the event itself, where `keep_payload` has kept it.")
@app_option
@json_option
def show(id_: str, app: str | None, *, as_json: bool, organization: str, payload: bool) -> None:
    """Show one event with its deliveries, by its id or its key."""
    query = given({"organization": organization, "payload": "true" if payload else ""})

    async def at_app(there: App) -> Any:
        return await there.get(f"events/{await address(there, id_, query)}", shapes.EventRow, query)

    found = ask(app, at_app, lambda here: here.event_operations.show(id_, organization, payload=payload))
    if as_json:
        print_json(found)
        return
    deliveries = found.pop("deliveries", [])
    kept = found.pop("payload", None)
    print_table(("", found.get("state", "")), [(name, _text(value)) for name, value in found.items()])
    if deliveries:
        where = ("deadLetter", "parked")
        columns = (*_OF_DELIVERY, *(name for name in where if any(name in each for each in deliveries)))
        say()
        print_table(columns, [[_text(each.get(name)) for name in columns] for each in deliveries])
    if payload and kept is None:
        say()
        say("the payload was not kept")
    elif payload:
        say()
        print_json(kept)


@command.command()
@click.argument("id_", metavar="ID")
@click.option("--organization", default="", metavar="ORGANIZATION", help="Of this organization.")
@click.option("--no-wait", is_flag=True, help="Only order it from the function app.")
@app_option
@json_option
def replay(id_: str, app: str | None, *, as_json: bool, organization: str, no_wait: bool) -> None:
    """Deliver again what of one event has become a dead letter; if nothing has, the event, where its payload was kept.

    Dead letters are waited for; the event itself is replayed by the function app, `show` says when it was.
    """
    query = given({"organization": organization})

    async def at_app(there: App) -> Any:
        begun = await there.post(f"events/{await address(there, id_, query)}/replay", dict[str, Any], {}, query)
        conform(begun, shapes.EventReplay if "event" in begun else shapes.JobState)
        return begun if no_wait or "event" in begun else await follow_there(there, begun, as_json=as_json)

    async def in_place(here: "Worker") -> Any:
        begun = written(await here.event_orders.replay(id_, organization, by_app=no_wait))
        return begun if no_wait or "event" in begun else await follow_here(here, begun, as_json=as_json)

    begun = ask(app, at_app, in_place)
    if "event" not in begun:
        ended(begun, as_json=as_json)
    elif as_json:
        print_json(begun)
    else:
        say(f"replay {begun['replay']} of the event {begun['event']} is ordered from the function app")


@command.command()
@_filters
@click.option("--all", "everything", is_flag=True, help="Every event is meant.")
@click.option("--dry-run", is_flag=True, help="Only count.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@app_option
@json_option
def purge(app: str | None, *, as_json: bool, everything: bool, dry_run: bool, yes: bool, **filters: str) -> None:
    """Forget what became of events that are over: duplicates of them are not found any more. Counts first, and asks."""
    query = given(filters) | ({"all": "true"} if everything else {})
    counted = _forgotten(app, query, "true")
    if dry_run or not counted["matching"]:
        _counted(counted, "matching", as_json=as_json)
        return
    if not yes:
        if as_json:
            msg = "--json does not ask: say --yes, or --dry-run"
            raise click.UsageError(msg)
        confirm(f"Forget what became of {counted['matching']} events?")
    _counted(_forgotten(app, query, "false"), "purged", as_json=as_json)


def _forgotten(app: str | None, query: dict[str, str], dry_run: str) -> dict[str, Any]:
    query |= {"dryRun": dry_run}
    return ask(
        app,
        lambda there: _to_the_end(lambda part: there.delete("events", shapes.Forgotten, part), query),
        lambda here: _to_the_end(lambda part: _part(here, part), query),
    )


async def _to_the_end(purge: Part, query: dict[str, str]) -> dict[str, Any]:
    """Count or forget to the end: who does it works for a while, then says where to go on."""
    total: dict[str, Any] = {}
    after: dict[str, str] = {}
    while True:
        part = await purge(query | after)
        following = part.pop("next")
        total = {name: value if isinstance(value, bool) else total.get(name, 0) + value for name, value in part.items()}
        if not following:
            return total
        after = {"after": following}


def _counted(counts: dict[str, Any], what: str, *, as_json: bool) -> None:
    if as_json:
        print_json(counts)
    else:
        say(f"{what}: {counts[what]}; kept, as they are under way or have changed: {counts['kept']}")


async def _listed(page_of: Part, query: dict[str, str], limit: int, after: str) -> dict[str, Any]:
    """Read as many events as were asked for: a page may be short while there are more."""
    events: list[Any] = []
    while True:
        many = {"limit": str(min(limit - len(events), _LARGEST_PAGE))}
        page = await page_of(query | many | ({"after": after} if after else {}))
        events += page["events"]
        after = page["next"] or ""
        if not after or len(events) >= limit:
            return {"events": events, "next": page["next"]}


async def _page(worker: "Worker", query: dict[str, str]) -> dict[str, Any]:
    from integration.operations.events import read_query  # noqa: PLC0415 - not for --app

    return written(await worker.event_operations.list(read_query(query)))


async def _part(worker: "Worker", query: dict[str, str]) -> dict[str, Any]:
    from integration.operations.event_orders import read_purge  # noqa: PLC0415 - not for --app

    return written(await worker.event_orders.purge(read_purge(query)))


def _row(event: dict[str, Any]) -> list[str]:
    if event.get("unreadable"):
        return ["", event["organization"], "", event["key"], "unreadable", ""]
    made = ", ".join(f"{each['route'] or '(event)'}: {each['state']}" for each in event["deliveries"])
    return [*(_text(event[name]) for name in _COLUMNS[:-1]), made or event["reason"]]


def _text(value: object) -> str:
    return "" if value is None else str(value)
