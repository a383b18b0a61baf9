"""`fno-link routes`: list the routes, and say which of them take an event and why."""

from typing import IO, Any, cast

import click

from integration.cli.app_settings import app_settings
from integration.cli.exit_code import ExitCode
from integration.cli.output import json_option, print_error, print_json, print_table, say
from integration.clock import SystemClock
from integration.config import Configuration, load
from integration.config.keys.addresses import name_of
from integration.config.keys.model import Organization
from integration.events.decode import decode
from integration.events.event import Event
from integration.events.inbound import Decoded, Ignored, Inbound, Undecoded
from integration.routing import Explanation, RouteTable
from integration.routing.keys import LINK_ATTRIBUTES

LARGEST = 104_857_600
"""Bytes; the largest `max_body`."""


@click.group()
def command() -> None:
    """List the routes; say which take an event, and why. Offline: needs no credentials and no storage."""


@command.command("list")
@json_option
def list_routes(*, as_json: bool) -> None:
    """List the routes in configuration order.

    Exit codes: 0 listed, 1 the configuration has problems.
    """
    _, table = _routes()
    rows = [
        {
            "route": route.name,
            "target": route.target,
            "enabled": route.config.enabled,
            "default": route.config.default,
            "event_types": route.config.event_types,
            "organizations": route.config.organizations,
            "sources": route.config.sources,
            "conditions": len(route.conditions) + len(route.link_conditions),
            "requires_link": route.requires_link,
            "on_relink": route.on_relink,
        }
        for route in table.routes
    ]
    if as_json:
        print_json(rows)
    else:
        print_table(list(rows[0]) if rows else ["route"], [[_cell(value) for value in row.values()] for row in rows])


@command.command()
@click.argument("event", type=click.File("rb"))
@click.option("--source", default="", help="The configured source it comes in by.")
@click.option(
    "--organization", default="", help="The organization it belongs to; by default the source's or the first."
)
@click.option("--stamp", multiple=True, metavar="NAME=VALUE", help="Stamp the link: fnourl=https://…, fnoid=…")
@json_option
def test(event: IO[bytes], source: str, organization: str, stamp: tuple[str, ...], *, as_json: bool) -> None:
    """Say for every route whether it takes the event in file EVENT (`-`: standard input), and why or why not.

    The file holds what a sender sends: a business event, a RemoteExecutionContext, a CloudEvent, an Event Grid event.

    Exit codes: 0 some route takes it, 1 none does or it cannot be read, 3 its link decides (use --stamp).
    """
    stamped = dict(_stamped(each) for each in stamp)
    configuration, table = _routes()
    belongs_to = _organization(configuration, source, organization)
    decoded = decode(
        Inbound(
            body=_content(event),
            ingress=source,
            organization=belongs_to.name,
            organization_url=belongs_to.url,
            received_at=SystemClock().now(),
        )
    )
    events = [each.stamp(stamped) if stamped else each for each in decoded.events]
    explained = [(each, table.explain(each)) for each in events]
    if as_json:
        print_json([_as_json(each, one, several=len(events) > 1) for each, every in explained for one in every])
    else:
        for each, every in explained:
            _print(each, every)
    unread = _report_unread(decoded, as_json=as_json)
    click.get_current_context().exit(ExitCode.BAD if unread else _verdict([every for _, every in explained]))


def _content(event: IO[bytes]) -> bytes:
    content = event.read(LARGEST + 1)
    if len(content) > LARGEST:
        msg = f"it is larger than {LARGEST // 1024**2} MiB; no source takes so much"
        raise click.BadParameter(msg, param_hint="EVENT")
    return content


def _routes() -> tuple[Configuration, RouteTable]:
    configuration = load(app_settings(), offline=True)
    return configuration, RouteTable.of(configuration)


def _stamped(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or name not in LINK_ATTRIBUTES:
        msg = f"{text!r} is not NAME=VALUE with NAME one of {', '.join(sorted(LINK_ATTRIBUTES))}"
        raise click.BadParameter(msg, param_hint="--stamp")
    return name, value


def _organization(configuration: Configuration, source: str, organization: str) -> Organization:
    if source and source not in configuration.sources:
        msg = f"{source!r} is no source; configured: {', '.join(configuration.sources) or 'none'}"
        raise click.BadParameter(msg, param_hint="--source")
    of_source = configuration.sources[source].organization if source else ""
    organization = name_of(configuration.organizations.values(), organization)
    if organization and organization not in configuration.organizations:
        msg = f"{organization!r} is no organization; configured: {', '.join(configuration.organizations)}"
        raise click.BadParameter(msg, param_hint="--organization")
    if of_source and organization and of_source != organization:
        msg = f"the source {source} belongs to {of_source}, not to {organization}"
        raise click.BadParameter(msg, param_hint="--organization")
    name = organization or of_source or next(iter(configuration.organizations), "")
    if not name:
        msg = "no organization is configured"
        raise click.UsageError(msg)
    return configuration.organizations[name]


def _as_json(event: Event, one: Explanation, *, several: bool) -> dict[str, Any]:
    verdict = {"route": one.route, "matched": one.matched, "because": one.because}
    return {"event": event.id, **verdict} if several else verdict


def _print(event: Event, explained: tuple[Explanation, ...]) -> None:
    say(f"{event.type} {event.subject or ''}".rstrip() + f"  id {event.id}  organization {event.organization}")
    words = {True: ("takes it", "green"), False: ("no", "red"), None: ("the link decides", "yellow")}
    for one in explained:
        text, colour = words[one.matched]
        say(f"  {one.route}: {text}", fg=colour, nl=False)
        say(f" - {one.because}")


def _report_unread(decoded: Decoded, *, as_json: bool) -> bool:
    unread = [item for item in decoded.items if not isinstance(item, Event)]
    for item in unread:
        match item:
            case Undecoded():
                print_error(item.reason, item.message, item.hint, as_json=as_json)
            case Ignored():
                print_error(
                    "Ignored", f"{item.reason}: {item.detail}", "It is acknowledged, not routed.", as_json=as_json
                )
    if not decoded.items:
        print_error("Ignored", "there is no event in it", as_json=as_json)
    return bool(unread) or not decoded.items


def _verdict(explained: list[tuple[Explanation, ...]]) -> ExitCode:
    verdicts = [{one.matched for one in every} for every in explained]
    if all(True in each for each in verdicts):
        return ExitCode.OK
    return ExitCode.UNKNOWN if all(True in each or None in each for each in verdicts) else ExitCode.BAD


def _cell(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(cast("tuple[str, ...]", value))
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
