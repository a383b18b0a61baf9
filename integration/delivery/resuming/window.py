"""Many things under way at once, taken in order: so many at most, so many a second, those of one subject in turn.

What is under way is bounded, so is what is read ahead of it, and how far the first that is not done may lie behind: the
memory that it takes does not grow with how many there are. Nothing here knows what is done for a thing.
"""

import asyncio
import math
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

import msgspec

from integration.clock import Clock
from integration.errors import Unforeseen
from integration.faults import unforeseen
from integration.storage.turn import Ended

HEARTBEAT_SECONDS = 5.0
"""While nothing begins, it is looked this often whether the turn goes on: what is under way may take long."""
DRAIN_SECONDS = 45.0
"""For what is under way when the turn is over. With the minute of a slice, more than one attempt may take, so that one
that is let go begins the next slice and comes to its end in it."""
AHEAD = 4
"""How many times as many as are under way are read ahead, at most."""
AHEAD_SECONDS = 5.0
"""How far reading may be ahead of a slow rate."""
SPAN = 4096
"""How many may be taken, done or not, from the first that is not done on."""


class Ready[R](msgspec.Struct, frozen=True):
    """A thing that was read.

    Args:
        subjects: What it is about: of two that share one, the later begins when the earlier is over.
        act: Does what is to be done for it.
    """

    subjects: frozenset[Hashable]
    act: Callable[[], Awaitable[R]]


class Duty[T, R](Protocol):
    """What is done for each thing, and what is kept of it."""

    async def look(self, thing: T, /) -> Ready[R] | None:
        """Read it, perhaps long before it begins; None: nothing is to be done for it."""
        ...

    async def check(self, at: float, /) -> Ended | None:
        """Say why nothing more may begin; asked before each, and while long ones are under way.

        Args:
            at: The monotonic second at which the next one begins.
        """
        ...

    def done(self, thing: T, result: R, /) -> None:
        """Take note of what became of one, whichever is done first."""
        ...

    def passed(self, thing: T, /) -> None:
        """Take note that it and all before it are over; told of each, in their order."""
        ...


@dataclass(eq=False)
class _Place[T]:
    """A thing's place in the line."""

    thing: T
    over: bool = False


