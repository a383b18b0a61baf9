"""Writes of rows that are under way together go as one transaction for each partition: a request for all of them.

What the account takes as one: rows of one partition, each once, 100 at most, 4 MiB at most. It does all of it or
nothing, and says of which operation the condition is not met. Source: "Performing entity group transactions".
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import msgspec

from integration.clock import Clock
from integration.errors import StorageRefused, StorageUnavailable
from integration.faults import summary
from integration.loggers import logger
from integration.storage.storage import Storage
from integration.storage.tables import MOST_BYTES, MOST_OPERATIONS, Insert, Replace, Unmet, sent_size

COMPANY_SECONDS = 0.005
"""How long a write waits for others at most while a request of its partition is under way; if none is, not at all."""
LARGEST = MOST_BYTES // 4
"""Bytes of a group at most: aiohttp writes a larger body in one go, and the loop stands still meanwhile."""

log = logger("storage")

type Step = Insert | Replace


class Ride(msgspec.Struct, frozen=True, eq=False):
    """A row that goes along with others that are written anyway, and costs no request.

    Args:
        step: What is to be written.
        done: Is told as `Groups.write` answers; cancelled where it was not sent: what it went with was refused.
    """

    step: Step
    done: "asyncio.Future[str | None]"


class Rider(Protocol):
    """Who has rows that may go along."""

    def riding(self, table: str, partition: str, others: int) -> Sequence[Ride]:
        """Give rows for a request that is about to be sent; none is waited for.

        Args:
            table: The table's name.
            partition: The partition; each row is of it, and none is an event's.
            others: How many rows the request writes anyway.
        """
        ...


class _Write(msgspec.Struct, frozen=True, eq=False):
    step: Step
    size: int
    done: "asyncio.Future[str | None]"
    rides: bool = False


class Groups:
    """Writes rows, those that come together in one request.

    A write that comes while none of its partition is under way is sent at once, with those that came in the same turn
    of the loop. While one is under way the next ones gather: until it is answered, until there are as many as go
    together, or for `COMPANY_SECONDS`.

    Args:
        storage: The worker's storage account.
        clock: Waits.
    """

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock
        self._partitions: dict[tuple[str, str], _Partition] = {}
        self.rider: Rider | None = None
        """Who has rows that go along with what is written."""
        self.requests = 0
        """Requests so far, retries of the SDK not counted."""

    async def write(self, table: str, step: Step) -> str | None:
        """Write a row, as `Table.insert` and `Table.replace` do.

        Args:
            table: The table's name.
            step: What is to be written.

        Returns:
            Its version, once the account has said that it is written; None when its condition is not met: there is a
            row already, or another version of it. That may be this very write, made at an earlier attempt whose answer
            was lost.

        Raises:
            StorageUnavailable: It is not known whether it was written.
            StorageRefused: The account would refuse it again.
        """
        place = (table, str(step.entity["PartitionKey"]))
        partition = self._partitions.get(place)
        if partition is None:
            partition = self._partitions[place] = _Partition(self, *place)
        return await partition.add(step)

    async def single(self, table: str, step: Step) -> str | None:
        """Write a row in a request of its own; as `write`."""
        found = await self._storage.table(table)
        self.requests += 1
        match step:
            case Insert(entity):
                return await found.insert(entity)
            case Replace(entity, etag):
                return await found.replace(entity, etag)

    async def batch(self, table: str, partition: str, steps: Sequence[Step]) -> list[str] | Unmet:
        """Write rows in one request, as `Table.batch`."""
        found = await self._storage.table(table)
        self.requests += 1
        return await found.batch(partition, steps)

    def rides(self, table: str, partition: str, others: int) -> list[_Write]:
        """Give what goes along with a request."""
        if self.rider is None or others >= MOST_OPERATIONS:
            return []
        try:
            rides = self.rider.riding(table, partition, others)[: MOST_OPERATIONS - others]
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001  # the others must not wait for ever
            log.warning("nothing goes along: %s", summary(error))
            return []
        return [_Write(each.step, 0, each.done, rides=True) for each in rides]

    async def company(self) -> None:
        """Wait for as long as a write waits for others."""
        await self._clock.sleep(COMPANY_SECONDS)

    def forget(self, table: str, partition: str) -> None:
        """Forget a partition that nothing is written to."""
        self._partitions.pop((table, partition), None)


class _Partition:
    """What is to be written to one partition of a table, and what is being written."""

    def __init__(self, groups: Groups, table: str, key: str) -> None:
        self._groups = groups
        self._table = table
        self._key = key
        self._gathered: list[_Write] = []
        self._under_way: set[asyncio.Task[None]] = set()
        self._starts = False
        self._waits: asyncio.Task[None] | None = None

    async def add(self, step: Step) -> str | None:
        loop = asyncio.get_running_loop()
        write = _Write(step, sent_size(step), loop.create_future())
        self._gathered.append(write)
        if not self._under_way or self._full:
            if not self._starts:
                self._starts = True
                loop.call_soon(self._start)
        elif self._waits is None:
            self._waits = asyncio.create_task(self._wait())
        return await write.done

    @property
    def _full(self) -> bool:
        return len(self._gathered) >= MOST_OPERATIONS or sum(each.size for each in self._gathered) >= LARGEST

    async def _wait(self) -> None:
        await self._groups.company()
        self._waits = None
        self._start()

    def _start(self) -> None:
        """Send what has gathered; what does not go together goes in several requests."""
        self._starts = False
        if self._waits is not None:
            self._waits.cancel()
            self._waits = None
        while group := self._next():
            group += self._groups.rides(self._table, self._key, len(group))
            task = asyncio.create_task(self._send(group))
            self._under_way.add(task)
            task.add_done_callback(self._sent)
        if not self._under_way:
            self._groups.forget(self._table, self._key)

    def _sent(self, task: "asyncio.Task[None]") -> None:
        self._under_way.discard(task)
        if not self._under_way:
            self._start()

    def _next(self) -> list[_Write]:
        group: list[_Write] = []
        left: list[_Write] = []
        keys: set[str] = set()
        size = 0
        for write in self._gathered:
            key = str(write.step.entity["RowKey"])
            if write.done.done():
                continue  # who asked for it has gone
            fits = len(group) < MOST_OPERATIONS and (not group or size + write.size <= LARGEST)
            if fits and key not in keys:
                group.append(write)
                keys.add(key)
                size += write.size
            else:
                left.append(write)
        self._gathered = left
        return group

    async def _send(self, group: Sequence[_Write]) -> None:
        try:
            await self._decide(group)
        except asyncio.CancelledError:  # the loop ends: nobody may wait for ever
            for write in group:
                write.done.cancel()
            raise

    async def _decide(self, group: Sequence[_Write]) -> None:
        """Write a group and tell each write what became of it."""
        if all(write.rides for write in group):
            for write in group:
                write.done.cancel()
            return
        answer = await self._answer(group)
        if answer is None:
            return
        if not isinstance(answer, Unmet):
            for write, etag in zip(group, answer, strict=True):
                _tell(write, etag)
            return
        # Nothing of it was written. What the account named is decided; the rest is sent again, in two halves, so that
        # many that are refused do not come one after the other. What goes along says nothing of the others.
        rest = [write for index, write in enumerate(group) if index != answer.index]
        halves = (rest[: len(rest) // 2], rest[len(rest) // 2 :])
        if answer.index is not None:
            _tell(group[answer.index], None)
            halves = (rest,) if group[answer.index].rides else halves
        await asyncio.gather(*(self._decide(half) for half in halves if half))

    async def _answer(self, group: Sequence[_Write]) -> Sequence[str | None] | Unmet | None:
        """Send a group; None: it failed, and each was told."""
        try:
            if len(group) == 1:
                return [await self._groups.single(self._table, group[0].step)]
            return await self._groups.batch(self._table, self._key, [write.step for write in group])
        except StorageRefused as refused:
            if len(group) > 1:
                return Unmet()  # one of them is what no table takes: the others must not suffer for it
            _fail(group[0], refused)
        except Exception as error:  # noqa: BLE001  # whatever it is, each of them is told
            for write in group:
                _fail(write, error)
        return None


def _tell(write: _Write, etag: str | None) -> None:
    if not write.done.done():
        write.done.set_result(etag)


def _fail(write: _Write, error: Exception) -> None:
    if write.done.done():
        return
    if isinstance(error, StorageUnavailable):
        # An exception that many raise gathers all their tracebacks: each gets one of its own.
        own = StorageUnavailable(str(error))
        own.__cause__ = error
        error = own
    write.done.set_exception(error)
