"""Replaying dead letters, many at once: each is read, made again, and removed once what became of it is durable.

What the journal knows to be delivered is removed with others, since no second replay would make it again; all else, and
everything without a journal, singly and at once.
"""

import asyncio
from collections.abc import Sequence
from functools import partial

import msgspec

from integration.clock import Clock
from integration.dead_letters import DeadLetters, Place, Record
from integration.delivery.journalled.runs import DELIVERED_SINCE
from integration.delivery.outcome import Delivered, Ignored, Outcome, Stale, named
from integration.delivery.resuming.anew import Anew
from integration.delivery.resuming.fresh import Fresh
from integration.delivery.resuming.order import Order
from integration.delivery.resuming.removing import Removing
from integration.delivery.resuming.slice import KEPT, Came, Slice, kept
from integration.delivery.resuming.window import Ready
from integration.errors import CorruptRecord, Unforeseen
from integration.faults import netted
from integration.loggers import logger

log = logger("delivery")

_READ_AT_ONCE = 16


class _Letter(msgspec.Struct, frozen=True):
    """A dead letter as it was read; without a record: it cannot be read."""

    version: str
    record: Record | None


class Replaying:
    """The duty of a replay.

    Args:
        slice_: The job.
        dead_letters: The dead letters.
        anew: Makes them again.
        removing: Removes what is done.
        order: What must be made in turn.
        clock: The time.
    """

    def __init__(  # noqa: PLR0913  # its collaborators
        self, slice_: Slice, dead_letters: DeadLetters, anew: Anew, *, removing: Removing, order: Order, clock: Clock
    ) -> None:
        self._slice = slice_
        self._dead_letters = dead_letters
        self._anew = anew
        self._order = order
        self._clock = clock
        self._reads = asyncio.Semaphore(_READ_AT_ONCE)
        self.check = removing.check
        self.done = removing.done
        self.passed = removing.passed

    async def look(self, thing: Place) -> Ready[Came] | None:
        """Read a dead letter."""
        return await netted(self._look(thing), partial(self._unread, thing))

    async def _look(self, place: Place) -> Ready[Came] | None:
        fresh = Fresh(partial(self._read, place), self._clock)
        async with self._reads:
            letter = await fresh.ahead()
        if letter is None:
            return None
        about = self._order.of(letter.record) if letter.record is not None else frozenset[object]()
        return Ready(about, lambda: netted(self._act(place, fresh), partial(kept, place)))

    async def _unread(self, place: Place, fault: Unforeseen) -> Ready[Came] | None:
        return Ready(frozenset(), partial(kept, place, fault))

    async def _read(self, place: Place) -> tuple[_Letter, int] | None:
        """Read it; as good as gone is what became one after this was asked for, perhaps by this very replay."""
        stored = await self._dead_letters.read(place)
        if stored is None:
            return None
        body, version = stored
        try:
            record = Record.decode(body)
        except CorruptRecord:
            log.exception("the dead letter %s is kept: it cannot be read", place.path)
            return _Letter(version, None), 0
        return (_Letter(version, record), len(body)) if record.recorded_at <= self._slice.job.requested_at else None

    async def _act(self, place: Place, fresh: Fresh[_Letter]) -> Came:
        letter = await fresh.now()
        if letter is None:
            return Came()
        if letter.record is None:
            return KEPT
        current = self._slice.job.current_environment
        outcomes = await self._anew.make(letter.record, place.path, current_environment=current)
        if Stale() in outcomes:
            # Another run has the event or has settled it. Nothing was done for this dead letter, so it stays.
            return KEPT
        whats = tuple(map(named, outcomes)) or ("ignored",)
        if _is_settled(outcomes) and self._anew.remembers(letter.record):
            return Came(whats, version=letter.version)
        await self._dead_letters.remove(place, letter.version)
        return Came(whats)


def _is_settled(outcomes: Sequence[Outcome]) -> bool:
    """Tell whether all that was to be delivered was."""
    return bool(outcomes) and all(isinstance(each, Delivered) or each == Ignored(DELIVERED_SINCE) for each in outcomes)
