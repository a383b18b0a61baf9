"""The stored form of an event, for queues, dead letters and the journal."""

from datetime import datetime
from typing import Literal

import msgspec

from integration.events.event import Attribute, Event, Origin, Shape, Variant
from integration.records import Reader


class _Record(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Version 1. Text is kept readable; bytes that are no text are base64."""

    v: Literal[1]
    id: str
    source: str
    type: str
    organization: str
    shape: Shape = "cloud_event"
    subject: str | None = None
    time: datetime | None = None
    finer: str = ""
    datacontenttype: str = "application/json"
    dataschema: str | None = None
    extensions: dict[str, Attribute] = {}
    foreign: bool = False
    ingress: str = ""
    group: str = ""
    variant: Variant | None = None
    origin: Origin = Origin()
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    data_text: str | None = None
    data_bytes: bytes | None = None
    raw_text: str | None = None
    raw_bytes: bytes | None = None
    raw_type: str = ""


_ENCODER = msgspec.json.Encoder()
_READER = Reader(msgspec.json.Decoder(_Record), "stored event")
_COPIED = ("id", "source", "type", "organization", "shape", "subject", "time", "datacontenttype", "dataschema")
_ALSO_COPIED = ("finer", "extensions", "foreign", "ingress", "group", "variant", "origin", "raw_type")


def store(event: Event) -> bytes:
    """Encode an event, everything in it, as JSON that carries `"v": 1`.

    Stored JSON data stands in it byte for byte.
    """
    record = _Record(v=1, **{name: getattr(event, name) for name in (*_COPIED, *_ALSO_COPIED)})
    if event.data:
        if event.is_json:
            record.data = event.data
        else:
            record.data_text, record.data_bytes = _text_or_bytes(bytes(event.data))
    if event.raw is not None:
        record.raw_text, record.raw_bytes = _text_or_bytes(event.raw)
    return _ENCODER.encode(record)


def load(record: bytes) -> Event:
    """Decode what `store` encoded, unchanged to the byte.

    Raises:
        CorruptRecord: The bytes are no such record, or of another version.
    """
    found = _READER.read(record)
    data = bytes(found.data) if isinstance(found.data, msgspec.Raw) else _either(found.data_text, found.data_bytes)
    return Event(
        **{name: getattr(found, name) for name in (*_COPIED, *_ALSO_COPIED)},
        data=msgspec.Raw(data or b""),
        raw=_either(found.raw_text, found.raw_bytes),
    )


def _text_or_bytes(value: bytes) -> tuple[str | None, bytes | None]:
    try:
        return value.decode(), None
    except UnicodeDecodeError:
        return None, value


def _either(text: str | None, data: bytes | None) -> bytes | None:
    return text.encode() if text is not None else data
