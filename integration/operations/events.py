"""What became of each event: the journal's rows with their deliveries, and what was kept if asked for."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import get_args

import msgspec
from msgspec import UNSET, UnsetType

from integration.clock import Clock
from integration.dead_letters import DeadLetters, Place, path_for
from integration.errors import AmbiguousEvent, PayloadNotKept, StorageUnavailable, UnknownEvent
from integration.events.cloudevents import structured
from integration.events.event import event_key
from integration.events.identity import legal_id
from integration.journal import Bookmark, Entry, Found, Listing, Payloads, Row, State, Wanted
from integration.operations.event_shapes import Delivery, EventPage, Whole, summary, whole
from integration.operations.parameters import organization_name
from integration.operations.query import LIMIT, ORGANIZATION, ROWS, Choice, Moment, Parameter, bookmark, check_all

SEARCH_BUDGET_SECONDS = 20.0
"""Seconds that an event is searched by its id, where its key does not follow from it."""
_SEARCHED = 1000
_AT_ONCE = 16
_KEY = frozenset("0123456789abcdef")
_KEY_LENGTH = 64
_STATES: tuple[State, ...] = get_args(State.__value__)
_STATE = Choice("state", "How it stands.", "done", values=_STATES)
_ID = Parameter("id", "Its CloudEvents id.")
_TYPE = Parameter("type", "Its type; with `*` at the end, every type that begins so.", "SalesOrder*")
_SOURCE = Parameter("source", "The configured source that it came by.", "erp")
_LEGAL_ENTITY = Parameter("legalEntity", "Its legal entity.", "usmf")
_SINCE = Moment("since", "First accepted at this time or later.", "2026-01-02T03:04:05Z")
_UNTIL = Moment("until", "First accepted before this time.", "2026-01-03T00:00:00Z")
_AFTER = bookmark("event")
FILTERS = (ORGANIZATION, _STATE, _ID, _TYPE, _SOURCE, _LEGAL_ENTITY, _SINCE, _UNTIL)
"""What says which events are meant."""
QUERY = (*FILTERS, ROWS, _AFTER)
"""What a listing takes."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Which page is asked for.

    Args:
        wanted: Which rows are meant.
        limit: How many at most.
        after: Where the page before has ended.
    """

    wanted: Wanted = Wanted()
    limit: int = LIMIT
    after: Bookmark | None = None


class EventOperations:
    """What can be asked of events.

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

    async def list(self, asked: Asked) -> EventPage:
        """Read one page.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        found, following = await self._listing.page(asked.wanted, asked.limit, asked.after)
        return EventPage(events=[summary(each) for each in found], next=following)

    async def show(self, id_: str, organization: str = "", *, payload: bool = False) -> Whole:
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
        event = await self._payload(found) if payload else UNSET
        return whole(found, await self._deliveries(found), event)

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
        # Keys of events from before duplicates groups existed.
        groups = ("", *self._groups.get(organization, ()))
        return [event_key(organization, id_, group=group) for group in groups]

    async def _search(self, id_: str, organization: str) -> Sequence[Found]:
        """Look for an id whose key does not follow from it: that of a foreign CloudEvent."""
        started = self._clock.monotonic()
        wanted = Wanted(organization=organization, id=id_)
        found, following = await self._listing.page(wanted, _SEARCHED)
        while following is not None:
            if self._clock.monotonic() - started > SEARCH_BUDGET_SECONDS:
                msg = f"the journal could not be searched for the id {id_[:80]!r} in {SEARCH_BUDGET_SECONDS:.0f} s"
                raise StorageUnavailable(msg)
            more, following = await self._listing.page(wanted, _SEARCHED, Bookmark.of_token(following))
            found += more
        return found

    async def letters(self, found: Found) -> tuple[str, ...]:
        """Give the ids of the dead letters that an event has.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        letters = (each.dead_letter for each in await self._deliveries(found))
        return tuple(dict.fromkeys(each for each in letters if isinstance(each, str)))

    async def _deliveries(self, found: Found) -> Sequence[Delivery]:
        row = found.row
        return [] if row is None else [await self._delivery(row, entry) for entry in row.deliveries]

    async def _delivery(self, row: Row, entry: Entry) -> Delivery:
        parked: str | UnsetType | None = UNSET
        letter: str | UnsetType | None = UNSET
        if entry.state == "parked":
            path = path_for(row.subject.organization, entry.code, row.accepted_at, row.subject.key, entry.route)
            place = Place.read(path)
            there = place is not None and await self._dead_letters.read_parked(path) is not None
            parked = place.id if place is not None and there else None
        if entry.letter or entry.state in ("dead_lettered", "unrouted"):
            letter = await self._letter(entry.letter)
        return Delivery.of(entry, parked=parked, dead_letter=letter)

    async def _letter(self, path: str) -> str | None:
        place = Place.read(path)
        there = place is not None and await self._dead_letters.read(place) is not None
        return place.id if place is not None and there else None


def read_query(texts: Mapping[str, str]) -> Asked:
    """Read which page is asked for.

    Args:
        texts: Those of `QUERY`.

    Raises:
        InvalidRequest: One is not of its form.
    """
    after = _AFTER.text(texts)
    wanted = read_wanted(texts)
    return Asked(wanted=wanted, limit=ROWS.read(texts), after=Bookmark.of_token(after) if after else None)


def read_wanted(texts: Mapping[str, str]) -> Wanted:
    """Read which events are meant.

    Raises:
        InvalidRequest: A value is not of its form.
    """
    check_all(FILTERS, texts)
    return Wanted(
        organization=ORGANIZATION.text(texts),
        state=next((each for each in _STATES if each == _STATE.text(texts)), None),
        id=_ID.text(texts),
        type=_TYPE.text(texts),
        source=_SOURCE.text(texts),
        legal_entity=_LEGAL_ENTITY.text(texts),
        since=_SINCE.read(texts),
        until=_UNTIL.read(texts),
    )
