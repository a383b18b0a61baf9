"""A message in an entity: what the sender wrote and what the broker knows of it."""

import struct
from enum import IntEnum
from typing import Any
from uuid import UUID

from emulation.service_bus.amqp import content as sections
from emulation.service_bus.amqp.content import Content
from emulation.service_bus.codec import encode as write

MAX_TIME = 253_402_300_799_999  # 9999-12-31, in milliseconds


class State(IntEnum):
    """Where a message stands, as `x-opt-message-state` says it."""

    ACTIVE = 0
    DEFERRED = 1
    SCHEDULED = 2


class Message:
    """One message of one entity.

    Args:
        content: What the sender wrote.
        sequence: The entity's number for it.
        enqueued_at: Milliseconds since 1970.
        expires_at: Milliseconds since 1970.
        session_id: Its session, in a session entity.
        dead_letter_source: The entity it was dead-lettered in.
    """

    __slots__ = (
        "_application_properties",
        "_properties",
        "content",
        "dead_letter_source",
        "delivery_count",
        "enqueued_at",
        "enqueued_sequence",
        "expires_at",
        "hops",
        "locked",
        "sequence",
        "session_id",
        "state",
    )

    def __init__(  # noqa: PLR0913 - what the broker knows of it
        self,
        content: Content,
        sequence: int,
        enqueued_at: int,
        *,
        expires_at: int = MAX_TIME,
        session_id: str | None = None,
        dead_letter_source: str | None = None,
    ) -> None:
        self.content = content
        self.sequence = sequence
        self.enqueued_sequence = sequence
        self.enqueued_at = enqueued_at
        self.expires_at = expires_at
        self.session_id = session_id
        self.dead_letter_source = dead_letter_source
        self.delivery_count = 0
        self.hops = 0
        self.state = State.ACTIVE
        self.locked = False
        self._properties: list[Any] | None = None
        self._application_properties: dict[str, Any] | None = None

    @property
    def properties(self) -> list[Any]:
        """The thirteen AMQP properties, None where unset."""
        if self._properties is None:
            self._properties = sections.properties(self.content.bare)
        return self._properties

    @property
    def application_properties(self) -> dict[str, Any]:
        """What the sender set for filters and readers."""
        if self._application_properties is None:
            self._application_properties = sections.application_properties(self.content.bare)
        return self._application_properties

    @property
    def message_id(self) -> Any:
        """The sender's id for it, of any AMQP id type."""
        return self.properties[sections.MESSAGE_ID]

    def set_content(self, content: Content) -> None:
        """Put other content in its place."""
        self.content = content
        self._properties = self._application_properties = None


_SEQUENCE = write.symbol("x-opt-sequence-number") + b"\x81"
_ENQUEUED = write.symbol("x-opt-enqueued-time") + b"\x83"
_LOCKED_UNTIL = write.symbol("x-opt-locked-until") + b"\x83"
_ENQUEUE_SEQUENCE = write.symbol("x-opt-enqueue-sequence-number") + b"\x81"
_STATE = write.symbol("x-opt-message-state") + b"\x71"
_SOURCE = write.symbol("x-opt-deadletter-source")
_LOCK_TOKEN = b"\x00\x53\x71" + b"\xc1\x24\x02" + write.symbol("x-opt-lock-token") + b"\x98"
_NO_DELIVERY_ANNOTATIONS = b"\x00\x53\x71\xc1\x01\x00"
_i64 = struct.Struct(">q").pack
_i32 = struct.Struct(">i").pack


def encode_message(message: Message, *, locked_until: int | None = None, token: UUID | None = None) -> bytes:
    """Encode a message for a receiver.

    Args:
        message: The message.
        locked_until: Milliseconds since 1970; unset when it is not locked.
        token: The lock's token.
    """
    content = message.content
    header = (
        write.boolean(content.durable) if content.durable is not None else b"\x40",
        write.ubyte(content.priority) if content.priority is not None else b"\x40",
        write.uint(content.ttl) if content.ttl is not None else b"\x40",
        b"\x40",
        write.uint(message.delivery_count),
    )
    entries = [
        content.annotations,
        _SEQUENCE,
        _i64(message.sequence),
        _ENQUEUED,
        _i64(message.enqueued_at),
    ]
    count = content.annotation_count + 2
    if message.enqueued_sequence != message.sequence:
        entries += (_ENQUEUE_SEQUENCE, _i64(message.enqueued_sequence))
        count += 1
    if message.state is not State.ACTIVE:
        entries += (_STATE, _i32(message.state))
        count += 1
    if locked_until is not None:
        entries += (_LOCKED_UNTIL, _i64(locked_until))
        count += 1
    if message.dead_letter_source is not None:
        entries += (_SOURCE, write.string(message.dead_letter_source))
        count += 1
    return b"".join(
        (
            b"\x00\x53\x70",
            write.compound(0xC0, 5, b"".join(header)),
            _LOCK_TOKEN + token.bytes if token is not None else _NO_DELIVERY_ANNOTATIONS,
            b"\x00\x53\x72",
            write.compound(0xC1, count * 2, b"".join(entries)),
            content.bare,
        )
    )
