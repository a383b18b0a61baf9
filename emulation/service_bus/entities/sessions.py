"""Sessions of an entity: who holds which, until when, and who waits for one."""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from emulation.service_bus.amqp.errors import SESSION_LOCKED, Refused
from emulation.service_bus.entities.lane import Lane
from emulation.service_bus.entities.message import MAX_TIME
from emulation.service_bus.entities.receiver import Receiver

if TYPE_CHECKING:
    from uuid import UUID

type Waiter = Callable[[], bool]


class Session:
    """Messages of one session id.

    Args:
        session_id: The id, which may be empty.
        lane: Its ready messages.
    """

    __slots__ = ("holder", "lane", "listed", "locked_until", "session_id", "state", "tokens", "updated_at")

    def __init__(self, session_id: str, lane: Lane) -> None:
        self.session_id = session_id
        self.lane = lane
        self.holder: Receiver | None = None
        self.locked_until = 0
        self.state: bytes | None = None
        self.updated_at = 0
        self.tokens: set[UUID] = set()
        self.listed = False


class SessionTable:
    """The sessions of an entity.

    Args:
        new_lane: Makes a session's lane.
        changed: Called when a lock's end has moved, with that end in milliseconds since 1970.
    """

    def __init__(self, new_lane: Callable[[], Lane], changed: Callable[[int], None]) -> None:
        self._new_lane = new_lane
        self._changed = changed
        self._sessions: dict[str, Session] = {}
        self._available: deque[Session] = deque()
        self._waiters: deque[Waiter] = deque()

    def get(self, session_id: str) -> Session | None:
        """Return a session that has messages, a state or a holder."""
        return self._sessions.get(session_id)

    def all(self) -> list[Session]:
        """Return every session."""
        return list(self._sessions.values())

    def open(self, session_id: str) -> Session:
        """Return a session, making it if there is none."""
        session = self._sessions.get(session_id)
        if session is None:
            session = self._sessions[session_id] = Session(session_id, self._new_lane())
        return session

    def push(self, session_id: str, sequence: int) -> None:
        """Make a message of a session ready."""
        session = self.open(session_id)
        session.lane.push(sequence)
        if session.holder is None:
            self._list(session)
        else:
            session.lane.pump()

    def accept(self, session_id: str | None, receiver: Receiver, until: int) -> Session | None:
        """Lock a session for a receiver.

        Args:
            session_id: Which; none asks for the next that is free and has messages.
            receiver: Its holder.
            until: The lock's end, in milliseconds since 1970.

        Returns:
            The session, or none where the next was asked for and there is none.

        Raises:
            Refused: Another receiver holds it.
        """
        session = self._next() if session_id is None else self.open(session_id)
        if session is None:
            return None
        if session.holder is not None:
            reason = "It may be locked by another receiver."
            msg = f"The requested session '{session.session_id}' cannot be accepted. {reason}"
            raise Refused(SESSION_LOCKED, msg)
        session.holder = receiver
        self.renew(session, until)
        return session

    def renew(self, session: Session, until: int) -> None:
        """Move a session lock's end; a receiver that deletes what it gets keeps its session while it is attached."""
        session.locked_until = until
        if session.holder is not None and session.holder.peek_lock:
            self._changed(until)

    def release(self, session: Session) -> None:
        """Free a session for the next receiver."""
        session.holder = None
        session.tokens.clear()
        if len(session.lane):
            self._list(session)
        else:
            self._drop_empty(session)

    def forget_messages(self) -> None:
        """Empty every session, keeping states and holders."""
        for session in self.all():
            session.lane.clear()
            self._drop_empty(session)

    def wait(self, waiter: Waiter) -> None:
        """Call back when a session is free; the waiter returns whether it took one."""
        self._waiters.append(waiter)

    def cancel(self, waiter: Waiter) -> None:
        """Let a waiter wait no longer."""
        if waiter in self._waiters:
            self._waiters.remove(waiter)

    def ended(self, now: int) -> list[Session]:
        """Return the held sessions whose lock has ended."""
        return [session for session in self._sessions.values() if _holds(session) and session.locked_until <= now]

    def next_end(self) -> int:
        """Return when the next session lock ends, in milliseconds since 1970."""
        return min((session.locked_until for session in self._sessions.values() if _holds(session)), default=MAX_TIME)

    def _next(self) -> Session | None:
        while self._available:
            session = self._available.popleft()
            session.listed = False
            if session.holder is None and len(session.lane):
                return session
        return None

    def _list(self, session: Session) -> None:
        if not session.listed:
            session.listed = True
            self._available.append(session)
        while self._waiters and self._available:
            if self._waiters[0]():
                self._waiters.popleft()
            else:
                break

    def _drop_empty(self, session: Session) -> None:
        if session.holder is None and session.state is None and not len(session.lane):
            self._sessions.pop(session.session_id, None)


def _holds(session: Session) -> bool:
    return session.holder is not None and session.holder.peek_lock
