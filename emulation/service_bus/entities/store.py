"""Messages of one entity: kept, handed out, unlocked, buried, and woken in time.

Everything here is synchronous and in memory; what must survive is told to a `Recorder`.
"""

from heapq import heapify, heappop, heappush

import msgspec

from emulation.service_bus.amqp.content import GROUP_ID, MESSAGE_ID, Content, properties, with_application_properties
from emulation.service_bus.amqp.errors import NOT_ALLOWED, SESSION_LOCK_LOST, Refused
from emulation.service_bus.config import QueueConfig
from emulation.service_bus.entities.alarm import Clock
from emulation.service_bus.entities.dedup import Window
from emulation.service_bus.entities.lane import Lane
from emulation.service_bus.entities.locks import Lock, LockTable
from emulation.service_bus.entities.message import MAX_TIME, Message, State
from emulation.service_bus.entities.ports import Recorder, Router
from emulation.service_bus.entities.receiver import Receiver
from emulation.service_bus.entities.sessions import Session, SessionTable

SLACK = 1000
NO_SESSION_ID = (
    "The SessionId was not set on a message, and it cannot be sent to the entity. Entities that have session support "
    "enabled can only receive messages that have the SessionId set to a valid value."
)


class Store:
    """What an entity holds.

    Args:
        path: Its address, e.g. `orders`, `topic/Subscriptions/all` or `orders/$DeadLetterQueue`.
        config: Its settings.
        clock: Its time.
        recorder: Told what must survive.
        router: Takes forwarded messages.
        dead_letters: Its dead-letter queue; none for a dead-letter queue itself.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - an entity's surroundings
        self,
        path: str,
        config: QueueConfig,
        clock: Clock,
        recorder: Recorder,
        router: Router,
        dead_letters: "Store | None" = None,
    ) -> None:
        self.path = path
        self.config = config
        self.dead_letters = dead_letters
        self.messages: dict[int, Message] = {}
        self.next_sequence = 1
        self.window = Window(config.duplicate_detection)
        self.locks = LockTable()
        self._clock, self._recorder, self._router = clock, recorder, router
        self._lane = Lane(self._take)
        self.sessions = SessionTable(lambda: Lane(self._take), self._arm) if config.requires_session else None
        self._scheduled: list[tuple[int, int]] = []
        self._expiries: list[tuple[int, int]] = []
        self._armed_at = MAX_TIME

    # --- in ---

    def send(self, content: Content, *, hops: int = 0) -> int | None:
        """Take a message in, now or when it is scheduled.

        Returns:
            Its sequence number; none for a duplicate, or when it was forwarded.

        Raises:
            Refused: It has no session id and the queue requires one.
        """
        now = self._clock.now()
        config = self.config
        session_id: str | None = None
        if config.requires_session or config.duplicate_detection is not None:
            fields = properties(content.bare)
            session_id = fields[GROUP_ID]
            if config.requires_session and session_id is None:
                raise Refused(NOT_ALLOWED, NO_SESSION_ID)
            if not self.first_seen(fields[MESSAGE_ID], content, now):
                return None
        ttl = config.default_ttl
        if ttl is not None and (content.ttl is None or content.ttl > ttl):
            content = msgspec.structs.replace(content, ttl=int(ttl))
        message = Message(content, self._number(), now, session_id=session_id)
        message.hops = hops
        if content.scheduled_at is not None and content.scheduled_at > now:
            message.state = State.SCHEDULED
            message.enqueued_at = content.scheduled_at
            self._recorder.put(self.path, message)
            self._keep(message)
            return message.sequence
        return self._enqueue(message)

    def first_seen(self, message_id: object, content: Content, now: int) -> bool:
        """Return whether a message id is new within the duplicate detection window, and note it."""
        if self.config.duplicate_detection is None or message_id is None:
            return True
        identity = str(message_id)
        if self.config.partitioned and content.partition_key is not None:
            identity = f"{content.partition_key}\n{identity}"
        if not self.window.is_new(identity, now):
            return False
        self._recorder.seen(self.path, identity, now)
        return True

    def put_dead(self, message: Message, content: Content, source: str) -> None:
        """Take in a dead-lettered message; its count, time and first number stay."""
        copy = Message(content, self._number(), message.enqueued_at, dead_letter_source=source)
        copy.delivery_count = message.delivery_count
        copy.enqueued_sequence = message.enqueued_sequence
        self._recorder.put(self.path, copy)
        self._keep(copy)
        self._lane.pump()

    def send_dead(self, content: Content, reason: str, description: str) -> None:
        """Take a message straight into the dead-letter queue: it could not be filtered or forwarded."""
        self._bury(Message(content, self._number(), self._clock.now()), reason, description)

    def window_entries(self) -> list[tuple[str, int]]:
        """Return the ids that duplicate detection remembers, with when they were seen."""
        return self.window.entries(self._clock.now())

    def restore(self, message: Message, *, locked: bool) -> None:
        """Take back a message from the journal; a lock that was held is lost and counts as a delivery."""
        self.next_sequence = max(self.next_sequence, message.sequence + 1)
        if locked:
            message.delivery_count += 1
            self._recorder.update(self.path, message)
        self._keep(message)

    def _number(self) -> int:
        number = self.next_sequence
        self.next_sequence = number + 1
        return number

    def _enqueue(self, message: Message) -> int | None:
        if self.config.forward_to is not None:
            self._router.forward(self.path, self.config.forward_to, message.content, message)
            return None
        ttl = message.content.ttl
        if ttl is not None:
            message.expires_at = min(message.enqueued_at + ttl, MAX_TIME)
        self._recorder.put(self.path, message)
        self._keep(message)
        if self.sessions is None:
            self._lane.pump()
        return message.sequence

    def _keep(self, message: Message) -> None:
        self.messages[message.sequence] = message
        if message.state is State.SCHEDULED:
            heappush(self._scheduled, (message.enqueued_at, message.sequence))
            self._arm(message.enqueued_at)
            return
        if message.expires_at < MAX_TIME:
            heappush(self._expiries, (message.expires_at, message.sequence))
            self._arm(message.expires_at)
            if len(self._expiries) > 2 * len(self.messages) + SLACK:
                self._forget_expiries()
        if message.state is State.ACTIVE:
            self._make_ready(message)

    def _forget_expiries(self) -> None:
        """Drop the expiries of messages that are gone, which may lie weeks ahead."""
        living = self.messages.values()
        self._expiries = [(one.expires_at, one.sequence) for one in living if one.expires_at < MAX_TIME]
        heapify(self._expiries)

    def _make_ready(self, message: Message) -> None:
        if self.sessions is None:
            self._lane.push(message.sequence)
        else:
            self.sessions.push(message.session_id or "", message.sequence)

    # --- out ---

    def release_session(self, session: Session, receiver: Receiver) -> None:
        """Free a session; what was locked in it is ready again."""
        if self.sessions is None or session.holder is not receiver:
            return
        session.lane.leave(receiver)
        tokens = list(session.tokens)
        session.tokens.clear()
        for token in tokens:  # before anybody else can hold the session, so that the order stays
            if lock := self.locks.remove(token):
                self._unlock(lock.message, counted=True)
        self.sessions.release(session)

    def _take(self, sequence: int, receiver: Receiver) -> bool:
        message = self.messages.get(sequence)
        if message is None or message.locked or message.state is not State.ACTIVE:
            return False
        if message.expires_at <= self._clock.now():
            self._expire(message)
            return False
        if receiver.peek_lock:
            receiver.deliver(message, self._lock(message))
        else:
            del self.messages[sequence]
            self._recorder.remove(self.path, sequence)
            receiver.deliver(message, None)
        return True

    def _lock_end(self) -> int:
        return self._clock.now() + self.config.lock_duration

    def _lock(self, message: Message) -> Lock:
        session = self.sessions.get(message.session_id or "") if self.sessions is not None else None
        lock = Lock(message, session.locked_until if session is not None else self._lock_end())
        message.locked = True
        self.locks.add(lock, timed=session is None)
        if session is not None:
            session.tokens.add(lock.token)
        else:
            self._arm(lock.until)
        self._recorder.locked(self.path, message.sequence)
        return lock

    # --- back, gone, buried ---

    def _unlock(self, message: Message, *, counted: bool) -> None:
        message.locked = False
        if counted:
            message.delivery_count += 1
            if self.dead_letters is not None and message.delivery_count >= self.config.max_delivery_count:
                count = message.delivery_count
                description = f"Message could not be consumed after {count} delivery attempts."
                self._bury(message, "MaxDeliveryCountExceeded", description)
                return
        self._recorder.update(self.path, message)
        if message.state is State.ACTIVE:
            self._make_ready(message)
            self._lane.pump()

    def _remove(self, message: Message) -> None:
        if self.messages.pop(message.sequence, None) is not None:
            self._recorder.remove(self.path, message.sequence)

    def _bury(self, message: Message, reason: str | None, description: str | None) -> None:
        target = self.dead_letters
        if target is None:  # a dead-letter queue keeps what is dead-lettered in it
            self._unlock(message, counted=False)
            return
        notes = {"DeadLetterReason": reason, "DeadLetterErrorDescription": description}
        changes = {name: note for name, note in notes.items() if note is not None}
        bare = with_application_properties(message.content.bare, changes)
        content = msgspec.structs.replace(message.content, bare=bare)
        if self.config.forward_dead_letters_to is not None:
            self._router.forward(self.path, self.config.forward_dead_letters_to, content, message)
        else:
            target.put_dead(message, content, self.path)
        self._remove(message)

    # --- time ---

    def _arm(self, when: int) -> None:
        if when < self._armed_at:
            self._armed_at = when
            self._clock.call_at(when, self._wake)

    def _wake(self) -> None:
        self._armed_at = MAX_TIME
        now = self._clock.now()
        for lock in self.locks.take_ended(now):
            self._unlock(lock.message, counted=True)
        if self.sessions is not None:
            for session in self.sessions.ended(now):
                self._lose_session(session)
            self._arm(self.sessions.next_end())
        while self._scheduled and self._scheduled[0][0] <= now:
            self._activate(heappop(self._scheduled)[1])
        while self._expiries and self._expiries[0][0] <= now:
            message = self.messages.get(heappop(self._expiries)[1])
            if message is not None and not message.locked and message.expires_at <= now:
                self._expire(message)
        self._arm(self.locks.next_end() or MAX_TIME)
        self._arm(self._scheduled[0][0] if self._scheduled else MAX_TIME)
        self._arm(self._expiries[0][0] if self._expiries else MAX_TIME)

    def _activate(self, sequence: int) -> None:
        message = self.messages.get(sequence)
        if message is None:
            return
        self._remove(message)
        message.state, message.sequence = State.ACTIVE, self._number()
        message.enqueued_sequence = message.sequence
        self._enqueue(message)

    def _expire(self, message: Message) -> None:
        if self.config.dead_letter_on_expiration and self.dead_letters is not None:
            self._bury(message, "TTLExpiredException", "The message expired and was dead lettered.")
        else:
            self._remove(message)

    def _lose_session(self, session: Session) -> None:
        receiver = session.holder
        if receiver is None:
            return
        self.release_session(session, receiver)
        receiver.detach(
            SESSION_LOCK_LOST,
            f"The session lock has expired on the MessageSession '{session.session_id}'. Accept a new MessageSession.",
        )
