"""Links on which the broker sends: messages of an entity, and answers of $cbs and $management."""

from collections import deque
from typing import TYPE_CHECKING

from emulation.service_bus.codec.performatives import Attach, Flow, Transfer
from emulation.service_bus.errors import NOT_ALLOWED
from emulation.service_bus.frames import transfer_frames
from emulation.service_bus.locks import Lock
from emulation.service_bus.message import Message, encode_message
from emulation.service_bus.outcomes import ACCEPTED, MODIFIED, REJECTED, RELEASED, Outcome
from emulation.service_bus.queue import Queue

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from emulation.service_bus.channel import Channel
    from emulation.service_bus.sessions import Session

SETTLED = 1


class OutgoingLink:
    """The sending end of a link: credit and delivery count.

    Args:
        channel: Its AMQP session.
        frame: What the peer attached with.
    """

    def __init__(self, channel: "Channel", frame: Attach) -> None:
        self.channel = channel
        self.handle = frame.handle
        self.name = frame.name
        self.entity = ""
        self.credit = 0
        self.attached = True
        self.on_closed: Callable[[], None] | None = None
        self._delivery_count = 0

    def ready(self) -> bool:
        """Return whether a message can be sent now."""
        channel = self.channel
        return self.credit > 0 and self.attached and channel.window > 0 and channel.connection.writable

    def take_credit(self) -> None:
        """Count a message that is about to be sent."""
        self.credit -= 1
        self._delivery_count += 1

    def send(self, delivery_id: int, tag: bytes | None, payload: bytes, *, settled: bool) -> None:
        """Send a message for which credit was taken."""
        if not self.attached:
            return
        channel = self.channel
        max_frame = channel.connection.max_frame
        channel.send_transfers(
            transfer_frames(
                channel.number, self.handle, delivery_id, tag, payload, settled=settled, max_frame=max_frame
            )
        )

    def flow(self, frame: Flow) -> None:
        """Take the peer's credit, send what there is, and if it asks to be drained give the rest back."""
        if frame.link_credit is not None:
            self.credit = max((frame.delivery_count or 0) + frame.link_credit - self._delivery_count, 0)
        if self.credit:
            self.pump()
        if frame.drain:
            self._delivery_count += self.credit
            self.credit = 0
        if frame.drain or frame.echo:
            count, credit, drain = self._delivery_count, self.credit, bool(frame.drain)
            self.channel.connection.after_commit(
                lambda: self.channel.send_flow(self.handle, count, credit, drain=drain)
            )

    def transfer(self, frame: Transfer, payload: bytes) -> None:
        """Refuse a transfer: it goes the wrong way."""
        size = f"{len(payload)} bytes on handle {frame.handle}"
        self.channel.detach(self.handle, NOT_ALLOWED, f"A transfer of {size}, on which the broker is the sender.")

    def pump(self) -> None:
        """Send what waits."""

    def closed(self) -> None:
        """Let go of everything: the link is gone."""
        self.attached = False
        if self.on_closed is not None:
            self.on_closed()


class ReplyLink(OutgoingLink):
    """Carries answers; they wait for credit.

    Args:
        channel: Its AMQP session.
        frame: What the peer attached with.
        addresses: What requests may name it by: its target's address and its name.
        node: The node it answers for, in lower case.
    """

    def __init__(self, channel: "Channel", frame: Attach, addresses: frozenset[str], node: str) -> None:
        super().__init__(channel, frame)
        self.addresses = addresses
        self.node = node
        self._waiting: deque[bytes] = deque()

    def answer(self, payload: bytes) -> None:
        """Send an encoded message."""
        self._waiting.append(payload)
        self.pump()

    def pump(self) -> None:
        """Send what waits."""
        while self._waiting and self.ready():
            delivery_id = self.channel.next_delivery_id()
            self.take_credit()
            self.send(delivery_id, delivery_id.to_bytes(4, "big"), self._waiting.popleft(), settled=True)


class EntityLink(OutgoingLink):
    """Carries the messages of a queue, subscription or dead-letter queue, or of one session.

    Args:
        channel: Its AMQP session.
        frame: What the peer attached with.
        queue: The entity.
    """

    def __init__(self, channel: "Channel", frame: Attach, queue: Queue) -> None:
        super().__init__(channel, frame)
        self.queue = queue
        self.entity = queue.path
        self.peek_lock = frame.snd_settle_mode != SETTLED
        self.session: Session | None = None
        self._tokens: dict[int, UUID] = {}

    def pump(self) -> None:
        """Wait for messages, and take those that are there."""
        if self.session is not None:
            self.session.lane.want(self)
        else:
            self.queue.want(self)

    def deliver(self, message: Message, lock: Lock | None) -> None:
        """Send a message; without a lock once its removal is durable."""
        self.take_credit()
        channel = self.channel
        delivery_id = channel.next_delivery_id()
        if lock is None:
            payload = encode_message(message)
            channel.connection.after_commit(lambda: self.send(delivery_id, None, payload, settled=True))
            return
        self._tokens[delivery_id] = lock.token
        channel.unsettled[delivery_id] = self
        payload = encode_message(message, locked_until=lock.until, token=lock.token)
        self.send(delivery_id, lock.token.bytes_le, payload, settled=False)

    def settle(self, delivery_id: int, outcome: Outcome) -> None:
        """Apply what the receiver says of a delivery.

        Raises:
            Refused: The lock has ended.
        """
        token = self._tokens.pop(delivery_id)
        if outcome.kind == ACCEPTED:
            self.queue.complete(token)
        elif outcome.kind == RELEASED:
            self.queue.abandon(token, counted=False)
        elif outcome.kind == REJECTED:
            self.queue.dead_letter(token, *outcome.dead_letter())
        elif outcome.kind == MODIFIED and outcome.undeliverable_here:
            self.queue.defer(token, outcome.annotations)
        else:
            self.queue.abandon(token, outcome.annotations)  # SDKs leave out delivery-failed; Azure counts all the same

    def detach(self, condition: str, description: str) -> None:
        """Close the link from the broker's side."""
        if self.attached:
            self.channel.detach(self.handle, condition, description)

    def closed(self) -> None:
        """Let go: a session is free again, other locks stay until they end."""
        super().closed()
        for delivery_id in self._tokens:
            self.channel.unsettled.pop(delivery_id, None)
        self.queue.leave(self)
        if self.session is not None:
            self.queue.release_session(self.session, self)
