"""Requests and answers as AMQP messages: $cbs and $management speak the same form."""

from typing import Any
from uuid import UUID

import msgspec

from emulation.service_bus.amqp import content as sections
from emulation.service_bus.amqp.content import CORRELATION_ID, MESSAGE_ID, PROPERTY_COUNT, REPLY_TO
from emulation.service_bus.codec import encode as write
from emulation.service_bus.codec.types import Described, Int, Symbol, ULong


class Request(msgspec.Struct, frozen=True):
    """A request.

    Args:
        message_id: Its id, of any AMQP id type.
        reply_to: Where the answer goes.
        properties: Its application properties.
        body: Its body, decoded.
    """

    message_id: Any
    reply_to: str
    properties: dict[str, Any]
    body: Any

    def property(self, name: str) -> str:
        """Return an application property as text, empty if it is not set."""
        return str(self.properties.get(name) or "")


def parse_request(raw: bytes) -> Request:
    """Read a request.

    Raises:
        DecodeError: The bytes are not a message.
    """
    bare = sections.parse(raw).bare
    fields = sections.properties(bare)
    reply_to = fields[REPLY_TO]
    if isinstance(reply_to, bytes):
        reply_to = reply_to.decode(errors="replace")
    return Request(fields[MESSAGE_ID], str(reply_to or ""), sections.application_properties(bare), sections.body(bare))


def encode_answer(request: Request, properties: dict[str, Any], body: object = None) -> bytes:
    """Encode the answer to a request."""
    fields: list[Any] = [None] * PROPERTY_COUNT
    fields[CORRELATION_ID] = _same_type(request.message_id)
    while fields and fields[-1] is None:
        fields.pop()
    return b"".join(
        (
            write.encode(Described(ULong(sections.PROPERTIES), fields)),
            write.encode(Described(ULong(sections.APPLICATION_PROPERTIES), properties)),
            write.encode(Described(ULong(sections.VALUE), body)),
        )
    )


def management_answer(
    request: Request, status: int, description: str, body: object = None, condition: str | None = None
) -> bytes:
    """Encode an answer of $management."""
    properties: dict[str, Any] = {"statusCode": Int(status), "statusDescription": description}
    if condition is not None:
        properties["errorCondition"] = Symbol(condition)
    return encode_answer(request, properties, body)


def cbs_answer(request: Request, status: int, description: str) -> bytes:
    """Encode an answer of $cbs."""
    return encode_answer(request, {"status-code": Int(status), "status-description": description})


def _same_type(message_id: object) -> object:
    if isinstance(message_id, int) and not isinstance(message_id, bool):
        return ULong(message_id)
    return message_id if isinstance(message_id, UUID | str | bytes | None) else str(message_id)
