"""Dead letters: list, show, replay, purge."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Annotated, Any, ClassVar

import msgspec

from integration.dead_letters import DeadLetters, Filter, Job, Place
from integration.delivery import Replays
from integration.errors import InvalidRequest, UnknownDeadLetter
from integration.operations.kept import Asked, Summary, Whole, read_page, summary, whole
from integration.operations.orders import Order
from integration.operations.parameters import in_utc

MOST_IDS = 100
MOST_COUNTED = 100_000
COUNT_BUDGET_SECONDS = 20.0
"""Seconds that a dry run counts at most."""
_SLOWEST, _FASTEST = 0.1, 1000
_EMPTY = {
    "properties": {
        **{name: {"const": ""} for name in ("organization", "reason", "route")},
        **{name: {"type": "null"} for name in ("since", "until")},
    }
}
"""A filter that restricts nothing, as JSON Schema."""


class DeadLetterOrder(Order, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A replay or purge.

    Args:
        filter: Which dead letters.
        ids: These alone, instead; at most 100.
        all: Says that an empty filter is meant.
        per_second: How many a second, at most.
        current_environment: Replay: deliver to the environment that is linked now.
        dry_run: Purge: only count; that is the default.
    """

    rules: ClassVar[Mapping[str, Any]] = {
        "anyOf": [
            {
                "title": "by ids",
                "properties": {"ids": {"minItems": 1}, "all": {"const": False}, "filter": _EMPTY},
                "required": ["ids"],
            },
            {
                "title": "by a filter",
                "properties": {"ids": {"maxItems": 0}, "filter": {"not": _EMPTY}},
                "required": ["filter"],
            },
            {"title": "all", "properties": {"ids": {"maxItems": 0}, "all": {"const": True}}, "required": ["all"]},
        ]
    }
    filter: Filter = Filter()
    ids: Annotated[tuple[str, ...], msgspec.Meta(extra_json_schema={"maxItems": MOST_IDS})] = ()
    all: bool = False
    per_second: Annotated[float, msgspec.Meta(extra_json_schema={"minimum": _SLOWEST, "maximum": _FASTEST})] = 20.0
    current_environment: bool = False
    dry_run: bool = True

    def check(self) -> None:
        """Refuse an order that cannot be meant.

        Raises:
            InvalidRequest: It says why.
        """
        if self.ids and (self.all or not self.filter.is_empty):
            raise InvalidRequest("give ids or a filter, not both")
        if len(self.ids) > MOST_IDS:
            msg = f"at most {MOST_IDS} ids at once; use a filter for more"
            raise InvalidRequest(msg)
        if not self.ids and self.filter.is_empty and not self.all:
            raise InvalidRequest('no filter and no ids: every dead letter is meant only with "all": true')
        for name, at in (("since", self.filter.since), ("until", self.filter.until)):
            if at is not None:
                in_utc(name, at)
        if not _SLOWEST <= self.per_second <= _FASTEST:
            raise InvalidRequest("perSecond is from 0.1 to 1000")


class DeadLetterPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Dead letters, oldest first; `next` is the `after` of the following page."""

    dead_letters: Sequence[Summary]
    next: str | None


class Count(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How many dead letters an order means.

    Args:
        dry_run: Nothing else was done.
        matching: How many were counted.
        complete: Whether those are all.
        by_reason: The same by their reasons.
    """

    dry_run: bool = True
    matching: int
    complete: bool
    by_reason: Mapping[str, int]


class DeadLetterOperations:
    """What can be asked and ordered of dead letters.

    Args:
        dead_letters: The dead letters.
        replays: Replays and purges them.
    """

    def __init__(self, dead_letters: DeadLetters, replays: Replays) -> None:
        self._dead_letters = dead_letters
        self._replays = replays

    async def list(self, asked: Asked) -> DeadLetterPage:
        """Read one page.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        places = self._dead_letters.places(asked.filter, asked.after)
        stored, following = await read_page(places, self._dead_letters.read, asked.limit)
        return DeadLetterPage(dead_letters=[summary(place, body) for place, (body, _) in stored], next=following)

    async def show(self, id_: str) -> Whole:
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

    async def replay(self, order: DeadLetterOrder, *, by_app: bool = True) -> Job:
        """Order a replay.

        Args:
            order: Which, and how fast.
            by_app: Whether the function app is to do it; else the caller does, by `work`.

        Raises:
            UnknownDeadLetter: An id is not one.
            StorageUnavailable: It is not known to be ordered.
        """
        return await self._replays.ask(
            "replay",
            order.filter,
            order.ids,
            per_second=order.per_second,
            current_environment=order.current_environment,
            order=by_app,
        )

    async def purge(self, order: DeadLetterOrder, *, by_app: bool = True) -> Job:
        """Order a purge.

        Args:
            order: Which, and how fast.
            by_app: Whether the function app is to do it; else the caller does, by `work`.

        Raises:
            UnknownDeadLetter: An id is not one.
            StorageUnavailable: It is not known to be ordered.
        """
        return await self._replays.ask("purge", order.filter, order.ids, per_second=order.per_second, order=by_app)

    async def count(self, order: DeadLetterOrder) -> Count:
        """Count what an order means, for 20 s at most.

        Raises:
            UnknownDeadLetter: An id is not one.
            StorageUnavailable: The account did not answer.
        """
        by_reason = Counter[str]()
        complete = True
        for place in map(Place.of_id, order.ids):
            if await self._dead_letters.read(place) is not None:
                by_reason[place.reason] += 1
        if not order.ids:
            complete = await self._count(order.filter, by_reason)
        return Count(matching=by_reason.total(), complete=complete, by_reason=by_reason)

    async def _count(self, wanted: Filter, by_reason: Counter[str]) -> bool:
        """Count all that a filter means; False where it was too many, or took too long."""
        try:
            async with asyncio.timeout(COUNT_BUDGET_SECONDS), aclosing(self._dead_letters.places(wanted)) as found:
                async for place in found:
                    by_reason[place.reason] += 1
                    if by_reason.total() >= MOST_COUNTED:
                        return False
        except TimeoutError:
            return False
        return True

    async def job(self, id_: str) -> Job:
        """Tell how far a replay or purge is.

        Raises:
            UnknownJob: There is none of this id.
            CorruptRecord: The job cannot be read.
            StorageUnavailable: The account did not answer.
        """
        return await self._replays.job(id_)

    async def cancel(self, id_: str) -> Job:
        """Stop a replay or purge; what it has done stays done.

        Raises:
            UnknownJob: There is none of this id.
            CorruptRecord: The job cannot be read.
            StorageUnavailable: It is not known to be stopped.
        """
        return await self._replays.cancel(id_)

    async def work(self, id_: str, seen: Callable[[Job], None]) -> Job | None:
        """Work on a replay or purge until it is over.

        Args:
            id_: Which.
            seen: Told how far it is.

        Returns:
            The job as it stands, None while another one is at work.

        Raises:
            UnknownJob: There is none of this id.
            CorruptRecord: The job cannot be read.
            StorageUnavailable: The account went away; working on it again goes on.
        """
        return await self._replays.run(id_, lasting=float("inf"), seen=seen)
