"""CloudEvents 1.0 on the wire: JSON format, HTTP and AMQP protocol bindings.

Sources: "JSON Event Format", "HTTP Protocol Binding" and "AMQP Protocol Binding" of CloudEvents 1.0.2.
"""

import base64
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import quote

import msgspec

from integration.events.event import Attribute, Event

STRUCTURED_TYPE = "application/cloudevents+json; charset=utf-8"
BATCH_TYPE = "application/cloudevents-batch+json; charset=utf-8"
_ENCODER = msgspec.json.Encoder()
# Printable ASCII but the double quote and the percent sign may stand in a header as it is.
_SAFE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')
_IS_SAFE = re.compile(r"[!#$&-~]*")
# Text in an encoding that a JSON string has as well; whatever else is no JSON travels as base64.
_TEXT = re.compile(r"(?:text/[^;\s]+|application/(?:[^;\s]+\+)?xml)\s*(?:;(.*))?", re.IGNORECASE)
_OTHER_CHARSET = re.compile(r"""charset\s*=\s*"?(?!utf-?8\b|us-ascii\b)""", re.IGNORECASE)
_AMQP_PREFIX = "cloudEvents_"


def structured(event: Event) -> bytes:
    """Encode an event in the JSON format (`application/cloudevents+json`).

    JSON data stands in it byte for byte, text and XML in UTF-8 as a string, anything else as base64. Source: "JSON
    Event Format", section 3.1.
    """
    fields: dict[str, Any] = {**_attributes(event)}
    if event.data:
        if event.is_json:
            fields["data"] = event.data
        elif (text := _text(event)) is not None:
            fields["data"] = text
        else:
            fields["data_base64"] = base64.b64encode(event.data).decode("ascii")
    return _ENCODER.encode(fields)


def batch(events: Iterable[Event]) -> bytes:
    """Encode events in the JSON batch format (`application/cloudevents-batch+json`)."""
    return b"[" + b",".join(structured(event) for event in events) + b"]"


def binary(event: Event) -> tuple[dict[str, str], bytes]:
    """Encode an event for HTTP in binary mode.

    Returns:
        Headers in lower case, values percent-encoded so that no field can end a header; and the body.
    """
    attributes = _attributes(event)
    content_type = attributes.pop("datacontenttype", None)
    headers = {f"ce-{name}": _header(value) for name, value in attributes.items()}
    if content_type is not None:
        headers["content-type"] = str(content_type)
    return headers, bytes(event.data)


def amqp(event: Event) -> tuple[dict[str, Attribute], str, bytes]:
    """Encode an event for AMQP in binary mode.

    Returns:
        The application properties, the content type (empty without data), and the body.
    """
    attributes = _attributes(event)
    content_type = attributes.pop("datacontenttype", "")
    return (
        {_AMQP_PREFIX + name: _written(value) for name, value in attributes.items()},
        str(content_type),
        bytes(event.data),
    )


def _text(event: Event) -> str | None:
    """Return data that is text, and stays the same as a string of JSON; None for any other."""
    kind = _TEXT.fullmatch(event.datacontenttype)
    if kind is None or _OTHER_CHARSET.search(kind[1] or ""):
        return None
    try:
        return bytes(event.data).decode()
    except UnicodeDecodeError:
        return None


def _attributes(event: Event) -> dict[str, Attribute | datetime]:
    found: dict[str, Attribute | datetime] = {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.type,
    }
    if event.subject:
        found["subject"] = event.subject
    if event.time is not None:
        found["time"] = event.written_time if event.finer else event.time
    if event.data:
        found["datacontenttype"] = event.datacontenttype
    if event.dataschema:
        found["dataschema"] = event.dataschema
    found["organization"] = event.organization
    found.update(event.extensions)
    return found


def _written(value: Attribute | datetime) -> Attribute:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value


def _header(attribute: Attribute | datetime) -> str:
    value = _written(attribute)
    if isinstance(value, str):
        return value if _IS_SAFE.fullmatch(value) else quote(value, safe=_SAFE)
    return str(value).lower()
