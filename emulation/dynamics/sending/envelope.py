"""What is sent beside a context, whatever the transport."""

import msgspec

from emulation.dynamics.sending import as_json, as_xml
from emulation.dynamics.sending.context import stripped
from emulation.dynamics.sending.failure import too_large
from emulation.dynamics.sending.values import Context

KILOBYTE = 1024
WEBHOOK_LIMIT, BUS_LIMIT = 256 * KILOBYTE, 192 * KILOBYTE
BINARY, JSON, TEXT = 1, 2, 3
CONTENT_TYPES = {BINARY: "application/msbin1", JSON: "application/json", TEXT: "application/xml"}
_ENCODERS = {BINARY: as_xml.binary, JSON: as_json.encode, TEXT: as_xml.text}


class Envelope(msgspec.Struct, frozen=True):
    """A context, ready to be sent.

    Args:
        body: What is sent.
        content_type: What it is.
        reduced: Whether it was too large, and parts of it were left out.
        organization: The organization's host.
        table: Logical name of the table.
        message: The message's name.
        user: The id of the user.
        initiating_user: The id of the user who began it.
        agent: The User-Agent of who began it.
        correlation: The correlation id.
    """

    body: bytes
    content_type: str
    reduced: bool
    organization: str
    table: str
    message: str
    user: str
    initiating_user: str
    agent: str
    correlation: str


def sealed(context: Context, organization: str, message_format: int, *, webhook: bool) -> Envelope:
    """Write a context, without its parameters where it is too large with them.

    Args:
        context: The context.
        organization: The organization's host.
        message_format: Of the endpoint; a webhook is always sent JSON.
        webhook: Whether it is for a webhook, whose limit is another.

    Raises:
        NotSent: It is too large even so.
    """
    encode = _ENCODERS[JSON if webhook else message_format]
    limit = WEBHOOK_LIMIT if webhook else BUS_LIMIT
    body = encode(context)
    reduced = len(body) > limit
    if reduced:
        body = encode(stripped(context))
        if len(body) > limit:
            raise too_large(webhook=webhook)
    content_type = CONTENT_TYPES[JSON if webhook else message_format]
    return Envelope(
        body,
        content_type,
        reduced,
        organization,
        context["PrimaryEntityName"],
        context["MessageName"],
        context["UserId"].value,
        context["InitiatingUserId"].value,
        context["InitiatingUserAgent"],
        context["CorrelationId"].value,
    )
