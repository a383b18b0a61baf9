"""What lies somewhere, dead letters and parked deliveries alike: how a page is asked for, how each is written."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from integration.dead_letters import Attempted, Filter, Place, Record
from integration.errors import CorruptRecord
from integration.events.cloudevents import structured
from integration.operations.query import LIMIT, ORGANIZATION, ROWS, Moment, Parameter, Word, bookmark

READ_AT_ONCE = 8
_SINCE = Moment("since", "First accepted at this time or later.", "2026-01-02T03:04:05Z")
_UNTIL = Moment("until", "First accepted before this time.", "2026-01-03T00:00:00Z")
_REASON = Word("reason", "The code of the reason.", "TargetRejected")
_ROUTE = Parameter("route", "The name of the route.", "orders")
_AFTER = bookmark("letter")
QUERY = (ORGANIZATION, _REASON, _ROUTE, _SINCE, _UNTIL, ROWS, _AFTER)
"""What a listing of dead letters, or of parked deliveries, takes."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Which page is asked for.

    Args:
        filter: Which are meant.
        limit: How many at most.
        after: The last of the page before.
    """

    filter: Filter = Filter()
    limit: int = LIMIT
    after: Place | None = None


class Summary(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a listing shows; of a record that cannot be read, where it lies and why."""

    id: str
    organization: str
    reason: str
    message: str
    unreadable: bool | UnsetType = UNSET
    accepted_at: datetime | UnsetType = UNSET
    recorded_at: datetime | UnsetType = UNSET
    source: str | UnsetType = UNSET
    route: str | UnsetType = UNSET
    target: str | UnsetType = UNSET
    attempts: int | UnsetType = UNSET
    replays: int | UnsetType = UNSET
    event_id: str | UnsetType = UNSET
    type: str | UnsetType = UNSET
    subject: str | UnsetType | None = UNSET


class Whole(Summary, frozen=True, kw_only=True, rename="camel"):
    """All that is known, with the event as CloudEvents JSON, or the body of which no event could be made."""

    hint: str | UnsetType = UNSET
    last: Attempted | UnsetType | None = UNSET
    event: msgspec.Raw | UnsetType = UNSET
    content_type: str | UnsetType = UNSET
    headers: Mapping[str, str] | UnsetType = UNSET
    body: str | UnsetType = UNSET
    body_base64: bytes | UnsetType = UNSET


def read_query(texts: Mapping[str, str]) -> Asked:
    """Read which page is asked for.

    Args:
        texts: Those of `QUERY`; what is empty does not restrict.

    Raises:
        InvalidRequest: One is not of its form.
        UnknownDeadLetter: `after` is none.
    """
    limit = ROWS.read(texts)
    wanted = Filter(
        organization=ORGANIZATION.text(texts),
        reason=_REASON.text(texts),
        route=_ROUTE.text(texts),
        since=_SINCE.read(texts),
        until=_UNTIL.read(texts),
    )
    after = _AFTER.text(texts)
    return Asked(filter=wanted, limit=limit, after=Place.of_id(after) if after else None)


def summary(place: Place, body: bytes) -> Summary:
    """Write what a listing shows of what lies at a place."""
    return Summary(**_summed(place, _read(body)))


def whole(place: Place, body: bytes) -> Whole:
    """Write all that is known of what lies at a place."""
    record = _read(body)
    shown = _summed(place, record)
    if isinstance(record, CorruptRecord):
        return Whole(**shown, **_text(body))
    shown |= {"hint": record.hint, "last": record.last}
    if record.event is not None:
        return Whole(**shown, event=msgspec.Raw(structured(record.event)))
    return Whole(**shown, content_type=record.content_type, headers=record.headers, **_text(record.body or b""))


async def read_page[T](
    found: AsyncGenerator[Place], read: Callable[[Place], Awaitable[T | None]], limit: int
) -> tuple[list[tuple[Place, T]], str | None]:
    """Read the first of a listing, several at once.

    Returns:
        Those that are still there, and the id behind which the next page begins, None on the last.

    Raises:
        StorageUnavailable: The account did not answer.
    """
    places: list[Place] = []
    async with aclosing(found):
        async for place in found:
            places.append(place)
            if len(places) > limit:
                break
    gate = asyncio.Semaphore(READ_AT_ONCE)

    async def each(place: Place) -> tuple[Place, T | None]:
        async with gate:
            return place, await read(place)

    stored = await asyncio.gather(*map(each, places[:limit]))
    following = places[limit - 1].id if len(places) > limit else None
    return [(place, body) for place, body in stored if body is not None], following


def _read(body: bytes) -> Record | CorruptRecord:
    try:
        return Record.decode(body)
    except CorruptRecord as corrupt:
        return corrupt


def _summed(place: Place, record: Record | CorruptRecord) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": place.id, "organization": place.organization, "reason": place.reason}
    if isinstance(record, CorruptRecord):
        return shown | {"message": str(record)[:500], "unreadable": True}
    shown |= {
        "message": record.message,
        "accepted_at": record.accepted_at,
        "recorded_at": record.recorded_at,
        "source": record.source,
        "route": record.route,
        "target": record.target,
        "attempts": record.attempts,
        "replays": record.replays,
    }
    event = record.event
    return shown if event is None else shown | {"event_id": event.id, "type": event.type, "subject": event.subject}


def _text(body: bytes) -> dict[str, Any]:
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"body_base64": body}
