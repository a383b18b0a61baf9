"""What of a message's surroundings is kept with it: the headers and properties that decoding reads, by name.

A list of names and no prefixes: senders put keys beside what is known (`aeg-sas-key`, `aeg-sas-token`), and what is
kept lies in queues and dead letters. Sources: "Use webhooks" and "Azure integration" of the Dataverse developer guide;
"Event Grid message delivery and retry" for its headers; CloudEvents 1.0.2, "Naming conventions", for attributes.
"""

import re
from collections.abc import Iterable, Mapping

from integration.events.bindings import AMQP_PREFIXES, CONTEXT, HTTP_PREFIX
from integration.events.inbound import Property

MOST_EXTENSIONS = 64
"""Extension attributes that one CloudEvent may have."""
LONGEST_ATTRIBUTE = 8 * 1024
"""Characters of one attribute's header."""
CLAIMS = "http://schemas.microsoft.com/xrm/2011/claims/"

_HEADERS = frozenset(
    {
        "x-ms-dynamics-organization",
        "x-ms-dynamics-entity-name",
        "x-ms-dynamics-request-name",
        "x-ms-dynamics-msg-size-exceeded",
        "x-ms-correlation-request-id",
        "x-request-id",
        "traceparent",
        "tracestate",
        "aeg-event-type",
        "aeg-subscription-name",
        "aeg-delivery-count",
        "aeg-data-version",
        "aeg-metadata-version",
        "aeg-output-event-id",
    }
)
_PROPERTIES = frozenset(
    {
        *(
            CLAIMS + name
            for name in (
                "organization",
                "user",
                "initiatinguser",
                "initiatinguseragent",
                "entitylogicalname",
                "requestname",
            )
        ),
        "messagemaxsizeexceeded",
        "traceparent",
        "tracestate",
        "diagnostic-id",
        "correlation-id",
        "message-id",
        "session-id",
        "subject",
    }
)
_LONGEST_INTEGER = 8192
_NAME = re.compile(r"[a-z0-9]{1,64}")


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Keep the headers that decoding reads, and those of CloudEvents attributes with legal names.

    Args:
        headers: Names in lower case.
    """
    return {
        name: whole(value) for name, value in headers.items() if name in _HEADERS or _is_attribute(name, HTTP_PREFIX)
    }


def kept_properties(properties: Mapping[str, Property]) -> dict[str, Property]:
    """Keep the properties of a broker's message that decoding reads, whatever the case of their names."""
    return {
        name: whole(value) if isinstance(value, str) else _storable(value)
        for name, value in properties.items()
        if _is_read(name.lower())
    }


def whole(text: str) -> str:
    """Replace halves of characters, which no store takes: JSON of a property may hold them."""
    return text.encode("utf-8", "replace").decode()


def _storable(value: Property) -> Property:
    """Write a number in its digits where JSON readers disagree about it."""
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return str(value) if value.bit_length() < _LONGEST_INTEGER else None
    return value


def excess(headers: Mapping[str, str]) -> str:
    """Say what is too much about the CloudEvents headers of a request; empty when nothing is.

    Args:
        headers: Those that are kept.
    """
    attributes = [name for name in headers if name.startswith(HTTP_PREFIX)]
    if fault := too_many(name.removeprefix(HTTP_PREFIX) for name in attributes):
        return fault
    long = next((name for name in attributes if len(headers[name]) > LONGEST_ATTRIBUTE), "")
    return f"the header {long} is longer than {LONGEST_ATTRIBUTE} characters" if long else ""


def too_many(names: Iterable[str]) -> str:
    """Say that there are more extension attributes than one event may have; empty when there are not."""
    count = sum(name not in CONTEXT for name in names)
    return f"{count} extension attributes; the limit is {MOST_EXTENSIONS}" if count > MOST_EXTENSIONS else ""


def _is_read(name: str) -> bool:
    return name in _PROPERTIES or any(_is_attribute(name, prefix) for prefix in AMQP_PREFIXES)


def _is_attribute(name: str, prefix: str) -> bool:
    return name.startswith(prefix) and _NAME.fullmatch(name, len(prefix)) is not None
