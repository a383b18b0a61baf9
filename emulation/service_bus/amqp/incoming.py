"""Links on which the broker receives: messages for an entity, and requests to $cbs and $management."""

from collections.abc import Callable

from emulation.service_bus.amqp.channel import Channel
from emulation.service_bus.amqp.errors import DECODE_ERROR, SIZE_EXCEEDED, Refused
from emulation.service_bus.amqp.outcomes import ACCEPTED_STATE, rejection
from emulation.service_bus.codec.performatives import Attach, Flow, Transfer
from emulation.service_bus.codec.types import DecodeError

CREDIT = 1000
type Sink = Callable[[bytes, int], None]


class IncomingLink:
    """The receiving end of a link.

    Args:
        channel: Its AMQP session.
        frame: What the peer attached with.
        sink: Takes (encoded message, message format), and raises `Refused` to reject it.
        max_size: The largest message, in bytes.
        entity: The path of the entity; empty for a node.
    """

    def __init__(self, channel: Channel, frame: Attach, sink: Sink, max_size: int, entity: str = "") -> None:
        self.channel = channel
        self.handle = frame.handle
        self.entity = entity
        self._sink = sink
        self._max_size = max_size
        self._delivery_count = frame.initial_delivery_count or 0
        self._credit = CREDIT
        self._parts: list[bytes] = []
        self._size = 0
        self._first: Transfer | None = None

    def grant(self) -> None:
        """Give credit."""
        self._credit = CREDIT
        self.channel.send_flow(self.handle, self._delivery_count, self._credit)

    def flow(self, frame: Flow) -> None:
        """Take the sender's state; it may have used up credit without sending."""
        if frame.delivery_count is not None:
            self._delivery_count = frame.delivery_count
        if frame.echo:
            self.grant()

    def transfer(self, frame: Transfer, payload: bytes) -> None:
        """Take a message, or a part of one."""
        first = self._first
        if first is None:
            if frame.delivery_id is None:
                raise DecodeError("the first transfer of a delivery has no delivery-id")
            first = frame
        if frame.aborted:
            self._reset()
            return
        self._size += len(payload)
        too_large = self._size > self._max_size
        if too_large:
            self._parts.clear()  # its size is known, its bytes are not needed
        if frame.more:
            self._first = first
            if not too_large:
                self._parts.append(payload)
            return
        message = b"".join((*self._parts, payload)) if self._parts else payload
        size = self._size
        self._reset()
        self._count()
        if too_large:
            name = f"The received message (delivery-id:{first.delivery_id}, size:{size} bytes)"
            limit = f"exceeds the limit ({self._max_size} bytes) currently allowed on the link."
            self._settle(first, rejection(Refused(SIZE_EXCEEDED, f"{name} {limit}")))
        else:
            self._take(first, message)

    def closed(self) -> None:
        """Let go of what came in parts."""
        self._reset()

    def _take(self, first: Transfer, message: bytes) -> None:
        try:
            self._sink(message, first.message_format or 0)
            state = ACCEPTED_STATE
        except Refused as refused:
            state = rejection(refused)
        except DecodeError as error:
            state = rejection(Refused(DECODE_ERROR, str(error)))
        self._settle(first, state)

    def _settle(self, first: Transfer, state: bytes) -> None:
        number = first.delivery_id
        if not first.settled and number is not None:
            channel = self.channel
            channel.connection.after_commit(lambda: channel.send_outcome(number, state, role=True))

    def _reset(self) -> None:
        self._parts, self._size, self._first = [], 0, None

    def _count(self) -> None:
        self._delivery_count += 1
        self._credit -= 1
        if self._credit <= CREDIT // 2:
            self.grant()
