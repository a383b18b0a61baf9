"""One AMQP connection: headers, SASL, open, channels, close."""

import asyncio
from collections.abc import Callable
from typing import Protocol, cast

from emulation.service_bus.amqp.channel import Channel
from emulation.service_bus.amqp.claims import Claims
from emulation.service_bus.amqp.errors import FRAMING_ERROR, NOT_ALLOWED, NOT_FOUND
from emulation.service_bus.amqp.frames import (
    AMQP_FRAME,
    AMQP_HEADER,
    MAX_FRAME,
    SASL_FRAME,
    SASL_HEADER,
    FrameReader,
    frame,
    performative_frame,
)
from emulation.service_bus.amqp.outcomes import error_value
from emulation.service_bus.amqp.outgoing import OutgoingLink
from emulation.service_bus.amqp.websocket import Pipe
from emulation.service_bus.codec.performatives import (
    Attach,
    Begin,
    Close,
    Detach,
    Disposition,
    End,
    Flow,
    Open,
    Performative,
    SaslInit,
    SaslMechanisms,
    SaslOutcome,
    Transfer,
    decode_performative,
)
from emulation.service_bus.codec.types import DecodeError

MECHANISMS = ["MSSBCBS", "PLAIN", "ANONYMOUS", "EXTERNAL"]
CHANNELS = 255
MINUTE = 60_000
HEARTBEAT = 5.0  # seconds; sent unasked: a thread of the Python SDK may hold its socket until something comes
MIN_FRAME = 512


type Attaching = Callable[["Connection", Channel, Attach], None]


