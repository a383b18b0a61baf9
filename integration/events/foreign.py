"""CloudEvents and Event Grid events of other systems."""

import base64
import re
from collections.abc import Mapping
from typing import Any, TypeGuard

import msgspec

from integration.events.bindings import CONTEXT
from integration.events.event import JSON_TYPE, Attribute, Event
from integration.events.identity import legal_id, legal_text, payload_id
from integration.events.inbound import Inbound
from integration.events.kept import too_many
from integration.events.reserved import EXTENSIONS
from integration.events.times import finer, instant

# What the JSON format calls the data is no attribute. Source: CloudEvents JSON format, "Handling of data".
_DATA = frozenset({"data", "data_base64"})
_NO_EXTENSIONS = CONTEXT | EXTENSIONS | _DATA
_NOT_IN_A_NAME = re.compile(r"[^a-z0-9]")
_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+(?:\s*;[ -~]*)?", re.ASCII)
_MEDIA_TYPE_LENGTH = 256
_CHARSET = re.compile(r"""charset\s*=\s*(?:"[^"]*"|[^\s;"]+)""", re.IGNORECASE)
_UTF8 = re.compile(r"""=\s*"?utf-8"?\Z""", re.IGNORECASE)
_JSON = "application/json"
_OCTETS = "application/octet-stream"


class EventGridEvent(msgspec.Struct):
    """An event in Event Grid's own schema. Source: "Azure Event Grid event schema"."""

    id: Any = None
    topic: Any = None
    subject: Any = None
    eventType: Any = None  # noqa: N815 - the name on the wire
    eventTime: Any = None  # noqa: N815 - the name on the wire
    dataVersion: Any = None  # noqa: N815 - the name on the wire
    data: msgspec.Raw = msgspec.Raw()


class CloudEventData(msgspec.Struct):
    """The data of a CloudEvent in the JSON format."""

    data: msgspec.Raw = msgspec.Raw()
    data_base64: Any = None


def is_event_grid(fields: Mapping[str, Any]) -> bool:
    """Say whether an object is an event in Event Grid's schema."""
    return isinstance(fields.get("eventType"), str) and ("data" in fields or "topic" in fields or "subject" in fields)


def is_cloud_event(fields: Mapping[str, Any]) -> bool:
    """Say whether an object claims to be a CloudEvent."""
    return isinstance(fields.get("specversion"), str) and "BusinessEventId" not in fields


def fault(attributes: Mapping[str, Any]) -> str:
    """Say what keeps attributes from being those of a CloudEvent 1.0; empty when nothing does."""
    if attributes.get("specversion") != "1.0":
        return "specversion is not 1.0"
    missing = [name for name in ("id", "source", "type") if not _filled(attributes.get(name))]
    if missing:
        return f"the CloudEvent lacks {', '.join(missing)}"
    more = too_many(name for name in attributes if name not in _DATA)
    return f"the CloudEvent has {more}" if more else ""


def event_grid_event(envelope: EventGridEvent, text: bytes, inbound: Inbound) -> Event:
    """Make an event of another system's Event Grid event: its id, its topic as source, its eventType as type."""
    extensions: dict[str, Attribute] = {}
    if _filled(envelope.dataVersion):
        extensions["dataversion"] = legal_text(envelope.dataVersion)
    return Event(
        id=legal_id(envelope.id) if _filled(envelope.id) else payload_id(text),
        source=legal_text(envelope.topic) if _filled(envelope.topic) else "urn:event-grid",
        type=legal_text(str(envelope.eventType)) or "none",
        organization=inbound.organization,
        data=msgspec.Raw(bytes(envelope.data)),
        shape="event_grid",
        subject=legal_text(envelope.subject) if _filled(envelope.subject) else None,
        time=instant(envelope.eventTime),
        finer=finer(envelope.eventTime),
        extensions=extensions,
        foreign=True,
        ingress=inbound.ingress,
        group=inbound.group or inbound.ingress,
    )


