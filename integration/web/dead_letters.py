"""Dead letters over HTTP: list, show, replay, purge. Long work is only ordered here."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any

import msgspec

from integration.dead_letters import DeadLetters, Filter, Job, Place, Record
from integration.delivery import Replays
from integration.errors import (
    CorruptRecord,
    InvalidRequest,
    UnknownDeadLetter,
)
from integration.events.cloudevents import structured
from integration.web.answers import refusing
from integration.web.message import Request, Response
from integration.web.parameters import in_utc, moment, number

PAGE = 50
LARGEST_PAGE = 200
READ_AT_ONCE = 8
MOST_COUNTED = 100_000
COUNTING = 20.0
"""Seconds that a dry run counts at most."""

_QUERY = frozenset({"organization", "reason", "route", "since", "until", "limit", "after", "code", "clientId"})


class Order(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The body of a replay or purge.

    Args:
        filter: Which dead letters.
        ids: These alone, instead; at most 100.
        all: Says that an empty filter is meant.
        per_second: How many a second, at most.
        current_environment: Replay: deliver to the environment that is linked now.
        dry_run: Purge: only count; that is the default.
    """

    filter: Filter = Filter()
    ids: tuple[str, ...] = ()
    all: bool = False
    per_second: float = 20.0
    current_environment: bool = False
    dry_run: bool = True

    def check(self) -> None:
        """Refuse an order that cannot be meant.

        Raises:
            InvalidRequest: It says why.
        """
        if self.ids and (self.all or not self.filter.is_empty):
            raise InvalidRequest("give ids or a filter, not both")
        if len(self.ids) > 100:  # noqa: PLR2004  # as documented
            raise InvalidRequest("at most 100 ids at once; use a filter for more")
        if not self.ids and self.filter.is_empty and not self.all:
            raise InvalidRequest('no filter and no ids: every dead letter is meant only with "all": true')
        for name, at in (("since", self.filter.since), ("until", self.filter.until)):
            if at is not None:
                in_utc(name, at)
        if not 0.1 <= self.per_second <= 1000:  # noqa: PLR2004  # as documented
            raise InvalidRequest("perSecond is from 0.1 to 1000")


_ORDERS = msgspec.json.Decoder(Order)


class DeadLetterPages:
    """`/api/dead-letters` and below; the command line shows the same.

    Args:
        dead_letters: The dead letters.
        replays: Replays and purges them.
    """

    def __init__(self, dead_letters: DeadLetters, replays: Replays) -> None:
        self._dead_letters = dead_letters
        self._replays = replays

    @refusing()
    async def list(self, request: Request) -> Response:
        """List dead letters, oldest first, one page; `next` is the `after` of the following page."""
        wanted, limit, after = read_query(request.query)
        return Response.json(200, await self.page(wanted, limit, after))

    @refusing()
    async def show(self, id_: str) -> Response:
        """Show one dead letter with its event or body."""
        return Response.json(200, await self.one(id_))

    @refusing()
    async def replay(self, request: Request) -> Response:
        """Order a replay; 202 with the job."""
        order = read_order(request.measured())
        job = await self._replays.ask(
            "replay",
            order.filter,
            order.ids,
            per_second=order.per_second,
            current_environment=order.current_environment,
        )
        return _accepted(job)

    @refusing()
    async def purge(self, request: Request) -> Response:
        """Count what a purge would remove; with `"dryRun": false` order it."""
        order = read_order(request.measured())
        if order.dry_run:
            return Response.json(200, await self.count(order))
        job = await self._replays.ask("purge", order.filter, order.ids, per_second=order.per_second)
        return _accepted(job)

    @refusing()
    async def job(self, id_: str) -> Response:
        """Tell how far a replay or purge is."""
        return Response.json(200, await self._replays.job(id_), {"Cache-Control": "no-store"})

    @refusing()
    async def cancel(self, id_: str) -> Response:
        """Stop a replay or purge; 202 with the job."""
        return _accepted(await self._replays.cancel(id_))

    async def page(self, wanted: Filter, limit: int, after: Place | None = None) -> dict[str, Any]:
        """Read one page.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        stored, following = await read_page(self._dead_letters.places(wanted, after), self._dead_letters.read, limit)
        return {"deadLetters": [summary(place, body) for place, (body, _) in stored], "next": following}

    async def one(self, id_: str) -> dict[str, Any]:
        """Read one dead letter whole.

        Raises:
            UnknownDeadLetter: There is none of this id.
            StorageUnavailable: The account did not answer.
        """
        place = Place.of_id(id_)
        stored = await self._dead_letters.read(place)
        if stored is None:
            raise UnknownDeadLetter
        return whole(place, stored[0])

    async def count(self, order: Order) -> dict[str, Any]:
        """Count what an order means, for 20 s at most.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        by_reason: dict[str, int] = {}
        places = 0
        complete = True
        if order.ids:
            for place in map(Place.of_id, order.ids):
                if await self._dead_letters.read(place) is not None:
                    by_reason[place.reason] = by_reason.get(place.reason, 0) + 1
            return {"dryRun": True, "matching": sum(by_reason.values()), "complete": True, "byReason": by_reason}
        try:
            async with asyncio.timeout(COUNTING), aclosing(self._dead_letters.places(order.filter)) as found:
                async for place in found:
                    by_reason[place.reason] = by_reason.get(place.reason, 0) + 1
                    places += 1
                    if places >= MOST_COUNTED:
                        complete = False
                        break
        except TimeoutError:
            complete = False
        return {"dryRun": True, "matching": sum(by_reason.values()), "complete": complete, "byReason": by_reason}


