"""What a sender wrote, kept as it came.

The broker reads of a message only what it needs and keeps the rest as bytes: properties, application properties and
body (the bare message) reach the receiver unchanged. Source: OASIS AMQP 1.0 Part 3: Messaging.
"""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import msgspec

from emulation.service_bus.codec.decode import decode_value, map_spans, skip_value
from emulation.service_bus.codec.encode import compound, encode, list_of
from emulation.service_bus.codec.types import DecodeError, Symbol, as_list

HEADER, DELIVERY_ANNOTATIONS, ANNOTATIONS, PROPERTIES, APPLICATION_PROPERTIES, DATA = range(0x70, 0x76)
VALUE, FOOTER = 0x77, 0x78
_SECTION_NAMES = {
    "amqp:header:list": HEADER,
    "amqp:delivery-annotations:map": DELIVERY_ANNOTATIONS,
    "amqp:message-annotations:map": ANNOTATIONS,
    "amqp:properties:list": PROPERTIES,
    "amqp:application-properties:map": APPLICATION_PROPERTIES,
    "amqp:data:binary": DATA,
    "amqp:amqp-sequence:list": 0x76,
    "amqp:amqp-value:*": VALUE,
    "amqp:footer:map": FOOTER,
}
SCHEDULED = "x-opt-scheduled-enqueue-time"
PARTITION_KEY = "x-opt-partition-key"
# Annotations that the broker writes; a received message that is sent again must not bring its old ones.
OWNED = frozenset(
    {
        "x-opt-sequence-number",
        "x-opt-enqueued-time",
        "x-opt-locked-until",
        "x-opt-enqueue-sequence-number",
        "x-opt-message-state",
        "x-opt-lock-token",
        "x-opt-deadletter-source",
    }
)
# Positions in the properties section.
MESSAGE_ID, _USER_ID, TO, SUBJECT, REPLY_TO, CORRELATION_ID, CONTENT_TYPE = range(7)
GROUP_ID, REPLY_TO_GROUP_ID, PROPERTY_COUNT = 10, 12, 13


class Content(msgspec.Struct, frozen=True, array_like=True):
    """A message as its sender wrote it.

    Args:
        bare: The encoded sections from the properties on.
        durable: Header: durable.
        priority: Header: priority.
        ttl: Header: time to live in milliseconds.
        annotations: Encoded entries of the message annotations, without those the broker owns.
        annotation_count: How many entries those are.
        scheduled_at: When to enqueue it, in milliseconds since 1970, if later than on arrival.
        partition_key: The partition key annotation.
    """

    bare: bytes
    durable: bool | None = None
    priority: int | None = None
    ttl: int | None = None
    annotations: bytes = b""
    annotation_count: int = 0
    scheduled_at: int | None = None
    partition_key: str | None = None


_DEFAULTS = tuple(zip(Content.__struct_fields__[1:], Content.__struct_defaults__, strict=True))


