"""Links on which the broker sends."""

from typing import TYPE_CHECKING

from emulation.service_bus.amqp.channel import Channel
from emulation.service_bus.amqp.errors import NOT_ALLOWED
from emulation.service_bus.amqp.frames import transfer_frames
from emulation.service_bus.codec.performatives import Attach, Flow, Transfer

if TYPE_CHECKING:
    from collections.abc import Callable


class OutgoingLink:
    """The sending end of a link: credit and delivery count.

    Args:
        channel: Its AMQP session.
        frame: What the peer attached with.
    """

    def __init__(self, channel: Channel, frame: Attach) -> None:
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
