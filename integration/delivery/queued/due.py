"""Retry messages that are due in more than ten minutes: rows of a table, moved to the queue when their time comes."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from integration.clock import Clock
from integration.errors import Unforeseen
from integration.faults import netted
from integration.loggers import logger
from integration.storage import Queue, Storage, StoredRow, Where
from integration.storage.names import DUE, DUE_LEASE, PAYLOADS
from integration.storage.queues import MAX_MESSAGE
from integration.storage.turn import Turn

VERSION = 1

RUN_SECONDS = 60.0
"""A run ends well within the function's time; the timer comes again."""
AT_ONCE = 16
_MOMENT = "%Y%m%d%H%M%S%f"

log = logger("delivery")


class DueRows:
    """Messages by the time at which they are due.

    Args:
        storage: The worker's storage account.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def put(self, message: bytes, at: datetime) -> None:
        """Keep a message; keeping the same one for the same time twice leaves one.

        Args:
            message: At most 64 KiB.
            at: When it is due.

        Raises:
            StorageUnavailable: It is not known to be kept.
        """
        digest = hashlib.sha256(message).hexdigest()[:32]
        row = {
            "PartitionKey": _hour(at),
            "RowKey": f"{_moment(at)}-{digest}",
            "v": VERSION,
            "at": at,
            "message": message,
        }
        await (await self._storage.table(DUE)).put(row)

    async def overdue(self, since: datetime) -> bool:
        """Tell whether something that was due at a time has not been moved.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        return bool(await self._first(since))

    async def move(
        self,
        queue: Queue,
        clock: Clock,
        ahead: timedelta,
        corrupt: Callable[[str, bytes], Awaitable[None]],
    ) -> int:
        """Put what is due soon on a queue, oldest first, one instance at a time; returns how many.

        A row is deleted once its message is on the queue: a crash between the two leaves a second message, which the
        journal drops.

        Args:
            queue: Where they go, invisible until they are due.
            clock: The time.
            ahead: What is due within this is moved.
            corrupt: Keeps a row that cannot be read, given its key and what it holds.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        async with self._storage.blobs(PAYLOADS).lease(DUE_LEASE) as lease:
            if lease is None:
                return 0
            moved, turn = 0, Turn(lease, clock, RUN_SECONDS)
            while rows := await self._first(clock.now() + ahead):
                await asyncio.gather(*(self._one(row, queue, clock, corrupt) for row in rows))
                moved += len(rows)
                if await turn.ended():
                    break
        if moved:
            log.info("%d retries are due and on their queue", moved)
        return moved

    async def _first(self, until: datetime) -> list[StoredRow]:
        table = await self._storage.table(DUE)
        due = [Where("PartitionKey", "le", _hour(until)), Where("RowKey", "le", f"{_moment(until)}~")]
        return [row async for row in table.select(due, limit=AT_ONCE)]

    async def _one(
        self, row: StoredRow, queue: Queue, clock: Clock, corrupt: Callable[[str, bytes], Awaitable[None]]
    ) -> None:
        message, at = row.entity.get("message"), row.entity.get("at")

        async def bury(fault: Unforeseen | None = None) -> None:
            log.error("the row %s of %s cannot be used and is a dead letter: %s", row.key, DUE, fault or "")
            held = message if isinstance(message, bytes) else str(row.entity).encode(errors="replace")
            await corrupt(row.key, held)

        if (
            row.entity.get("v") != VERSION
            or not (isinstance(message, bytes) and isinstance(at, datetime))
            or len(message) > MAX_MESSAGE
        ):
            await bury()
        else:
            # One that the queue does not take must not stand in the way of all that are due later.
            await netted(queue.put(message, delay=max(timedelta(0), at - clock.now())), bury)
        await (await self._storage.table(DUE)).remove(row.partition, row.key)


def due_at(key: str) -> datetime | None:
    """Read from a row's key when it is due, whatever the row holds; None: no key of ours."""
    try:
        return datetime.strptime(key.partition("-")[0], _MOMENT).replace(tzinfo=UTC)
    except ValueError:
        return None


def _hour(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%d%H}"


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime(_MOMENT)