def structured_data(envelope: CloudEventData, attributes: Mapping[str, Any]) -> tuple[bytes, str]:
    """Return the data of a structured CloudEvent and its content type.

    Raises:
        ValueError: `data_base64` is not base64.
    """
    content_type = media_type(attributes.get("datacontenttype"))
    if envelope.data_base64 is not None:
        try:
            data = base64.b64decode("".join(envelope.data_base64.split()), validate=True)
        except (AttributeError, ValueError) as error:
            msg = "data_base64 is not base64"
            raise ValueError(msg) from error
        return data, content_type
    data = bytes(envelope.data)
    if data.startswith(b'"') and not JSON_TYPE.fullmatch(content_type):
        # Text of another type travels as a JSON string. Source: CloudEvents JSON format, "Handling of data".
        return msgspec.json.decode(data, type=str).encode(), in_utf8(content_type)
    return data, content_type


def cloud_event(
    attributes: Mapping[str, Any], data: bytes, content_type: str, inbound: Inbound, *, otherwise: bytes | None = None
) -> Event:
    """Make an event of another system's CloudEvent, whose attributes have no `fault`.

    Args:
        attributes: Context attributes and extensions by name.
        data: Its data, JSON text if the content type says so.
        content_type: Of the data.
        inbound: The message it came in.
        otherwise: What came, to be the data where it is not the JSON that the content type says.
    """
    subject, schema = attributes.get("subject"), attributes.get("dataschema")
    if data and JSON_TYPE.fullmatch(content_type):
        if _is_json(data):
            content_type = in_utf8(content_type)
        else:
            data, content_type = data if otherwise is None else otherwise, _OCTETS
    return Event(
        id=legal_id(attributes["id"]),
        source=legal_text(attributes["source"]),
        type=legal_text(attributes["type"]),
        organization=inbound.organization,
        data=msgspec.Raw(data),
        shape="cloud_event",
        subject=legal_text(subject) if _filled(subject) else None,
        time=instant(attributes.get("time")),
        finer=finer(attributes.get("time")),
        datacontenttype=content_type,
        dataschema=legal_text(schema) if _filled(schema) else None,
        extensions=_extensions(attributes),
        foreign=True,
        ingress=inbound.ingress,
        group=inbound.group or inbound.ingress,
    )


def media_type(value: object) -> str:
    """Return a content type that may stand in a header: JSON where none is given."""
    if not isinstance(value, str) or not value.strip():
        return _JSON
    return value.strip() if len(value) <= _MEDIA_TYPE_LENGTH and _MEDIA_TYPE.fullmatch(value.strip()) else _OCTETS


def in_utf8(content_type: str) -> str:
    """Return the content type of text that has been turned into UTF-8; one that says so already stays as it is."""
    return _CHARSET.sub(lambda said: said[0] if _UTF8.search(said[0]) else "charset=utf-8", content_type)


def _extensions(attributes: Mapping[str, Any]) -> dict[str, Attribute]:
    """Return the extension attributes; a name that CloudEvents does not allow is made legal where that is free."""
    found: dict[str, Attribute] = {}
    illegal: dict[str, Attribute] = {}
    for name, value in attributes.items():
        lower = name.lower()
        if lower in _NO_EXTENSIONS or (attribute := _attribute(value)) is None:
            continue
        legal = _NOT_IN_A_NAME.sub("", lower)
        if legal == name:
            found[legal] = attribute
        elif legal and legal not in _NO_EXTENSIONS:
            illegal[legal] = attribute
    return {**illegal, **found}


def _filled(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and bool(value.strip())


def _is_json(data: bytes) -> bool:
    try:
        msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _attribute(value: object) -> Attribute | None:
    """Return an extension's value in the CloudEvents type system, where integers have 32 bits."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and -(2**31) <= value < 2**31:
        return value
    return legal_text(value if isinstance(value, str) else msgspec.json.encode(value).decode())
