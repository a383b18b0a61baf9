"""Replaying dead letters, many at once: each is read, made again, and removed once what became of it is durable."""

import asyncio
from functools import partial

import msgspec

from integration.clock import Clock
from integration.dead_letters import DeadLetters, Place, Record
from integration.delivery.outcome import Stale, named
from integration.delivery.resuming.anew import Anew
from integration.delivery.resuming.fresh import Fresh
from integration.delivery.resuming.order import Order
from integration.delivery.resuming.slice import Came, Slice
from integration.delivery.resuming.window import Ready
from integration.errors import CorruptRecord, Unforeseen
from integration.faults import netted
from integration.loggers import logger

log = logger("delivery")

_READ_AT_ONCE = 16
_KEPT = Came(("kept",), gone=False)


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
        order: What must be made in turn.
        clock: The time.
    """

    def __init__(self, slice_: Slice, dead_letters: DeadLetters, anew: Anew, order: Order, clock: Clock) -> None:
        self._slice = slice_
        self._dead_letters = dead_letters
        self._anew = anew
        self._order = order
        self._clock = clock
        self._reads = asyncio.Semaphore(_READ_AT_ONCE)
        self.check = slice_.check
        self.done = slice_.done
        self.passed = slice_.passed

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
        return Ready(about, lambda: netted(self._act(place, fresh), partial(_kept, place)))

    async def _unread(self, place: Place, fault: Unforeseen) -> Ready[Came] | None:
        return Ready(frozenset(), partial(_kept, place, fault))

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
            return _KEPT
        current = self._slice.job.current_environment
        outcomes = await self._anew.make(letter.record, place.path, current_environment=current)
        if Stale() in outcomes:
            # Another run has the event or has settled it. Nothing was done for this dead letter, so it stays.
            return _KEPT
        await self._dead_letters.remove(place, letter.version)
        return Came(tuple(map(named, outcomes)) or ("ignored",))


async def _kept(place: Place, fault: Unforeseen) -> Came:
    # One dead letter that cannot be processed must not keep the job from the others.
    log.error("the dead letter %s is kept: %s", place.path, fault)
    return _KEPT
