"""The frames' bodies, as values (OASIS AMQP 1.0 Part 2: Transport, and Part 5: Security for SASL).

Incoming ones are checked field by field against the types here; outgoing ones are written by `KINDS`.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from emulation.service_bus.codec import encode as write
from emulation.service_bus.codec.decode import decode_value
from emulation.service_bus.codec.types import Array, DecodeError, Described, Symbol

type Fields = dict[Any, Any] | None
type Symbols = str | list[str] | None


class Performative(msgspec.Struct, array_like=True):
    """The body of a frame."""


class Open(Performative):
    """Negotiate a connection."""

    container_id: str
    hostname: str | None = None
    max_frame_size: int | None = None
    channel_max: int | None = None
    idle_time_out: int | None = None
    outgoing_locales: Symbols = None
    incoming_locales: Symbols = None
    offered_capabilities: Symbols = None
    desired_capabilities: Symbols = None
    properties: Fields = None


class Begin(Performative):
    """Begin a session on a channel."""

    remote_channel: int | None
    next_outgoing_id: int
    incoming_window: int
    outgoing_window: int
    handle_max: int | None = None
    offered_capabilities: Symbols = None
    desired_capabilities: Symbols = None
    properties: Fields = None


class Attach(Performative):
    """Attach a link to a session; `role` is true for the receiver."""

    name: str
    handle: int
    role: bool
    snd_settle_mode: int | None = None
    rcv_settle_mode: int | None = None
    source: Any = None
    target: Any = None
    unsettled: Any = None
    incomplete_unsettled: bool | None = None
    initial_delivery_count: int | None = None
    max_message_size: int | None = None
    offered_capabilities: Symbols = None
    desired_capabilities: Symbols = None
    properties: Fields = None


class Flow(Performative):
    """Update a session's windows and, with a handle, a link's credit."""

    next_incoming_id: int | None
    incoming_window: int
    next_outgoing_id: int
    outgoing_window: int
    handle: int | None = None
    delivery_count: int | None = None
    link_credit: int | None = None
    available: int | None = None
    drain: bool | None = None
    echo: bool | None = None
    properties: Fields = None


class Transfer(Performative):
    """Carry a message, or a part of one."""

    handle: int
    delivery_id: int | None = None
    delivery_tag: bytes | None = None
    message_format: int | None = None
    settled: bool | None = None
    more: bool | None = None
    rcv_settle_mode: int | None = None
    state: Any = None
    resume: bool | None = None
    aborted: bool | None = None
    batchable: bool | None = None


class Disposition(Performative):
    """Tell the state of deliveries; `role` is true when the receiver speaks."""

    role: bool
    first: int
    last: int | None = None
    settled: bool | None = None
    state: Any = None
    batchable: bool | None = None


class Detach(Performative):
    """Detach a link."""

    handle: int
    closed: bool | None = None
    error: Any = None


class End(Performative):
    """End a session."""

    error: Any = None


class Close(Performative):
    """Close the connection."""

    error: Any = None


class SaslMechanisms(Performative):
    """Offer SASL mechanisms."""

    mechanisms: Symbols


class SaslInit(Performative):
    """Choose a SASL mechanism."""

    mechanism: str
    initial_response: bytes | None = None
    hostname: str | None = None


class SaslOutcome(Performative):
    """Tell how SASL ended: 0 is ok, 1 a failed authentication."""

    code: int
    additional_data: bytes | None = None


def _symbols(value: object) -> bytes:
    if isinstance(value, str):
        return write.symbol(value)
    return write.array(Array(Symbol, tuple(value)))  # pyright: ignore[reportArgumentType, reportUnknownArgumentType] - Symbols


_uint, _flag, _any, _sym = write.uint, write.boolean, write.encode, _symbols
KINDS: dict[type[Performative], tuple[int, tuple[Callable[[Any], bytes], ...]]] = {
    Open: (0x10, (write.string, write.string, _uint, write.ushort, _uint, _sym, _sym, _sym, _sym, _any)),
    Begin: (0x11, (write.ushort, _uint, _uint, _uint, _uint, _sym, _sym, _any)),
    Attach: (
        0x12,
        (
            write.string,
            _uint,
            _flag,
            write.ubyte,
            write.ubyte,
            *(_any,) * 3,
            _flag,
            _uint,
            write.ulong,
            _sym,
            _sym,
            _any,
        ),
    ),
    Flow: (0x13, (_uint,) * 8 + (_flag, _flag, _any)),
    Transfer: (
        0x14,
        (_uint, _uint, write.binary, _uint, _flag, _flag, write.ubyte, _any, _flag, _flag, _flag),
    ),
    Disposition: (0x15, (_flag, _uint, _uint, _flag, _any, _flag)),
    Detach: (0x16, (_uint, _flag, _any)),
    End: (0x17, (_any,)),
    Close: (0x18, (_any,)),
    SaslMechanisms: (0x40, (_sym,)),
    SaslInit: (0x41, (write.symbol, write.binary, write.string)),
    SaslOutcome: (0x44, (write.ubyte, write.binary)),
}
TYPES = {code: kind for kind, (code, _) in KINDS.items()}
NAMES = {
    **{f"amqp:{kind.__name__.lower()}:list": kind for kind in list(TYPES.values())[:9]},
    "amqp:sasl-mechanisms:list": SaslMechanisms,
    "amqp:sasl-init:list": SaslInit,
    "amqp:sasl-outcome:list": SaslOutcome,
}


def encode_performative(value: Performative) -> bytes:
    """Encode a frame's body, leaving out what is unset at its end."""
    code, kinds = KINDS[type(value)]
    fields: list[Any] = [getattr(value, name) for name in value.__struct_fields__]
    while fields and fields[-1] is None:
        fields.pop()
    items = [b"\x40" if field is None else kind(field) for kind, field in zip(kinds, fields, strict=False)]
    return b"\x00\x53" + bytes((code,)) + write.list_of(items)


def decode_performative(frame: bytes, offset: int = 0) -> tuple[Performative, int]:
    """Decode a frame's body.

    Returns:
        The performative, and the offset where a transfer's payload begins.

    Raises:
        DecodeError: Not a performative, or a field is missing or of another type.
    """
    value, offset = decode_value(frame, offset)
    if not isinstance(value, Described):
        raise DecodeError("a frame's body is not a described value")
    descriptor = value.descriptor
    kind = TYPES.get(descriptor) if isinstance(descriptor, int) else NAMES.get(str(descriptor))
    if kind is None:
        msg = f"unknown performative {descriptor!r}"
        raise DecodeError(msg)
    try:
        return msgspec.convert(value.value, kind), offset
    except msgspec.ValidationError as error:
        msg = f"{kind.__name__.lower()}: {error}"
        raise DecodeError(msg) from error