def sections(raw: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Yield (descriptor code, start, start of the value, end) of each section.

    Raises:
        DecodeError: The bytes are not message sections.
    """
    at, size = 0, len(raw)
    while at < size:
        if raw.startswith(b"\x00\x53", at) and at + 3 < size:
            code, value = raw[at + 2], at + 3
        else:
            if raw[at]:
                msg = f"a message section at {at} has no descriptor"
                raise DecodeError(msg)
            descriptor, value = decode_value(raw, at + 1)
            code = descriptor if isinstance(descriptor, int) else _SECTION_NAMES.get(str(descriptor), -1)
        if not HEADER <= code <= FOOTER:
            msg = f"a message section at {at} has the unknown descriptor {code:#x}"
            raise DecodeError(msg)
        end = skip_value(raw, value)
        yield code, at, value, end
        at = end


def parse(raw: bytes) -> Content:
    """Read an encoded message; one without a message id gets one, as on Azure.

    Raises:
        DecodeError: The bytes are not a message.
    """
    fields: dict[str, Any] = {}
    bare = len(raw)
    identified = False
    for code, start, value, _ in sections(raw):
        if code >= PROPERTIES:
            bare = min(bare, start)
            identified = identified or (code == PROPERTIES and _has_first(raw, value))
        elif code == HEADER:
            fields |= _header(raw, value)
        elif code == ANNOTATIONS:
            fields |= _annotations(raw, value)
    try:
        content = raw[bare:] if identified else with_properties(raw[bare:], {MESSAGE_ID: uuid4().hex})
        return msgspec.convert([content, *(fields.get(name, default) for name, default in _DEFAULTS)], Content)
    except msgspec.ValidationError as error:
        msg = f"message: {error}"
        raise DecodeError(msg) from error


def _has_first(raw: bytes, offset: int) -> bool:
    """Return whether the list at `offset` has a first item that is not null."""
    head = {0xC0: 3, 0xD0: 9}.get(raw[offset])
    return head is not None and raw[offset + head : offset + head + 1] != b"\x40"


def _header(raw: bytes, offset: int) -> dict[str, Any]:
    return dict(zip(("durable", "priority", "ttl"), as_list(decode_value(raw, offset)[0]), strict=False))


def _annotations(raw: bytes, offset: int) -> dict[str, Any]:
    kept: list[bytes] = []
    fields: dict[str, Any] = {}
    for key, start, value, end in map_spans(raw, offset):
        if key in OWNED:
            continue
        kept.append(raw[start:end])
        if key == SCHEDULED:
            fields["scheduled_at"] = _integer(decode_value(raw, value)[0])
        elif key == PARTITION_KEY:
            partition = decode_value(raw, value)[0]
            fields["partition_key"] = partition.decode(errors="replace") if isinstance(partition, bytes) else partition
    return {"annotations": b"".join(kept), "annotation_count": len(kept), **fields}


def _integer(value: object) -> int | None:
    return int(value) if isinstance(value, int) else None


def split_batch(raw: bytes) -> list[bytes]:
    """Return the encoded messages in a batch: each data section holds one (message format 0x80013700).

    Raises:
        DecodeError: The batch holds anything but data sections behind its envelope.
    """
    messages: list[bytes] = []
    for code, _, value, _ in sections(raw):
        if code == DATA:
            messages.append(decode_value(raw, value)[0])
        elif code > DATA and code != FOOTER:
            raise DecodeError("a batch's body must be data sections")
    return messages


def properties(bare: bytes) -> list[Any]:
    """Return the thirteen properties, None where unset."""
    for code, _, value, _ in sections(bare):
        if code == PROPERTIES:
            fields = as_list(decode_value(bare, value)[0])
            return [*fields, *(None for _ in range(PROPERTY_COUNT - len(fields)))]
        break
    return [None] * PROPERTY_COUNT


def application_properties(bare: bytes) -> dict[str, Any]:
    """Return the application properties."""
    for code, _, value, _ in sections(bare):
        if code == APPLICATION_PROPERTIES:
            return {str(key): item for key, item in decode_value(bare, value)[0].items()}
        if code > APPLICATION_PROPERTIES:
            break
    return {}


def body(bare: bytes) -> Any:
    """Return the body: bytes of data sections, or the decoded value or sequence."""
    data: list[bytes] = []
    for code, _, value, _ in sections(bare):
        if code == DATA:
            data.append(decode_value(bare, value)[0])
        elif DATA < code < FOOTER:
            return decode_value(bare, value)[0]
    return b"".join(data)


def with_application_properties(bare: bytes, changes: dict[str, Any], removed: frozenset[str] = frozenset()) -> bytes:
    """Set and remove application properties, leaving every other byte as it is.

    Args:
        bare: The bare message.
        changes: Property name → value, replacing what is there.
        removed: Names of properties to drop.
    """
    start = end = 0
    kept: list[bytes] = []
    for code, section_start, value, section_end in sections(bare):
        if code == APPLICATION_PROPERTIES:
            start, end = section_start, section_end
            kept = [bare[k:e] for key, k, _, e in map_spans(bare, value) if key not in changes and key not in removed]
            break
        if code == PROPERTIES:
            start = end = section_end
    entries = kept + [encode(key) + encode(value) for key, value in changes.items()]
    section = b"\x00\x53\x74" + compound(0xC1, len(entries) * 2, b"".join(entries)) if entries else b""
    return bare[:start] + section + bare[end:]


def with_properties(bare: bytes, changes: dict[int, Any]) -> bytes:
    """Set properties by their position in the section."""
    fields, end = [None] * PROPERTY_COUNT, 0
    for code, _, _, section_end in sections(bare):
        if code == PROPERTIES:
            fields, end = properties(bare), section_end
        break
    values = [changes.get(position, field) for position, field in enumerate(fields)]
    values[CONTENT_TYPE] = None if values[CONTENT_TYPE] is None else Symbol(values[CONTENT_TYPE])
    return b"\x00\x53\x73" + list_of(map(encode, values)) + bare[end:]
