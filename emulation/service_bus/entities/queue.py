"""A queue as its links and its management node use it. Subscriptions and dead-letter queues are queues too."""

from bisect import bisect_left
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec

from emulation.service_bus.amqp.content import with_application_properties
from emulation.service_bus.amqp.errors import LOCK_LOST, MESSAGE_NOT_FOUND, NOT_ALLOWED, SESSION_LOCK_LOST, Refused
from emulation.service_bus.entities.locks import Lock
from emulation.service_bus.entities.message import Message, State
from emulation.service_bus.entities.receiver import Receiver
from emulation.service_bus.entities.sessions import Session
from emulation.service_bus.entities.store import Store


class Queue(Store):
    """Messages that are received, settled, peeked and scheduled."""

    # --- receiving ---

    def want(self, receiver: Receiver) -> None:
        """Let a receiver wait for messages."""
        self._lane.want(receiver)

    def leave(self, receiver: Receiver) -> None:
        """Let a receiver go; its locks stay until they end."""
        self._lane.leave(receiver)

    def accept_session(self, session_id: str | None, receiver: Receiver) -> Session | None:
        """Lock a session for a receiver; see `SessionTable.accept`."""
        if self.sessions is None:
            limit = "on an entity that does not require sessions"
            msg = f"A sessionful message receiver cannot be created {limit}: {self.path}"
            raise Refused(NOT_ALLOWED, msg)
        return self.sessions.accept(session_id, receiver, self._lock_end())

    # --- settlement ---

    def complete(self, token: UUID) -> None:
        """Remove a locked message.

        Raises:
            Refused: The lock has ended.
        """
        self._remove(self._settle(token))

    def abandon(self, token: UUID, changes: dict[str, Any] | None = None, *, counted: bool = True) -> None:
        """Make a locked message ready again.

        Args:
            token: The lock.
            changes: Application properties to set.
            counted: Whether this was a delivery that failed; a released one was not.

        Raises:
            Refused: The lock has ended.
        """
        message = self._settle(token)
        self._change(message, changes)
        self._unlock(message, counted=counted)

    def defer(self, token: UUID, changes: dict[str, Any] | None = None) -> None:
        """Set a locked message aside until it is asked for by number.

        Raises:
            Refused: The lock has ended.
        """
        message = self._settle(token)
        self._change(message, changes)
        message.state, message.locked = State.DEFERRED, False
        self._recorder.update(self.path, message)

    def dead_letter(self, token: UUID, reason: str | None, description: str | None, changes: dict[str, Any]) -> None:
        """Move a locked message to the dead-letter queue.

        Raises:
            Refused: The lock has ended.
        """
        message = self._settle(token)
        self._change(message, changes)
        self._bury(message, reason, description)

    def renew(self, token: UUID) -> int:
        """Renew a lock, and return its new end in milliseconds since 1970.

        Raises:
            Refused: The lock has ended.
        """
        lock = self._held(token)
        self.locks.renew(lock, self._lock_end())
        self._arm(lock.until)
        return lock.until

    def lose_locks(self) -> int:
        """End every lock, of messages and sessions, as if its time were over; return how many there were."""
        lost = self.locks.all()
        held = [session for session in self.sessions.all() if session.holder is not None] if self.sessions else []
        for session in held:
            self._lose_session(session)
        for lock in lost:
            self.lose_lock(lock.token)
        return len(lost) + len(held)

    def lose_lock(self, token: UUID) -> None:
        """End the lock of a message, or of its session, as if its time were over."""
        lock = self.locks.get(token)
        session = self.sessions.get(lock.message.session_id or "") if lock and self.sessions else None
        if session is not None and session.holder is not None:
            self._lose_session(session)
        elif lock is not None and self.locks.remove(token):
            self._unlock(lock.message, counted=True)

    def _held(self, token: UUID) -> Lock:
        lock = self.locks.get(token)
        if lock is not None and (self.sessions is not None or lock.until > self._clock.now()):
            return lock
        if self.sessions is not None:
            msg = "The session lock has expired on the MessageSession. Accept a new MessageSession."
            raise Refused(SESSION_LOCK_LOST, msg)
        reason = "Either the lock expired, or the message has already been removed from the queue."
        raise Refused(LOCK_LOST, f"The lock supplied is invalid. {reason}")

    def _settle(self, token: UUID) -> Message:
        lock = self._held(token)
        self.locks.remove(token)
        if self.sessions is not None and (session := self.sessions.get(lock.message.session_id or "")):
            session.tokens.discard(token)
        return lock.message

    def _change(self, message: Message, changes: dict[str, Any] | None) -> None:
        if changes:
            bare = with_application_properties(message.content.bare, changes)
            message.set_content(msgspec.structs.replace(message.content, bare=bare))
            self._recorder.put(self.path, message)

    # --- by number ---

    def receive_deferred(self, sequences: Iterable[int], *, peek_lock: bool) -> list[tuple[Message, Lock | None]]:
        """Take deferred messages by number.

        Raises:
            Refused: One of them is not there, not deferred or locked.
        """
        messages = [self.messages.get(sequence) for sequence in sequences]
        found = [message for message in messages if message is not None and message.state is State.DEFERRED]
        if len(found) < len(messages) or any(message.locked for message in found):
            msg = "Failed to lock one or more specified messages. The message does not exist."
            raise Refused(MESSAGE_NOT_FOUND, msg)
        if peek_lock:
            return [(message, self._lock(message)) for message in found]
        for message in found:
            self._remove(message)
        return [(message, None) for message in found]

    def cancel_scheduled(self, sequences: Iterable[int]) -> None:
        """Remove scheduled messages by number.

        Raises:
            Refused: One of them is not scheduled; none is removed then.
        """
        messages = [self.messages.get(sequence) for sequence in sequences]
        found = [message for message in messages if message is not None and message.state is State.SCHEDULED]
        if len(found) < len(messages):
            raise Refused(MESSAGE_NOT_FOUND, "The message identified by this sequence number is not scheduled.")
        for message in found:
            self._remove(message)

    def peek(self, start: int, count: int, session_id: str | None = None) -> list[Message]:
        """Return up to `count` messages from a number on, whatever their state, without locking them."""
        numbers = list(self.messages)
        found: list[Message] = []
        for number in numbers[bisect_left(numbers, start) :]:
            message = self.messages[number]
            if session_id is None or message.session_id == session_id:
                found.append(message)
                if len(found) >= count:
                    break
        return found

    def purge(self) -> int:
        """Remove every message that is not locked; return how many there were."""
        gone = [message for message in self.messages.values() if not message.locked]
        for message in gone:
            self._remove(message)
        return len(gone)

    def refresh_session(self, session: Session) -> int:
        """Renew a session's lock, and return its new end in milliseconds since 1970."""
        if self.sessions is not None:
            self.sessions.renew(session, self._lock_end())
        return session.locked_until

    def set_session_state(self, session: Session, state: bytes | None) -> None:
        """Keep a session's state; none clears it."""
        session.state, session.updated_at = state, self._clock.now()
        self._recorder.session_state(self.path, session.session_id, state)