def read_query(query: Mapping[str, str]) -> tuple[Filter, int, Place | None]:
    """Read the parameters of a listing.

    Raises:
        InvalidRequest: One is unknown or not of its form.
        UnknownDeadLetter: `after` is none.
    """
    unknown = sorted(set(query) - _QUERY)
    if unknown:
        msg = f"unknown parameter {unknown[0][:40]!r}; known: organization, reason, route, since, until, limit, after"
        raise InvalidRequest(msg)
    limit = number("limit", query.get("limit", ""), default=PAGE, most=LARGEST_PAGE)
    wanted = Filter(
        organization=query.get("organization", ""),
        reason=query.get("reason", ""),
        route=query.get("route", ""),
        since=moment("since", query.get("since", "")),
        until=moment("until", query.get("until", "")),
    )
    after = query.get("after", "")
    return wanted, limit, Place.of_id(after) if after else None


def read_order(body: bytes) -> Order:
    """Read the body of a replay or purge.

    Raises:
        InvalidRequest: It says why.
    """
    try:
        order = _ORDERS.decode(body or b"{}")
    except InvalidRequest:
        raise
    except Exception as error:  # a decoder may fail in any way
        msg = f"the body cannot be read: {str(error)[:200]}"
        raise InvalidRequest(msg) from error
    order.check()
    return order


def summary(place: Place, body: bytes) -> dict[str, Any]:
    """Write what a listing shows of a dead letter."""
    shown: dict[str, Any] = {"id": place.id, "organization": place.organization, "reason": place.reason}
    try:
        record = Record.decode(body)
    except CorruptRecord as corrupt:
        return shown | {"message": str(corrupt)[:500], "unreadable": True}
    shown |= {
        "message": record.message,
        "acceptedAt": record.accepted_at,
        "recordedAt": record.recorded_at,
        "source": record.source,
        "route": record.route,
        "target": record.target,
        "attempts": record.attempts,
        "replays": record.replays,
    }
    event = record.event
    return shown if event is None else shown | {"eventId": event.id, "type": event.type, "subject": event.subject}


def whole(place: Place, body: bytes) -> dict[str, Any]:
    """Write all that is known of a dead letter, with its event or body."""
    shown = summary(place, body)
    try:
        record = Record.decode(body)
    except CorruptRecord:
        return shown | _text(body)
    last = record.last
    shown |= {"hint": record.hint, "last": None if last is None else msgspec.to_builtins(last)}
    if record.event is not None:
        return shown | {"event": msgspec.Raw(structured(record.event))}
    return shown | {"contentType": record.content_type, "headers": record.headers} | _text(record.body or b"")


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


def _accepted(job: Job) -> Response:
    return Response.json(202, job, {"Location": f"/api/dead-letters/jobs/{job.id}"})


def _text(body: bytes) -> dict[str, Any]:
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"bodyBase64": body}