class Window[T, R]:
    """Does a duty for things.

    Args:
        duty: What is done.
        clock: The time.
        at_once: How many are under way at once.
        per_second: How many may begin in a second.
        heartbeat: Real seconds between two checks while nothing begins.
        drain: Real seconds that what is under way has when no more may begin.
    """

    def __init__(  # noqa: PLR0913  # its bounds
        self,
        duty: Duty[T, R],
        clock: Clock,
        *,
        at_once: int,
        per_second: float = math.inf,
        heartbeat: float = HEARTBEAT_SECONDS,
        drain: float = DRAIN_SECONDS,
    ) -> None:
        self._duty = duty
        self._clock = clock
        self._pause = 1 / per_second
        self._heartbeat = heartbeat
        self._drain = drain
        ahead = max(at_once, min(AHEAD * at_once, math.ceil(min(per_second, SPAN) * AHEAD_SECONDS)))
        self._ahead = asyncio.Semaphore(ahead)
        self._room = asyncio.Semaphore(at_once)
        self._span = asyncio.Semaphore(SPAN)
        self._gate = asyncio.Lock()
        self._free = clock.monotonic()
        self._line: deque[_Place[T]] = deque()
        self._last: dict[Hashable, asyncio.Future[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._under_way: set[asyncio.Task[None]] = set()
        self._finished: asyncio.Queue[asyncio.Task[None]] = asyncio.Queue()
        self._ended: Ended | None = None
        self._error: BaseException | None = None

    async def run(self, things: AsyncGenerator[T]) -> Ended | None:
        """Work until all is done, or no more may begin and what was under way has come to its end.

        Args:
            things: In the order in which they begin.

        Returns:
            Why it ended before all was done; None: all is.

        Raises:
            Exception: What came out of the duty; what else was under way has come to its end, or was let go.
        """
        self._begin(self._feed(things))
        try:
            while self._tasks and self._ended is None and self._error is None:
                await self._wait(self._heartbeat)
            await self._come_to_an_end()
        except GeneratorExit:  # dropped by who awaited it: nothing can be awaited any more
            _call_off(self._tasks)
            raise
        except BaseException:
            await _let_go(self._tasks)
            raise
        await _let_go(self._tasks)
        if self._error is not None:
            raise self._error
        return self._ended

    async def _wait(self, seconds: float) -> None:
        """Wait until something is over, or it is time to look whether the turn goes on."""
        try:
            async with asyncio.timeout(seconds):
                self._over(await self._finished.get())
        except TimeoutError:
            async with self._gate:
                await self._may_begin()
        while not self._finished.empty():
            self._over(self._finished.get_nowait())

    async def _come_to_an_end(self) -> None:
        """Let nothing begin any more; give what is under way its time, unless another may be working by now."""
        await _let_go(self._tasks - self._under_way)
        loop = asyncio.get_running_loop()
        until = loop.time() + self._drain
        while self._tasks and not self._must_stop and loop.time() < until:
            await self._wait(min(self._heartbeat, until - loop.time()))

    @property
    def _must_stop(self) -> bool:
        return self._ended is Ended.LOST or not isinstance(self._error, Exception | None)

    def _begin(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished.put_nowait)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._under_way.discard(task)
        if task.cancelled():
            if not task.cancelling():  # a library let the cancellation of a task of its own through
                self._fail(Unforeseen("a cancellation that nobody asked for"))
        elif (error := task.exception()) is not None:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """Let nothing begin any more because of an error; the worst of them is what is raised."""
        if self._error is None or not isinstance(error, Exception):
            self._error = error

    async def _feed(self, things: AsyncGenerator[T]) -> None:
        before = asyncio.get_running_loop().create_future()
        before.set_result(None)
        async with aclosing(things):
            async for thing in things:
                await self._ahead.acquire()
                await self._span.acquire()
                place = _Place(thing)
                self._line.append(place)
                linked = asyncio.get_running_loop().create_future()
                self._begin(self._one(place, before, linked))
                before = linked

    async def _one(self, place: _Place[T], before: "asyncio.Future[None]", linked: "asyncio.Future[None]") -> None:
        """Read a thing; get in line behind those of its subjects, and behind all before it; do it."""
        over = asyncio.get_running_loop().create_future()
        ready = await self._duty.look(place.thing)
        await before
        subjects = ready.subjects if ready is not None else frozenset[Hashable]()
        earlier = {self._last[each] for each in subjects if each in self._last}
        self._last.update(dict.fromkeys(subjects, over))
        linked.set_result(None)
        try:
            if earlier:
                await asyncio.wait(earlier)
            if ready is None:
                self._ahead.release()
            elif not await self._done(place, ready):
                return
            self._pass(place)
        finally:
            over.set_result(None)
            for each in subjects:
                if self._last.get(each) is over:
                    del self._last[each]

    async def _done(self, place: _Place[T], ready: Ready[R]) -> bool:
        async with self._room:
            async with self._gate:
                if not await self._may_begin():
                    return False
                now = self._clock.monotonic()
                if self._free > now:
                    await self._clock.sleep(self._free - now)
                self._free = max(self._free, now) + self._pause
                self._under_way.add(asyncio.current_task())  # type: ignore[arg-type]  # it runs in one
            self._ahead.release()
            try:
                result = await ready.act()
            except asyncio.CancelledError as error:
                if not asyncio.current_task().cancelling():  # type: ignore[union-attr]  # it runs in one
                    self._fail(unforeseen(error))
                raise
            except BaseException as error:
                self._fail(error)  # before the room is free: nothing may begin after this
                raise
            self._duty.done(place.thing, result)
            return True

    async def _may_begin(self) -> bool:
        """Ask whether the turn goes on, which may write and renew; once it does not, it never does again."""
        if self._ended is not Ended.LOST:
            ended = await self._duty.check(max(self._free, self._clock.monotonic()))
            self._ended = ended if ended is Ended.LOST else self._ended or ended
        return self._ended is None and self._error is None

    def _pass(self, place: _Place[T]) -> None:
        place.over = True
        while self._line and self._line[0].over:
            self._duty.passed(self._line.popleft().thing)
            self._span.release()


async def _let_go(tasks: "set[asyncio.Task[None]]") -> None:
    """Cancel tasks, and wait until they have ended."""
    await asyncio.gather(*_call_off(tasks), return_exceptions=True)


def _call_off(tasks: "set[asyncio.Task[None]]") -> "list[asyncio.Task[None]]":
    left = list(tasks)
    for task in left:
        task.cancel()
    return left
