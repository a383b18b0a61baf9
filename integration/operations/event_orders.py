"""What is done to events that are over: replayed, or forgotten by the journal."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from integration.clock import Clock
from integration.dead_letters import Filter, Job
from integration.delivery import EventReplays, Replays
from integration.errors import InvalidRequest, PayloadNotKept
from integration.journal import Bookmark, Found, Listing, Payloads, Wanted
from integration.operations.events import QUERY, EventOperations, read_query
from integration.operations.query import Flag

PURGE_BUDGET_SECONDS = 20.0
"""Seconds that one purge works before it says where it goes on."""
_ROWS = 500
_OVER = frozenset({"done", "dead_lettered", "unrouted"})
_DRY_RUN = Flag("dryRun", "Only count.", default="true")
_ALL = Flag("all", "Says that no filter is meant.")
PURGE_QUERY = (*QUERY, _DRY_RUN, _ALL)
"""What a purge takes."""


class Purge(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows are to be forgotten.

    Args:
        wanted: Which.
        after: Where the purge before has ended.
        dry_run: Only count.
    """

    wanted: Wanted
    after: Bookmark | None = None
    dry_run: bool = True


class Forgotten(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How far a purge has come.

    Args:
        dry_run: Nothing was forgotten.
        matching: How many would be, of a dry run.
        purged: How many were, else.
        kept: How many stay: they are under way, or have changed.
        next: Where the next purge goes on; None: it is done.
    """

    dry_run: bool
    matching: int | UnsetType = UNSET
    purged: int | UnsetType = UNSET
    kept: int
    next: str | None


class Ordered(msgspec.Struct, frozen=True, kw_only=True):
    """What was ordered where an event is to be delivered again as a whole; its row says when that is done.

    Args:
        event: Its key.
        organization: The configured name.
        replay: The how-manieth replay it is: what its row counts as `replayed` once it has begun.
        state: It waits for the function app.
    """

    event: str
    organization: str
    replay: int
    state: Literal["ordered"] = "ordered"


class EventOrders:
    """What can be ordered of events.

    Args:
        events: Finds events and their dead letters.
        listing: Reads the journal.
        replays: Replays dead letters.
        event_replays: Replays events whose payload was kept.
        payloads: The payloads that were kept.
        clock: The time.
    """

    def __init__(  # noqa: PLR0913  # its collaborators
        self,
        *,
        events: EventOperations,
        listing: Listing,
        replays: Replays,
        event_replays: EventReplays,
        payloads: Payloads,
        clock: Clock,
    ) -> None:
        self._events = events
        self._listing = listing
        self._replays = replays
        self._event_replays = event_replays
        self._payloads = payloads
        self._clock = clock

    async def replay(self, id_: str, organization: str = "", *, by_app: bool = True) -> Job | Ordered:
        """Begin the replay of an event's dead letters; where it has none, order that of the event itself.

        Args:
            id_: The event's id, or its key.
            organization: The configured name; empty: whichever.
            by_app: Whether the function app is to do it; else the caller works on the job. An event itself is always
                replayed by the function app.

        Raises:
            UnknownEvent: The journal has none.
            AmbiguousEvent: It has several.
            PayloadNotKept: It has no dead letter and its payload was not kept, so nothing is there to be replayed.
            CorruptRecord: Its row, or its payload, cannot be read.
            StorageUnavailable: It is not known to be ordered.
        """
        found = await self._events.find(id_, organization)
        letters = await self._events.letters(found)
        if letters:
            return await self._replays.ask("replay", Filter(), letters, order=by_app)
        try:
            work = await self._event_replays.order(found)
        except PayloadNotKept as error:
            msg = f"the event {id_[:80]!r} has no dead letter, and its payload was not kept"
            raise PayloadNotKept(msg) from error
        event = work.require_event()
        return Ordered(event=event.key, organization=event.organization, replay=work.chain.replay)

    async def purge(self, purge: Purge) -> Forgotten:
        """Forget rows of events that are over, for a while; those that are under way, deferred or parked stay.

        What was kept of an event is deleted before its row: a purge that was cut short finds the row again.

        Raises:
            StorageUnavailable: The account went away; doing it again goes on.
        """
        started = self._clock.monotonic()
        matching = kept = 0
        after = purge.after
        while True:
            rows, following = await self._listing.page(purge.wanted, _ROWS, after)
            over = [found for found in rows if found.row is None or found.row.state in _OVER]
            gone = len(over) if purge.dry_run else await self._forget(over)
            matching += gone
            kept += len(rows) - gone
            if following is None or self._clock.monotonic() - started > PURGE_BUDGET_SECONDS:
                if purge.dry_run:
                    return Forgotten(dry_run=True, matching=matching, kept=kept, next=following)
                return Forgotten(dry_run=False, purged=matching, kept=kept, next=following)
            after = Bookmark.of_token(following)

    async def _forget(self, over: Sequence[Found]) -> int:
        await self._payloads.delete([(found.table, found.organization, found.key) for found in over])
        return await self._listing.remove(over)


def read_purge(texts: Mapping[str, str]) -> Purge:
    """Read which rows are to be forgotten.

    Args:
        texts: Those of `PURGE_QUERY`.

    Raises:
        InvalidRequest: One is not of its form, or nothing says which rows are meant.
    """
    asked = read_query(texts)
    dry_run, everything = _DRY_RUN.read(texts), _ALL.read(texts)
    if asked.wanted.is_empty and not everything:
        raise InvalidRequest("no filter: every event is meant only with all=true")
    return Purge(wanted=asked.wanted, after=asked.after, dry_run=dry_run)
