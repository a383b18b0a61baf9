"""Links on which the messages of an entity go out, and their outcomes come in."""

import os
import signal
from typing import TYPE_CHECKING

from emulation.service_bus.amqp.channel import Channel
from emulation.service_bus.amqp.errors import DETACH_FORCED
from emulation.service_bus.amqp.outcomes import ACCEPTED, MODIFIED, REJECTED, RELEASED, Outcome
from emulation.service_bus.amqp.outgoing import OutgoingLink
from emulation.service_bus.broker.faults import Faults
from emulation.service_bus.codec.performatives import Attach
from emulation.service_bus.entities.locks import Lock
from emulation.service_bus.entities.message import Message, encode_message
from emulation.service_bus.entities.queue import Queue

if TYPE_CHECKING:
    from uuid import UUID

    from emulation.service_bus.entities.sessions import Session

SETTLED = 1


class EntityLink(OutgoingLink):
    """Carries the messages of a queue, subscription or dead-letter queue, or of one session.

    Args:
        channel: Its AMQP session.
        frame: What the peer attached with.
        queue: The entity.
        faults: What is made to go wrong.
    """

    def __init__(self, channel: Channel, frame: Attach, queue: Queue, faults: Faults) -> None:
        super().__init__(channel, frame)
        self.queue = queue
        self.entity = queue.path
        self._faults = faults
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

    def fails(self, delivery_id: int) -> bool:
        """Return whether a settlement was made to fail in a way that leaves it unanswered."""
        token = self._tokens[delivery_id]
        way = self._faults.settling(self.entity, token)
        if way == "detach":
            self.detach(DETACH_FORCED, "The link is detached before a settlement was taken.")
        elif way == "drop":
            self.channel.connection.drop()
        elif way == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        elif way == "lose-lock":
            self.queue.lose_lock(token)
        return way == "drop" or not self.attached  # who lost the session lost the link, too: nobody to answer

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
