"""Links on which nodes answer requests."""

from collections import deque

from emulation.service_bus.amqp.channel import Channel
from emulation.service_bus.amqp.connection import Connection
from emulation.service_bus.amqp.outgoing import OutgoingLink
from emulation.service_bus.codec.performatives import Attach


class ReplyLink(OutgoingLink):
    """Carries answers; they wait for credit.

    Args:
        channel: Its AMQP session.
        frame: What the peer attached with.
        addresses: What requests may name it by: its target's address and its name.
        node: The node it answers for, in lower case.
    """

    def __init__(self, channel: Channel, frame: Attach, addresses: frozenset[str], node: str) -> None:
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


def reply_link(connection: Connection, address: str, node: str) -> ReplyLink | None:
    """Return the link for an answer: by its target address or name, else the last one from the same node."""
    links = [
        link
        for channel in connection.channels.values()
        for link in channel.links.values()
        if isinstance(link, ReplyLink)
    ]
    named = [link for link in links if address and address in link.addresses]
    return next(reversed(named or [link for link in links if link.node == node]), None)
