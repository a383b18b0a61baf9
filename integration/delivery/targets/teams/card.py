"""From an event to an Adaptive Card; pure.

Sources: the schema of Adaptive Cards 1.4, the last version that workflows post (issue 262 of go-teams-notify: 1.5 is
refused); page "Create and send messages" (the form of a message, cards only); "Microsoft Teams" among the connectors
(about 28 KB a message, everything included). How characters are counted is not said: the page "Format your bot
messages" counts UTF-16, so both are kept.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import msgspec

from integration.delivery.targets.teams.markdown import escaped, shown
from integration.delivery.targets.teams.said import Said
from integration.events.alerts import BY_NAME, Failed
from integration.events.alerts.alert import LONGEST
from integration.events.event import Event

SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"
VERSION = "1.4"
CONTENT_TYPE = "application/vnd.microsoft.card.adaptive"
LARGEST = 28_000
"""Bytes of a message, in UTF-8 and in UTF-16."""

_STYLES = {"critical": "attention", "warning": "warning", "good": "good"}
_WORDS = {"critical": "Critical", "warning": "Warning", "good": "Resolved"}
_FURTHER = {
    "changed": "The reason has changed.",
    "reminder": "It is still so: reminder {n}.",
    "escalated": "Nobody has acknowledged it: step {n}.",
    "flapping": "It comes and goes; nothing more is told until it has been stable.",
}


class Room(msgspec.Struct, frozen=True):
    """How much of an event a card shows.

    Args:
        text: Characters of a message, a hint, an error.
        name: Characters of a name, an id, a fact.
        items: How many failures, children and facts, each.
    """

    text: int
    name: int
    items: int


ROOMS = (Room(2000, 200, 10), Room(800, 120, 10), Room(300, 80, 6), Room(150, 60, 3), Room(60, 30, 1))
"""From generous to what always fits."""


def message(event: Event) -> bytes:
    """Return the body of the request that posts an event; as much of it as Teams takes.

    Args:
        event: An alert, or any other event.
    """
    said = Said.of(event)
    for room in ROOMS:
        body = msgspec.json.encode(_message(_alert(event, said, room) if said else _plain(event, room)))
        if size(body) <= LARGEST:
            return body
    msg = "a card of the least size is too large"
    raise AssertionError(msg)


def size(body: bytes) -> int:
    """Return the size of a message by the less favourable way to count: bytes in UTF-8, or in UTF-16."""
    return max(len(body), len(body.decode().encode("utf-16-le")))


def _message(card: dict[str, Any]) -> dict[str, Any]:
    attachment = {"contentType": CONTENT_TYPE, "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _card(body: list[dict[str, Any]], in_short: str, actions: list[dict[str, Any]]) -> dict[str, Any]:
    card: dict[str, Any] = {"type": "AdaptiveCard", "$schema": SCHEMA, "version": VERSION, "fallbackText": in_short}
    card["body"] = body
    if actions:
        card["actions"] = actions
    return card


def _plain(event: Event, room: Room) -> dict[str, Any]:
    title = escaped(event.type, room.name)
    facts = [("Subject", event.subject or ""), ("Id", event.id), ("Organization", event.organization)]
    if event.time is not None:
        facts.append(("Time", written(event.time)))
    facts.append(("Source", event.source))
    body = [_text(title, size="Medium", weight="Bolder"), *_facts(facts, room)]
    return _card(body, f"{title} {escaped(event.id, room.name)}", [])


def _alert(event: Event, said: Said, room: Room) -> dict[str, Any]:
    known = BY_NAME[event.type]
    headline = known.headline.replace("{subject}", escaped(said.subject or event.subject or "", room.name))
    title = f"{_WORDS[known.severity]}: {headline}"
    head = [_text(title, size="Large", weight="Bolder")]
    if further := _FURTHER.get(said.transition):
        head.append(_text(further.format(n=said.n), spacing="Small"))
    body: list[dict[str, Any]] = [
        {"type": "Container", "style": _STYLES[known.severity], "bleed": True, "items": head},
    ]
    if said.message:
        body.append(_run(shown(said.message, room.text)))
    body += _facts(list(_known(event, said)) + list(said.facts.items())[: room.items], room)
    if said.hint:
        body += [_heading("What to do"), _run(shown(said.hint, room.text), spacing="Small")]
    if said.failed:
        body.append(_heading("What failed"))
        body += [_run(_failed(each, room), spacing="Small") for each in said.failed[: room.items]]
        if len(said.failed) > room.items:
            body.append(_text(f"and {len(said.failed) - room.items} more", spacing="Small"))
    if said.children:
        named = ", ".join(shown(each, room.name) for each in said.children[: room.items])
        more = len(said.children[room.items :]) + said.children_left_out
        body += [_heading("The same cause"), _run(named + (f" and {more} more" if more else ""), spacing="Small")]
    if said.command:
        body += [_heading("Command"), _run(shown(said.command, room.text), spacing="Small", font="Monospace")]
    return _card(body, f"{title}. {escaped(said.message, room.name)}", list(_links(said)))


def _known(event: Event, said: Said) -> Iterator[tuple[str, str]]:
    if said.organization and said.organization != said.subject:
        yield "Organization", said.organization
    if said.since is not None:
        yield "Since", written(said.since) + _lasted(said.since, event.time)
    if said.code:
        yield "Code", said.code
    if said.link is not None:
        yield "Environment", _host(said.link.url)
    if said.previous is not None and said.previous != said.link:
        yield "Before", _host(said.previous.url)
    if said.incident:
        yield "Incident", said.incident


def _failed(failed: Failed, room: Room) -> str:
    named = [shown(each, room.name) for each in (failed.type, failed.id) if each]
    by = f" by {shown(failed.route, room.name)}" if failed.route else ""
    return f"{' '.join(named)}{by}: {shown(failed.code, room.name)}: {shown(failed.message, room.text // 4)}"


def _links(said: Said) -> Iterator[dict[str, Any]]:
    if urlsplit(said.page).scheme in ("https", "http") and len(said.page) <= LONGEST:
        yield {"type": "Action.OpenUrl", "title": "Open the page", "url": said.page}


def _host(url: str) -> str:
    return urlsplit(url).hostname or url


def written(at: datetime) -> str:
    """Write a time for people, wherever they are."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _lasted(since: datetime, until: datetime | None) -> str:
    lasted = (until - since if until is not None else timedelta()) // timedelta(minutes=1)
    days, minutes = divmod(lasted, 24 * 60)
    parts = ((days, "d"), (minutes // 60, "h"), (minutes % 60, "min"))
    told = " ".join(f"{count} {unit}" for count, unit in parts if count > 0)
    return f", for {told}" if told and lasted > 0 else ""


def _text(text: str, **more: str) -> dict[str, Any]:
    return {"type": "TextBlock", "text": text, "wrap": True, **more}


def _heading(text: str) -> dict[str, Any]:
    return _text(text, weight="Bolder", spacing="Medium")


def _run(text: str, *, spacing: str = "Medium", font: str = "") -> dict[str, Any]:
    run = {"type": "TextRun", "text": text} | ({"fontType": font} if font else {})
    return {"type": "RichTextBlock", "inlines": [run], "spacing": spacing}


def _facts(facts: list[tuple[str, str]], room: Room) -> list[dict[str, Any]]:
    rows = [{"title": escaped(name, room.name), "value": escaped(value, room.name)} for name, value in facts if value]
    return [{"type": "FactSet", "facts": rows}] if rows else []