class Service(Protocol):
    """What a connection needs of whom it belongs to.

    Attributes:
        name: What it calls itself towards the peer.
        loop: Where it runs.
    """

    name: str
    loop: asyncio.AbstractEventLoop

    @property
    def delay(self) -> float:
        """Seconds that everything sent waits: a fault."""
        ...

    def admit(self, claims: Claims, response: bytes) -> bool:
        """Check a peer's SASL PLAIN response, note what it proves and return whether it is right."""
        ...

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call back when everything recorded so far is durable."""
        ...


class Connection(asyncio.Protocol):
    """The broker's side of a connection.

    Args:
        service: Whom it belongs to.
        attach: Attaches a link that the peer asks for, or refuses it.
        living: The open connections: it is one of them from its beginning to its end.
    """

    def __init__(self, service: Service, attach: Attaching, living: "set[Connection]") -> None:
        self._service, self._attach, self._living = service, attach, living
        self.after_commit = service.after_commit
        self.claims = Claims()
        self.hostname = ""
        self.max_frame = MIN_FRAME
        self.writable = True
        self.channels: dict[int, Channel] = {}
        self._reader = FrameReader()
        self._transport: Pipe | None = None
        self._out: list[bytes] = []
        self._header_seen = False
        self._authenticated = False
        self._opened = False
        self._closed = False
        self._heartbeat: asyncio.TimerHandle | None = None
        self._handlers: dict[type[Performative], Callable[[Channel, Performative, bytes], None]] = {
            Attach: lambda channel, body, _: channel.on_attach(cast("Attach", body)),
            Flow: lambda channel, body, _: channel.on_flow(cast("Flow", body)),
            Transfer: lambda channel, body, payload: channel.on_transfer(cast("Transfer", body), payload),
            Disposition: lambda channel, body, _: channel.on_disposition(cast("Disposition", body)),
            Detach: lambda channel, body, _: channel.on_detach(cast("Detach", body)),
        }

    # --- asyncio.Protocol ---

    def open(self, pipe: Pipe) -> None:
        """Begin, writing to a transport or a WebSocket."""
        self._transport = pipe
        self._living.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's signature
        """Let go of everything."""
        self._closed = True
        self._living.discard(self)
        if self._heartbeat is not None:
            self._heartbeat.cancel()
        channels, self.channels = list(self.channels.values()), {}
        for channel in channels:
            channel.closed()

    def pause_writing(self) -> None:
        """Hold messages back: the peer does not read."""
        self.writable = False

    def resume_writing(self) -> None:
        """Send what was held back."""
        self.writable = True
        self.pump()

    def data_received(self, data: bytes) -> None:
        """Serve what came; bytes that are not AMQP close the connection."""
        if self._closed:
            return
        try:
            self._reader.feed(data)
            self._serve()
        except DecodeError as error:
            self.close(FRAMING_ERROR, str(error))

    # --- out ---

    def send(self, data: bytes) -> None:
        """Send bytes, together with whatever else is sent in this turn of the loop."""
        if self._closed:
            return
        if not self._out:
            self._service.loop.call_soon(self._flush)
        self._out.append(data)

    def pump(self) -> None:
        """Let every link send what it may."""
        for channel in list(self.channels.values()):
            for link in list(channel.links.values()):
                if isinstance(link, OutgoingLink) and link.credit:
                    link.pump()

    def close(self, condition: str, description: str) -> None:
        """Close the connection from the broker's side."""
        self.send(performative_frame(0, Close(error_value(condition, description))))
        self._finish()

    def drop(self) -> None:
        """Cut the connection without a word."""
        self._closed = True
        if self._transport is not None:
            self._transport.abort()

    def detach_from(self, paths: set[str]) -> None:
        """Close the links to entities that are gone."""
        for channel in self.channels.values():
            for handle, link in list(channel.links.items()):
                if link.entity in paths:
                    channel.detach(handle, NOT_FOUND, f"The messaging entity '{link.entity}' has been deleted.")

    def _flush(self) -> None:
        data, self._out = b"".join(self._out), []
        if self._transport is None or self._transport.is_closing():
            return
        delay = self._service.delay
        if delay:
            self._service.loop.call_later(delay, self._transport.write, data)
        else:
            self._transport.write(data)

    def _finish(self) -> None:
        self._flush()
        self._closed = True
        if self._transport is not None:
            self._transport.close()

    # --- in ---

    def _serve(self) -> None:
        while not self._closed:
            if not self._header_seen:
                header = self._reader.header()
                if header is None:
                    return
                self._on_header(header)
                continue
            received = self._reader.frame()
            if received is None:
                return
            kind, number, body = received
            if not body:
                continue
            performative, offset = decode_performative(body)
            if kind == SASL_FRAME:
                self._on_sasl(performative)
            elif kind == AMQP_FRAME:
                self._on_amqp(number, performative, body[offset:])

    def _on_header(self, header: bytes) -> None:
        if header == SASL_HEADER and not self._authenticated:
            self.send(SASL_HEADER)
            self.send(performative_frame(0, SaslMechanisms(MECHANISMS), SASL_FRAME))
        elif header == AMQP_HEADER:
            self.send(AMQP_HEADER)
        else:
            self.send(SASL_HEADER)
            self._finish()
            return
        self._header_seen = True

    def _on_sasl(self, performative: Performative) -> None:
        if not isinstance(performative, SaslInit) or self._authenticated:
            raise DecodeError("a SASL frame out of turn")
        known = performative.mechanism in MECHANISMS
        if known and performative.mechanism == "PLAIN":
            known = self._service.admit(self.claims, performative.initial_response or b"")
        self.send(performative_frame(0, SaslOutcome(0 if known else 1), SASL_FRAME))
        if not known:
            self._finish()
        self._authenticated = True
        self._header_seen = False  # the AMQP header follows

    def _on_amqp(self, number: int, performative: Performative, payload: bytes) -> None:
        if isinstance(performative, Open):
            self._on_open(performative)
        elif isinstance(performative, Close):
            self.send(performative_frame(0, Close()))
            self._finish()
        elif not self._opened:
            self.close(NOT_ALLOWED, f"{type(performative).__name__} before open.")
        elif isinstance(performative, Begin):
            if number in self.channels or number > CHANNELS:
                self.close(NOT_ALLOWED, f"Channel {number} is in use or above {CHANNELS}.")
                return
            self.channels[number] = Channel(self, number, performative)
        elif isinstance(performative, End):
            channel = self.channels.pop(number, None)
            if channel is not None:
                channel.closed()
                self.send(performative_frame(number, End()))
        else:
            self._on_link(number, performative, payload)

    def _on_link(self, number: int, performative: Performative, payload: bytes) -> None:
        handler = self._handlers.get(type(performative))
        if handler is None:
            msg = f"{type(performative).__name__} is not expected from a client"
            raise DecodeError(msg)
        channel = self.channels.get(number)
        if channel is None:  # a late frame of a session that has ended, such as a detach
            return
        try:
            handler(channel, performative, payload)
        except DecodeError as error:
            self.channels.pop(number, None)
            channel.failed(error)

    def _on_open(self, performative: Open) -> None:
        self._opened = True
        self.hostname = (performative.hostname or "").lower()
        self.max_frame = max(min(performative.max_frame_size or MAX_FRAME, MAX_FRAME), MIN_FRAME)
        answer = Open(self._service.name, max_frame_size=MAX_FRAME, channel_max=CHANNELS)
        self.send(performative_frame(0, answer))
        self._beat(min(HEARTBEAT, (performative.idle_time_out or MINUTE) / 2000))

    def _beat(self, interval: float) -> None:
        self.send(frame(0, b""))
        self._heartbeat = self._service.loop.call_later(interval, self._beat, interval)

    def attach(self, channel: Channel, frame: Attach) -> None:
        """Attach a link, or refuse it."""
        self._attach(self, channel, frame)
