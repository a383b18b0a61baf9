"""An AMQP session: its windows, its links, and deliveries that are not settled."""

from collections.abc import Callable
from typing import Protocol

from emulation.service_bus.amqp.claims import Claims
from emulation.service_bus.amqp.errors import DECODE_ERROR, INTERNAL_ERROR, Refused
from emulation.service_bus.amqp.frames import disposition_frame, performative_frame
from emulation.service_bus.amqp.outcomes import RECEIVED, Outcome, error_value, parse_outcome, rejection
from emulation.service_bus.codec.performatives import (
    Attach,
    Begin,
    Detach,
    Disposition,
    End,
    Flow,
    Performative,
    Transfer,
)

WINDOW = 2**31 - 1


class Carrier(Protocol):
    """What a session needs of its connection.

    Attributes:
        claims: What the peer has proven.
        writable: Whether the peer reads what is sent.
        max_frame: The largest frame that the peer takes, in bytes.
    """

    claims: Claims
    writable: bool
    max_frame: int

    def send(self, data: bytes) -> None:
        """Send frames."""
        ...

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call back when everything recorded so far is durable."""
        ...

    def pump(self) -> None:
        """Let every link send what it may."""
        ...

    def drop(self) -> None:
        """Cut the connection without a word."""
        ...

    def attach(self, channel: "Channel", frame: Attach) -> None:
        """Attach a link, or refuse it."""
        ...


class Link(Protocol):
    """Either end of a link, on the broker's side."""

    handle: int
    entity: str

    def flow(self, frame: Flow) -> None:
        """Take the peer's link state."""
        ...

    def transfer(self, frame: Transfer, payload: bytes) -> None:
        """Take a message, or a part of one."""
        ...

    def closed(self) -> None:
        """Let go of everything: the link is gone."""
        ...


class Settling(Protocol):
    """A link whose deliveries wait for their outcome."""

    def fails(self, delivery_id: int) -> bool:
        """Return whether a settlement was made to fail in a way that leaves it unanswered."""
        ...

    def settle(self, delivery_id: int, outcome: Outcome) -> None:
        """Apply what the receiver says of a delivery.

        Raises:
            Refused: The lock has ended.
        """
        ...


