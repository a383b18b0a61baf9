"""Removing dead letters that are done, many in a request; the cursor waits until they are gone.

What became of such a letter is durable, and its event's journal would answer a second replay of it with "delivered
since": a process that dies before it has removed it makes nothing twice. Who goes on sees it again and counts it then.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from functools import partial

import msgspec

from integration.dead_letters import DeadLetters, Place
from integration.delivery.resuming.slice import Came, Slice, kept
from integration.errors import Unforeseen
from integration.faults import netted
from integration.loggers import logger
from integration.storage.blob_batch import MOST, Version
from integration.storage.turn import Ended

log = logger("delivery")

TOGETHER = MOST
"""So many are removed as soon as they are gathered: a small batch costs more than single requests."""
LINGER_SECONDS = 1.0
"""Real seconds after which those that are gathered are removed, however few they are."""


class _Over(msgspec.Struct, frozen=True):
    """A dead letter that is done, and what became of it."""

    place: Place
    version: str
    came: Came


class Removing:
    """Stands between a window and its slice, to which it tells of a letter once that is removed.

    Args:
        slice_: The job.
        dead_letters: The dead letters.
    """

    def __init__(self, slice_: Slice, dead_letters: DeadLetters) -> None:
        self._slice = slice_
        self._dead_letters = dead_letters
        self._gathered: list[_Over] = []
        self._there: set[str] = set()
        self._line: deque[Place] = deque()
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def check(self, at: float) -> Ended | None:
        """Say why nothing more may begin, as the slice does; wait first where removing lags behind.

        Raises:
            StorageUnavailable: Some that are done may still be there, or what the slice says.
        """
        if self._task is not None and (self._task.done() or len(self._gathered) >= TOGETHER):
            await self._awaited(self._task)
        return await self._slice.check(at)

    def done(self, place: Place, came: Came) -> None:
        """Take note of what became of one; it is told on when nothing is left to be removed."""
        if not came.version:
            self._slice.done(place, came)
            return
        self._gathered.append(_Over(place, came.version, msgspec.structs.replace(came, version="")))
        self._there.add(place.path)
        if len(self._gathered) >= TOGETHER:
            self._begin()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(LINGER_SECONDS, self._begin)

    def passed(self, place: Place) -> None:
        """Take note that it and all before it are over; the cursor moves as far as none of them is still there."""
        self._line.append(place)
        self._advance()

    async def finish(self) -> None:
        """Remove all that is gathered.

        Raises:
            StorageUnavailable: Some may still be there; the cursor has not passed them.
        """
        while self._task is not None or self._gathered:
            self._disarm()
            if self._task is not None:
                await self._awaited(self._task)
            else:
                self._begin()

    async def close(self) -> None:
        """Let go of what is under way: what is still there is seen again."""
        self._disarm()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _begin(self) -> None:
        self._disarm()
        if self._task is None:
            self._task = asyncio.create_task(self._removed())

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _awaited(self, task: "asyncio.Task[None]") -> None:
        """Wait for it, whoever of those that wait is let go; what has failed stays so."""
        await asyncio.wait((task,))
        task.result()

    async def _removed(self) -> None:
        """Remove what is gathered, and what is gathered meanwhile if that is enough."""
        await self._remove()
        while len(self._gathered) >= TOGETHER:
            await self._remove()
        self._task = None
        if self._gathered and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(LINGER_SECONDS, self._begin)

    async def _remove(self) -> None:
        lot, self._gathered = self._gathered[:TOGETHER], self._gathered[TOGETHER:]
        for over, came in zip(lot, await netted(self._together(lot), partial(self._singly, lot)), strict=True):
            self._there.discard(over.place.path)
            self._slice.done(over.place, came)
        self._advance()

    async def _together(self, lot: Sequence[_Over]) -> list[Came]:
        # One that is not removed has been written anew or taken away meanwhile: it is over all the same.
        await self._dead_letters.remove_many([Version(each.place.path, each.version) for each in lot])
        return [each.came for each in lot]

    async def _singly(self, lot: Sequence[_Over], fault: Unforeseen) -> list[Came]:
        log.warning("%d dead letters are removed one by one: %s", len(lot), fault)
        return [await netted(self._alone(each), partial(kept, each.place)) for each in lot]

    async def _alone(self, over: _Over) -> Came:
        await self._dead_letters.remove(over.place, over.version)
        return over.came

    def _advance(self) -> None:
        while self._line and self._line[0].path not in self._there:
            self._slice.passed(self._line.popleft())
