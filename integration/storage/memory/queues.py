"""A queue in memory: messages become visible when their time comes."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from integration.errors import StorageRefused
from integration.storage.memory.account import Account
from integration.storage.queues import MAX_MESSAGE

_LONGEST_DELAY = timedelta(days=7)
_DELETING = 40.0
"""Seconds for which a deleted queue is not made again. Source: "Create Queue": at least 40."""


class Waiting(msgspec.Struct, frozen=True):
    """A message on the queue."""

    body: bytes
    put_at: datetime
    visible_at: datetime


class MemoryQueue:
    """What `Queue` is, in memory, and what its reader would get of it.

    Args:
        account: Where it is.
        name: The queue's name.
    """

    def __init__(self, account: Account, name: str) -> None:
        self._account = account
        self._name = name
        self._waiting: list[Waiting] = []
        self._deleted: float | None = None

    @property
    def name(self) -> str:
        """The queue's name."""
        return self._name

    async def touch(self) -> None:
        """Open the way to the queue, as `Queue.touch`."""
        await self._account.ask("touch", lambda: None)

    async def put(self, body: bytes, *, delay: timedelta = timedelta(0)) -> None:
        """Put one message on the queue, as `Queue.put`."""
        pause = timedelta(seconds=max(0, round(delay.total_seconds())))
        if len(body) > MAX_MESSAGE or pause > _LONGEST_DELAY:
            status = 413 if len(body) > MAX_MESSAGE else 400
            msg = f"putting a message on {self._name}: the account answered {status}"
            raise StorageRefused(msg, status=status)

        def act() -> None:
            self._account.check_free(self._deleted, _DELETING, f"putting a message on {self._name}")
            now = self._account.clock.now()
            self._waiting.append(Waiting(body, now, now + pause))

        await self._account.ask("put_message", act)

    async def depth(self) -> int:
        """Count the messages, as `Queue.depth`."""
        return await self._account.ask("depth", lambda: len(self._waiting))

    async def oldest(self) -> datetime | None:
        """Say since when the message at the front has been there, as `Queue.oldest`."""
        return await self._account.ask("oldest", lambda: next((each.put_at for each in self._visible()), None))

    async def may_take(self) -> bool:
        """Find out whether messages may be read and removed, as `Queue.may_take`."""
        return await self._account.ask("peek", lambda: self._deleted is None)

    async def may_put(self) -> bool:
        """Find out whether messages may be put, as `Queue.may_put`."""
        return await self._account.ask("put_message", lambda: self._deleted is None)

    def drop(self) -> None:
        """Delete it with its messages; it cannot be made again for a while."""
        self._waiting.clear()
        self._deleted = self._account.clock.monotonic()

    @property
    def bodies(self) -> Sequence[bytes]:
        """All messages, in the order they came, whether they are visible or not."""
        return tuple(each.body for each in self._waiting)

    def take(self) -> list[bytes]:
        """Take what is visible, as a reader that deletes what it was given."""
        taken = self._visible()
        self._waiting = [each for each in self._waiting if each not in taken]
        return [each.body for each in taken]

    def _visible(self) -> list[Waiting]:
        now = self._account.clock.now()
        return sorted((each for each in self._waiting if each.visible_at <= now), key=lambda each: each.visible_at)
