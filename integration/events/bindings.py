"""CloudEvents attributes that travel beside the body: the HTTP and AMQP protocol bindings, as a receiver reads them.

Sources: "HTTP Protocol Binding" (sections 3 and 3.1.3.2) and "AMQP Protocol Binding" (sections 3 and 3.1.3) of
CloudEvents 1.0.2.
"""

import re
from collections.abc import Mapping
from urllib.parse import unquote

from integration.events.event import Attribute
from integration.events.inbound import Property
from integration.events.times import from_milliseconds

HTTP_PREFIX = "ce-"
AMQP_PREFIXES = ("cloudevents:", "cloudevents_")
CONTEXT = frozenset({"id", "source", "type", "specversion", "subject", "time", "datacontenttype", "dataschema"})
"""The attributes that CloudEvents itself defines; all others are extensions."""

_MEDIA_TYPE = "application/cloudevents"
# One pass over the text. A quote that is never closed takes everything behind it.
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*+)("|\\?\Z)', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def is_structured(content_type: str) -> bool:
    """Say whether a message holds its attributes in the body: in structured or batched mode, by its content type.

    The content type alone decides; attributes that stand beside such a body are copies, and not read.
    """
    return content_type.lstrip()[: len(_MEDIA_TYPE)].lower() == _MEDIA_TYPE


def format_of(content_type: str) -> str:
    """Return the event format that the content type of a structured message names, `json` where it names none."""
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type.partition("+")[2] or "json"


def http_attributes(headers: Mapping[str, str]) -> dict[str, Attribute]:
    """Return the attributes of binary mode; none where the message is not in it.

    Args:
        headers: Names in lower case.

    Raises:
        ValueError: A value is percent-encoded, and not as UTF-8 has it: the binding says to reject the message.
    """
    if HTTP_PREFIX + "specversion" not in headers:
        return {}
    return {
        name.removeprefix(HTTP_PREFIX): _header_value(name, value)
        for name, value in headers.items()
        if name.startswith(HTTP_PREFIX)
    }


def amqp_attributes(properties: Mapping[str, Property]) -> dict[str, Attribute]:
    """Return the attributes of binary mode, extensions with their types; none where the message is not in it.

    Args:
        properties: Names in lower case; a timestamp is a count of milliseconds since 1970, or its text.
    """
    found: dict[str, Attribute] = {}
    for name, value in properties.items():
        if name.startswith(AMQP_PREFIXES) and value is not None:
            attribute = name[len(AMQP_PREFIXES[0]) :]
            found[attribute] = _property_value(attribute, value)
    return found if "specversion" in found else {}


def _header_value(name: str, value: str) -> str:
    """Undo the escapes of quoted strings, then one round of percent-encoding."""
    if '"' in value:
        value = _QUOTED.sub(_unquoted, value)
    try:
        return unquote(value.strip(), errors="strict")
    except UnicodeDecodeError as error:
        msg = f"the header {name[:64]} is percent-encoded, and not in UTF-8"
        raise ValueError(msg) from error


def _unquoted(quoted: re.Match[str]) -> str:
    return _ESCAPED.sub(r"\1", quoted[1]) if quoted[2] == '"' else quoted[0]


def _property_value(attribute: str, value: Property) -> Attribute:
    """Return a value in the type system of CloudEvents: its own attributes are text, whatever AMQP has made of them."""
    if isinstance(value, str | bool):
        return str(value).lower() if attribute in CONTEXT and isinstance(value, bool) else value
    if isinstance(value, float) and value.is_integer() and attribute != "specversion":
        value = int(value)
    if attribute == "time" and isinstance(value, int) and (time := from_milliseconds(value)) is not None:
        return time.isoformat()
    return value if isinstance(value, int) and attribute not in CONTEXT else str(value)