class Channel:
    """One AMQP session of a connection.

    Args:
        connection: The connection.
        number: The channel, the same in both directions.
        begin: What the peer began it with.
    """

    def __init__(self, connection: Carrier, number: int, begin: Begin) -> None:
        self.connection = connection
        self.number = number
        self.links: dict[int, Link] = {}
        self.unsettled: dict[int, Settling] = {}
        self.closing: set[int] = set()
        self._window = begin.incoming_window
        self._next_incoming = begin.next_outgoing_id
        self._next_outgoing = 0
        self._next_delivery = 1
        self.send(Begin(number, 0, WINDOW, WINDOW, 255))

    @property
    def window(self) -> int:
        """How many transfer frames the peer takes now."""
        return self._window

    def send(self, performative: Performative) -> None:
        """Send a performative as a frame."""
        self.connection.send(performative_frame(self.number, performative))

    def next_delivery_id(self) -> int:
        """Number a delivery."""
        self._next_delivery += 1
        return self._next_delivery - 1

    def send_transfers(self, frames: list[bytes]) -> None:
        """Send transfer frames and count them."""
        self._next_outgoing += len(frames)
        self._window -= len(frames)
        for frame in frames:
            self.connection.send(frame)

    def send_flow(self, handle: int, delivery_count: int, credit: int, *, drain: bool = False) -> None:
        """Tell a link's state."""
        flow = Flow(
            self._next_incoming, WINDOW, self._next_outgoing, WINDOW, handle, delivery_count, credit, 0, drain, False
        )
        self.send(flow)

    def send_outcome(self, delivery_id: int, state: bytes, *, role: bool) -> None:
        """Settle a delivery; `role` is true for one that the broker received."""
        self.connection.send(disposition_frame(self.number, role=role, delivery_id=delivery_id, state=state))

    def on_flow(self, frame: Flow) -> None:
        """Take the peer's windows and a link's credit."""
        starved = self._window <= 0
        self._window = (frame.next_incoming_id or 0) + frame.incoming_window - self._next_outgoing
        link = self.links.get(frame.handle) if frame.handle is not None else None
        if link is not None:
            link.flow(frame)
        if starved:  # other links of the session may send again too
            self.connection.pump()

    def on_transfer(self, frame: Transfer, payload: bytes) -> None:
        """Take a message; one that was under way when its link was detached is dropped."""
        self._next_incoming += 1
        link = self.links.get(frame.handle)
        if link is not None:
            link.transfer(frame, payload)
        elif frame.handle not in self.closing:
            self.end("amqp:session:unattached-handle", f"No link is attached to handle {frame.handle}.")

    def on_attach(self, frame: Attach) -> None:
        """Take a new link."""
        self.closing.discard(frame.handle)
        self.connection.attach(self, frame)

    def on_detach(self, frame: Detach) -> None:
        """Close a link, or take the answer to its closing."""
        if frame.handle in self.closing:
            self.closing.discard(frame.handle)
            return
        link = self.links.pop(frame.handle, None)
        if link is not None:
            link.closed()
            self.send(Detach(frame.handle, closed=True))

    def on_disposition(self, frame: Disposition) -> None:
        """Settle deliveries that the broker sent, each answered by a frame of its own.

        There is no answer for a delivery whose link is gone: the Python SDK then settles over $management, and would
        take a late answer for that of a request with the same number.
        """
        if not frame.role:
            return
        outcome = parse_outcome(frame.state)
        if outcome.kind == RECEIVED:
            return
        last = frame.first if frame.last is None else frame.last
        if last - frame.first <= len(self.unsettled):
            numbers = [number for number in range(frame.first, last + 1) if number in self.unsettled]
        else:
            numbers = [number for number in self.unsettled if frame.first <= number <= last]
        for number in numbers:
            if self.unsettled[number].fails(number):
                return
            self._settle(number, outcome, answer=not frame.settled)

    def _settle(self, number: int, outcome: Outcome, *, answer: bool) -> None:
        link = self.unsettled.pop(number)
        try:
            link.settle(number, outcome)
            state = outcome.echo()
        except Refused as refused:
            state = rejection(refused)
        if answer:
            self.connection.after_commit(lambda: self.send_outcome(number, state, role=False))

    def refuse(self, frame: Attach, refused: Refused) -> None:
        """Answer an attach with an empty terminus, then a closing detach with the reason."""
        answer = Attach(frame.name, frame.handle, not frame.role)
        if frame.role:  # the broker would be the sender
            answer.target, answer.initial_delivery_count = frame.target, 0
        else:
            answer.source = frame.source
        self.send(answer)
        self.detach(frame.handle, refused.condition, refused.description)

    def detach(self, handle: int, condition: str, description: str) -> None:
        """Close a link from the broker's side."""
        link = self.links.pop(handle, None)
        if link is not None:
            link.closed()
        self.closing.add(handle)
        error = error_value(condition, description)
        self.send(Detach(handle, closed=True, error=error))

    def end(self, condition: str, description: str) -> None:
        """End the session from the broker's side."""
        self.closed()
        self.send(End(error_value(condition, description)))

    def closed(self) -> None:
        """Let go of every link."""
        links, self.links = list(self.links.values()), {}
        for link in links:
            link.closed()
        self.unsettled.clear()

    def failed(self, error: Exception) -> None:
        """End the session after a frame that could not be understood or served."""
        condition = DECODE_ERROR if isinstance(error, ValueError) else INTERNAL_ERROR
        self.end(condition, f"{type(error).__name__}: {error}")
