"""What became of each event, over HTTP: the journal's rows with their deliveries, and what was kept if asked for."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, get_args

import msgspec

from integration.clock import Clock
from integration.dead_letters import DeadLetters, Place, path_for
from integration.errors import (
    AmbiguousEvent,
    InvalidRequest,
    PayloadNotKept,
    StorageUnavailable,
    UnknownEvent,
)
from integration.events.cloudevents import structured
from integration.events.event import event_key
from integration.events.identity import legal_id
from integration.journal import Bookmark, Entry, Found, Listing, Payloads, Row, State, Wanted
from integration.journal.errand import told
from integration.web.answers import refusing
from integration.web.message import Request, Response
from integration.web.parameters import moment, number, organization_name, words

PAGE = 50
LARGEST_PAGE = 200
SEARCH = 20.0
"""Seconds that an event is searched by its id, where its key does not follow from it."""
_SEARCHED = 1000
_AT_ONCE = 16
_KEY = frozenset("0123456789abcdef")
_KEY_LENGTH = 64
_STATES: tuple[str, ...] = get_args(State.__value__)
_FILTERS = ("organization", "state", "id", "type", "source", "legalEntity", "since", "until")
_QUERY = frozenset({*_FILTERS, "limit", "after", "code", "clientId"})


class EventPages:
    """`/api/events` and below, as far as it reads; the command line shows the same.

    Args:
        listing: Reads the journal.
        dead_letters: Where failed deliveries lie.
        payloads: The payloads that were kept.
        groups: The groups of sources of each configured organization, by its name.
        clock: The time.
    """

    def __init__(
        self,
        listing: Listing,
        dead_letters: DeadLetters,
        payloads: Payloads,
        groups: Mapping[str, Sequence[str]],
        clock: Clock,
    ) -> None:
        self._listing = listing
        self._payloads = payloads
        self._dead_letters = dead_letters
        self._groups = groups
        self._clock = clock

    @refusing()
    async def list(self, request: Request) -> Response:
        """List events, one page; `next` is the `after` of the following page."""
        return Response.json(200, await self.page(*read_query(request.query)))

    @refusing()
    async def show(self, id_: str, request: Request) -> Response:
        """Show one event with its deliveries, by its id or its key; with `payload=true` as it came in, too."""
        payload = request.query.get("payload", "false")
        if payload not in ("true", "false"):
            msg = "payload is true or false"
            raise InvalidRequest(msg)
        organization = request.query.get("organization", "")
        return Response.json(200, await self.one(id_, organization, payload=payload == "true"))

    async def page(self, wanted: Wanted, limit: int, after: Bookmark | None = None) -> dict[str, Any]:
        """Read one page.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        found, following = await self._listing.page(wanted, limit, after)
        return {"events": [summary(each) for each in found], "next": following}

    async def one(self, id_: str, organization: str = "", *, payload: bool = False) -> dict[str, Any]:
        """Read one event with its deliveries.

        Args:
            id_: Its id, or its key.
            organization: The configured name; empty: whichever.
            payload: With the event itself, None where it was not kept.

        Raises:
            UnknownEvent: The journal has none.
            AmbiguousEvent: It has several.
            CorruptRecord: Its payload cannot be read.
            StorageUnavailable: The account did not answer.
        """
        found = await self.find(id_, organization)
        shown = summary(found)
        if payload:
            shown["payload"] = await self._payload(found)
        row = found.row
        if row is None:
            return shown
        shown |= {"generation": row.generation, "leaseUntil": row.lease_until, "running": told(row.running)}
        return shown | {"deliveries": [await self._delivery(row, entry) for entry in row.deliveries]}

    async def _payload(self, found: Found) -> msgspec.Raw | None:
        try:
            event = await self._payloads.get(found.table, found.organization, found.key)
        except PayloadNotKept:
            return None
        return msgspec.Raw(structured(event))

    async def find(self, id_: str, organization: str = "") -> Found:
        """Find the row of an event.

        Args:
            id_: Its id, or its key.
            organization: The configured name; empty: whichever.

        Raises:
            InvalidRequest: No organization can have the name.
            UnknownEvent: The journal has none.
            AmbiguousEvent: It has several.
            StorageUnavailable: The account did not answer.
        """
        organizations = (organization_name(organization),) if organization else tuple(self._groups)
        key = id_ if len(id_) == _KEY_LENGTH and _KEY.issuperset(id_) else ""
        places = [(name, each) for name in organizations for each in ((key,) if key else self._keys(name, id_))]
        found: list[Found] = []
        for start in range(0, len(places), _AT_ONCE):
            rows = await asyncio.gather(*(self._listing.get(*place) for place in places[start : start + _AT_ONCE]))
            found += [row for row in rows if row is not None]
        if not found and id_ and not key and legal_id(id_) == id_:
            found += await self._search(id_, organization)
        if not found:
            msg = f"the journal has no event {id_[:80]!r}"
            raise UnknownEvent(msg)
        if len(found) > 1:
            which = ", ".join(f"{each.row.subject.organization if each.row else ''} {each.key}" for each in found[:5])
            msg = f"{len(found)} events have the id {id_[:80]!r}: {which}"
            raise AmbiguousEvent(msg)
        return found[0]

    def _keys(self, organization: str, id_: str) -> Sequence[str]:
        """Give the keys that an event of this id can have, unless another system made it."""
        # Without a group: as keys were before there were any.
        groups = ("", *self._groups.get(organization, ()))
        return [event_key(organization, id_, group=group) for group in groups]

    async def _search(self, id_: str, organization: str) -> Sequence[Found]:
        """Look for an id whose key does not follow from it: that of a foreign CloudEvent."""
        started = self._clock.monotonic()
        wanted = Wanted(organization=organization, id=id_)
        found, following = await self._listing.page(wanted, _SEARCHED)
        while following is not None:
            if self._clock.monotonic() - started > SEARCH:
                msg = f"the journal could not be searched for the id {id_[:80]!r} in {SEARCH:.0f} s"
                raise StorageUnavailable(msg)
            more, following = await self._listing.page(wanted, _SEARCHED, Bookmark.of_token(following))
            found += more
        return found

    async def _delivery(self, row: Row, entry: Entry) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "route": entry.route,
            "target": entry.target,
            "state": entry.state,
            "attempts": entry.attempt,
            "at": entry.at,
            "until": entry.until,
            "status": entry.status,
            "code": entry.code,
            "response": entry.response,
            "durationMs": entry.ms,
        }
        letter = entry.letter
        if entry.state == "parked":
            path = path_for(row.subject.organization, entry.code, row.accepted_at, row.subject.key, entry.route)
            shown["parked"] = _id(path) if await self._dead_letters.read_parked(path) is not None else None
        if letter or entry.state in ("dead_lettered", "unrouted"):
            shown["deadLetter"] = await self._letter(letter)
        return shown

    async def letters(self, found: Found) -> tuple[str, ...]:
        """Give the ids of the dead letters that an event has.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        deliveries = [await self._delivery(found.row, entry) for entry in found.row.deliveries] if found.row else []
        return tuple(dict.fromkeys(each["deadLetter"] for each in deliveries if each.get("deadLetter")))

    async def _letter(self, path: str) -> str | None:
        place = Place.read(path)
        there = place is not None and await self._dead_letters.read(place) is not None
        return place.id if place is not None and there else None


def read_query(query: Mapping[str, str]) -> tuple[Wanted, int, Bookmark | None]:
    """Read the parameters of a listing.

    Raises:
        InvalidRequest: One is unknown or not of its form.
    """
    unknown = sorted(set(query) - _QUERY)
    if unknown:
        msg = f"unknown parameter {unknown[0][:40]!r}; known: {', '.join(_FILTERS)}, limit, after"
        raise InvalidRequest(msg)
    limit = number("limit", query.get("limit", ""), default=PAGE, most=LARGEST_PAGE)
    after = query.get("after", "")
    return read_wanted(query), limit, Bookmark.of_token(after) if after else None


def read_wanted(query: Mapping[str, str]) -> Wanted:
    """Read which events are meant.

    Raises:
        InvalidRequest: A value is not of its form.
    """
    for name in _FILTERS:
        words(name, query.get(name, ""))
    state = query.get("state", "")
    if state and state not in _STATES:
        msg = f"state is one of {', '.join(_STATES)}"
        raise InvalidRequest(msg)
    since, until = (moment(name, query.get(name, "")) for name in ("since", "until"))
    return Wanted(
        organization=organization_name(query.get("organization", "")),
        state=next((each for each in get_args(State.__value__) if each == state), None),
        id=query.get("id", ""),
        type=query.get("type", ""),
        source=query.get("source", ""),
        legal_entity=query.get("legalEntity", ""),
        since=since,
        until=until,
    )


def summary(found: Found) -> dict[str, Any]:
    """Write what a listing shows of an event."""
    row = found.row
    if row is None:
        return {"key": found.key, "organization": found.organization, "unreadable": True}
    about = row.subject
    return {
        "id": about.id,
        "key": about.key,
        "organization": about.organization,
        "source": about.source,
        "type": about.type,
        "subject": about.subject,
        "legalEntity": about.legal_entity,
        "time": about.time,
        "acceptedAt": row.accepted_at,
        "state": row.state,
        "reason": row.reason,
        "digest": row.digest,
        "duplicates": row.duplicates,
        "differing": row.differing,
        "resent": row.resent,
        "replayed": row.replayed,
        "updatedAt": row.updated_at,
        "deliveries": [{"route": each.route, "target": each.target, "state": each.state} for each in row.deliveries],
    }


def _id(path: str) -> str | None:
    place = Place.read(path)
    return place.id if place is not None else None
