"""Locks on messages: token and end."""

from collections import deque
from uuid import UUID, uuid4

from emulation.service_bus.entities.message import Message


class Lock:
    """A message held for a receiver.

    Args:
        message: The message.
        until: When it ends, in milliseconds since 1970.
    """

    __slots__ = ("message", "token", "until")

    def __init__(self, message: Message, until: int) -> None:
        self.message = message
        self.until = until
        self.token = uuid4()


class LockTable:
    """The locks of an entity, by token."""

    def __init__(self) -> None:
        self._locks: dict[UUID, Lock] = {}
        self._by_end: deque[tuple[int, UUID]] = deque()

    def __len__(self) -> int:
        return len(self._locks)

    def add(self, lock: Lock, *, timed: bool) -> None:
        """Hold a lock; an untimed one ends with its session.

        All locks of an entity last equally long, so the order of adding is the order of ending.
        """
        self._locks[lock.token] = lock
        if timed:
            self._by_end.append((lock.until, lock.token))

    def get(self, token: UUID) -> Lock | None:
        """Return a lock that has not been settled, whether it has ended or not."""
        return self._locks.get(token)

    def remove(self, token: UUID) -> Lock | None:
        """Let a lock go."""
        lock = self._locks.pop(token, None)
        self.next_end()  # drops settled locks: a busy entity would pile up thousands until they expire
        return lock

    def renew(self, lock: Lock, until: int) -> None:
        """Move a lock's end."""
        lock.until = until
        self._by_end.append((until, lock.token))

    def all(self) -> list[Lock]:
        """Return every lock."""
        return list(self._locks.values())

    def next_end(self) -> int | None:
        """Return when the next lock ends, in milliseconds since 1970."""
        while self._by_end:
            until, token = self._by_end[0]
            lock = self._locks.get(token)
            if lock is not None and lock.until == until:
                return until
            self._by_end.popleft()
        return None

    def take_ended(self, now: int) -> list[Lock]:
        """Remove and return the locks that have ended."""
        ended: list[Lock] = []
        while (until := self.next_end()) is not None and until <= now:
            lock = self._locks.pop(self._by_end.popleft()[1])
            ended.append(lock)
        return ended
