"""`fno-link events`: what became of each event, on a deployed app or directly on the storage account."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import click

from integration.cli.event_desk import Direct, EventDesk, Remote
from integration.cli.output import json_option, print_json, print_table
from integration.errors import InvalidRequest

_COLUMNS = ("acceptedAt", "organization", "type", "id", "state", "deliveries")
_OF_DELIVERY = ("route", "target", "state", "attempts", "status", "code", "until", "durationMs", "response")
_LARGEST_PAGE = 200


def app_option[F: Callable[..., Any]](function: F) -> F:
    """Give a command the option `--app`."""
    text = "A deployed function app, with FNO_LINK_KEY; by default the storage account of the app settings."
    return click.option("--app", metavar="URL", help=text)(function)


def _filters[F: Callable[..., Any]](function: F) -> F:
    for name, text in (
        ("until", "First accepted before this time."),
        ("since", "First accepted at this time or later, ISO 8601 with zone."),
        ("legal-entity", "Of this legal entity."),
        ("source", "Came in by this source."),
        ("type", "Of this type; `*` at its end stands for any text."),
        ("state", "received, deferred, parked, dead_lettered, done or unrouted."),
        ("organization", "Of this organization."),
    ):
        function = click.option(f"--{name}", default="", metavar=name.upper(), help=text)(function)
    return function


@click.group()
def command() -> None:
    """Say what became of each event."""


@command.command("list")
@_filters
@click.option("--limit", default=50, type=click.IntRange(min=1), help="How many at most.")
@click.option("--after", default="", help="The `next` of the page before.")
@app_option
@json_option
def list_(app: str | None, *, as_json: bool, limit: int, after: str, **filters: str) -> None:
    """List events, the newest week first."""
    page = on(app, lambda desk: _listed(desk, given(filters), limit, after))
    if as_json:
        print_json(page)
        return
    print_table(_COLUMNS, [_row(each) for each in page["events"]])
    if page["next"]:
        click.echo(f"more: --after {page['next']}", err=True)


@command.command()
@click.argument("id_", metavar="ID")
@click.option("--organization", default="", metavar="ORGANIZATION", help="Of this organization.")
@app_option
@json_option
def show(id_: str, app: str | None, *, as_json: bool, organization: str) -> None:
    """Show one event with its deliveries, by its id or its key."""
    found = on(app, lambda desk: desk.show(id_, given({"organization": organization})))
    if as_json:
        print_json(found)
        return
    deliveries = found.pop("deliveries", [])
    print_table(("", found.get("state", "")), [(name, _text(value)) for name, value in found.items()])
    if deliveries:
        kept = ("deadLetter", "parked")
        columns = (*_OF_DELIVERY, *(name for name in kept if any(name in each for each in deliveries)))
        click.echo()
        print_table(columns, [[_text(each.get(name)) for name in columns] for each in deliveries])


async def _listed(desk: EventDesk, query: dict[str, str], limit: int, after: str) -> dict[str, Any]:
    """Read as many events as were asked for: a page may be short while there are more."""
    events: list[Any] = []
    while True:
        many = {"limit": str(min(limit - len(events), _LARGEST_PAGE))}
        page = await desk.list(query | many | ({"after": after} if after else {}))
        events += page["events"]
        after = page["next"] or ""
        if not after or len(events) >= limit:
            return {"events": events, "next": page["next"]}


def given(filters: dict[str, str]) -> dict[str, str]:
    """Return the filters that are given, as the HTTP endpoints call them."""
    named = {name.replace("legal_entity", "legalEntity"): value for name, value in filters.items()}
    return {name: value for name, value in named.items() if value}


def on(app: str | None, run: Callable[[EventDesk], Coroutine[Any, Any, Any]]) -> Any:
    """Run something on a deployed app, or on the storage account of the app settings."""

    async def within() -> Any:
        async with Remote(app) if app else Direct() as desk:
            return await run(desk)

    try:
        return asyncio.run(within())
    except InvalidRequest as error:
        raise click.UsageError(str(error)) from error


def _row(event: dict[str, Any]) -> list[str]:
    if event.get("unreadable"):
        return ["", event["organization"], "", event["key"], "unreadable", ""]
    made = ", ".join(f"{each['route'] or '(event)'}: {each['state']}" for each in event["deliveries"])
    return [*(_text(event[name]) for name in _COLUMNS[:-1]), made or event["reason"]]


def _text(value: object) -> str:
    return "" if value is None else str(value)
