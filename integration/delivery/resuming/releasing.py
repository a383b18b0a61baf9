"""Parked deliveries go on, many at once: of an organization that is linked, or named, or parked for too long."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial

from integration.clock import Clock
from integration.dead_letters import Parked, Record
from integration.dead_letters.reasons import NOT_LINKED, PARKED_TOO_LONG
from integration.delivery.environment import fingerprint
from integration.delivery.outcome import Outcome
from integration.delivery.resuming.fresh import Fresh
from integration.delivery.resuming.order import Order
from integration.delivery.resuming.unparking import Unparking
from integration.delivery.resuming.window import Ready
from integration.errors import LinkUnknown
from integration.links.values import Link, Linked, NotLinked
from integration.storage.turn import Ended, Turn

_READ_AT_ONCE = 16


class _Parked:
    """What both have in common: reading ahead, in turn by what each is about."""

    def __init__(self, unparking: Unparking, order: Order, clock: Clock) -> None:
        self._unparking = unparking
        self._order = order
        self._clock = clock
        self._reads = asyncio.Semaphore(_READ_AT_ONCE)

    async def _ready(
        self, parked: Parked, act: "Callable[[Parked, Record], Awaitable[list[Outcome]]]"
    ) -> Ready[list[Outcome]] | None:
        fresh = Fresh(partial(self._unparking.read, parked), self._clock)
        async with self._reads:
            record = await fresh.ahead()
        if record is None:
            return None

        async def acted() -> list[Outcome]:
            record = await fresh.now()
            return await act(parked, record) if record is not None else []

        return Ready(self._order.of(record), acted)

    def passed(self, thing: Parked) -> None:
        """Nothing is noted: what is released lies there no more."""


class Releasing(_Parked):
    """The duty of a release.

    Args:
        unparking: Goes on with each.
        order: What must be made in turn.
        clock: The time.
        turn: The turn at it.
        resolve: Finds out the link.
        first: Finds it out for the first time.
    """

    def __init__(  # noqa: PLR0913  # its collaborators
        self,
        unparking: Unparking,
        order: Order,
        clock: Clock,
        *,
        turn: Turn,
        resolve: Callable[[], Awaitable[Link]],
        first: Callable[[], Awaitable[Link]],
    ) -> None:
        super().__init__(unparking, order, clock)
        self._turn = turn
        self._resolve = resolve
        self._first = first
        self._link: Linked | None = None
        self.outcomes: list[Outcome] = []
        """What became of those that are over."""
        self.unknown: LinkUnknown | None = None
        """Why it is not known whether the organization is linked."""

    async def look(self, thing: Parked) -> Ready[list[Outcome]] | None:
        """Read a delivery that the environment which is linked now may have."""
        return await self._ready(thing, self._released) if self._may(thing) else None

    async def check(self, at: float) -> Ended | None:
        """Say whether the turn is over, or the link is not what it was."""
        if (ended := await self._turn.ended(at=at)) is not None:
            return ended
        try:
            link = await (self._resolve() if self._link else self._first())
        except LinkUnknown as unknown:
            self.unknown = unknown
            return Ended.CALLED_OFF
        if not isinstance(link, Linked):
            return Ended.CALLED_OFF  # what is parked waits for the next time the link is back
        self._link = link
        return None

    def done(self, thing: Parked, result: list[Outcome]) -> None:  # noqa: ARG002  # as every duty
        """Note what became of it."""
        self.outcomes += result

    def _may(self, parked: Parked) -> bool:
        return parked.reason == NOT_LINKED or parked.environment == fingerprint(self._link)

    async def _released(self, parked: Parked, record: Record) -> list[Outcome]:
        link = self._link
        if link is None or not self._may(parked):
            return []  # the link has moved since it was read
        return await self._unparking.release(parked, record, link)


class Choosing(_Parked):
    """The duty of a release of those that an operator has named.

    Args:
        unparking: Goes on with each.
        order: What must be made in turn.
        clock: The time.
        until: The monotonic second after which no further one begins.
        resolve: Finds out the link of an organization.
        current_environment: Deliver to the environment that is linked now, whichever they were meant for.
    """

    def __init__(  # noqa: PLR0913  # its collaborators
        self,
        unparking: Unparking,
        order: Order,
        clock: Clock,
        *,
        until: float,
        resolve: Callable[[str], Awaitable[Link]],
        current_environment: bool,
    ) -> None:
        super().__init__(unparking, order, clock)
        self._until = until
        self._resolve = resolve
        self._current_environment = current_environment
        self.outcomes: dict[str, list[Outcome]] = {}
        """What became of those that are over, by their paths."""

    async def look(self, thing: Parked) -> Ready[list[Outcome]] | None:
        """Read a delivery; of one that is gone nothing becomes."""
        ready = await self._ready(thing, self._released)
        if ready is None:
            self.outcomes[thing.path] = []
        return ready

    async def check(self, at: float) -> Ended | None:
        """Say whether the time is over."""
        return Ended.TIME if at > self._until else None

    def done(self, thing: Parked, result: list[Outcome]) -> None:
        """Note what became of it."""
        self.outcomes[thing.path] = result

    async def _released(self, parked: Parked, record: Record) -> list[Outcome]:
        link = await self._resolve(parked.organization)
        return await self._unparking.release(parked, record, link, current_environment=self._current_environment)


class Expiring(_Parked):
    """The duty of making dead letters of what has been parked for too long, whatever the link is now.

    Args:
        unparking: Goes on with each.
        order: What must be made in turn.
        clock: The time.
        horizon: What was accepted later stays.
    """

    def __init__(self, unparking: Unparking, order: Order, clock: Clock, *, horizon: datetime) -> None:
        super().__init__(unparking, order, clock)
        self._horizon = horizon
        self.outcomes: list[Outcome] = []
        """What became of those that are over."""

    async def look(self, thing: Parked) -> Ready[list[Outcome]] | None:
        """Read a delivery."""
        return await self._ready(thing, self._expired)

    async def check(self, at: float) -> Ended | None:  # noqa: ARG002  # as every duty
        """Go on until all are over."""
        return None

    def done(self, thing: Parked, result: list[Outcome]) -> None:  # noqa: ARG002  # as every duty
        """Note what became of it."""
        self.outcomes += result

    async def _expired(self, parked: Parked, record: Record) -> list[Outcome]:
        if record.accepted_at > self._horizon:
            return []
        nothing = NotLinked(code=PARKED_TOO_LONG, message=record.message, checked_at=self._clock.now())
        return await self._unparking.release(parked, record, nothing)
