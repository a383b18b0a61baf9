"""What is done to events that are over: replayed, or forgotten by the journal."""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from integration.clock import Clock
from integration.dead_letters import Filter, Job
from integration.delivery import Replays
from integration.errors import FnoLinkError, InvalidRequest, PayloadNotKept
from integration.journal import Bookmark, Found, Listing, Wanted
from integration.web.events import EventPages, read_query, refusal
from integration.web.message import Request, Response

WORK = 20.0
"""Seconds that one purge works before it says where it goes on."""
_ROWS = 500
_AT_ONCE = 16
_OVER = frozenset({"done", "dead_lettered", "unrouted"})
_ORDERS = frozenset({"dryRun", "all", "after"})


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


class EventOrders:
    """`POST /api/events/{id}/replay` and `DELETE /api/events`; the command line does the same.

    Args:
        pages: Finds events and their dead letters.
        listing: Reads the journal.
        replays: Replays dead letters.
        clock: The time.
    """

    def __init__(self, pages: EventPages, listing: Listing, replays: Replays, clock: Clock) -> None:
        self._pages = pages
        self._listing = listing
        self._replays = replays
        self._clock = clock

    async def replay(self, id_: str, request: Request) -> Response:
        """Order the replay of an event's dead letters; 202 with the job."""
        try:
            job = await self.begin(id_, request.query.get("organization", ""))
        except FnoLinkError as error:
            return refusal(error)
        return Response.json(202, job, {"Location": f"/api/dead-letters/jobs/{job.id}"})

    async def purge(self, request: Request) -> Response:
        """Count what a purge would forget; with `dryRun=false` do it, for a while."""
        try:
            return Response.json(200, await self.forget(read_purge(request.query)))
        except FnoLinkError as error:
            return refusal(error)

    async def begin(self, id_: str, organization: str = "", *, order: bool = True) -> Job:
        """Begin the replay of an event's dead letters.

        Args:
            id_: The event's id, or its key.
            organization: The configured name; empty: whichever.
            order: Whether the function app is to do it; else the caller runs the job.

        Raises:
            UnknownEvent: The journal has none.
            AmbiguousEvent: It has several.
            PayloadNotKept: It has no dead letter, so nothing is there to be replayed.
            StorageUnavailable: It is not known to be ordered.
        """
        letters = await self._pages.letters(await self._pages.find(id_, organization))
        if not letters:
            msg = f"the event {id_[:80]!r} has no dead letter, and its payload was not kept"
            raise PayloadNotKept(msg)
        return await self._replays.ask("replay", Filter(), letters, order=order)

    async def forget(self, purge: Purge) -> dict[str, Any]:
        """Forget rows of events that are over, for a while; those that are under way, deferred or parked stay.

        Raises:
            StorageUnavailable: The account went away; doing it again goes on.
        """
        started = self._clock.monotonic()
        matching = kept = 0
        after = purge.after
        gate = asyncio.Semaphore(_AT_ONCE)

        async def remove(found: Found) -> bool:
            async with gate:
                return await self._listing.remove(found)

        while True:
            rows, following = await self._listing.page(purge.wanted, _ROWS, after)
            over = [found for found in rows if found.row is None or found.row.state in _OVER]
            gone = len(over) if purge.dry_run else sum(await asyncio.gather(*map(remove, over)))
            matching += gone
            kept += len(rows) - gone
            if following is None or self._clock.monotonic() - started > WORK:
                counted = "matching" if purge.dry_run else "purged"
                return {"dryRun": purge.dry_run, counted: matching, "kept": kept, "next": following}
            after = Bookmark.of_token(following)


def read_purge(query: Mapping[str, str]) -> Purge:
    """Read the parameters of a purge.

    Raises:
        InvalidRequest: One is unknown or not of its form, or nothing says which rows are meant.
    """
    wanted, _, _ = read_query({name: value for name, value in query.items() if name not in _ORDERS})
    flags = {name: query.get(name, default) for name, default in (("dryRun", "true"), ("all", "false"))}
    for name, value in flags.items():
        if value not in ("true", "false"):
            msg = f"{name} is true or false"
            raise InvalidRequest(msg)
    if wanted.is_empty and flags["all"] == "false":
        raise InvalidRequest("no filter: every event is meant only with all=true")
    after = query.get("after", "")
    return Purge(wanted=wanted, after=Bookmark.of_token(after) if after else None, dry_run=flags["dryRun"] == "true")
