"""The intake of events, and what fno-link sends to webhooks."""

from collections.abc import Mapping

from integration.errors import ConfigurationError, LengthRequired, Overloaded, PayloadTooLarge, UnknownSource
from integration.operations.query import Parameter
from integration.web.intake_shapes import Accepted, ValidationResponse
from integration.web.message import PROBLEM_TYPE, ProblemDetails
from integration.web.openapi.described import Answer, Body, Described, Header

_SOURCE = Parameter("source", 'The name of a source with `kind = "http"`.', "erp")
_ANYTHING = (
    "application/json",
    "application/cloudevents+json",
    "application/cloudevents-batch+json",
    "application/octet-stream",
    "text/plain",
)
_BUSINESS_EVENT = {
    "BusinessEventId": "SalesOrderConfirmedBusinessEvent",
    "ControlNumber": 5637611099,
    "EventId": "0A1B2C3D-0000-4000-8000-000000000001",
    "EventTime": "/Date(1767268800000)/",
    "LegalEntity": "usmf",
    "MajorVersion": 0,
}
_CLOUD_EVENT = {
    "specversion": "1.0",
    "id": "0A1B2C3D-0000-4000-8000-000000000001",
    "source": "https://contoso.crm.dynamics.com",
    "type": "SalesOrderConfirmedBusinessEvent",
    "datacontenttype": "application/json",
    "data": _BUSINESS_EVENT,
}
_SIGNED = (
    Header(
        name="webhook-id",
        doc="The same for every attempt of a delivery: what is seen twice is the same.",
        required=True,
    ),
    Header(name="webhook-timestamp", doc="Seconds since 1970: when this attempt was made.", required=True),
    Header(
        name="webhook-signature", doc="`v1,` and base64 of the HMAC-SHA256 (Standard Webhooks), where a secret is set."
    ),
)

OPERATIONS: Mapping[str, Described] = {
    "intake": Described(
        tag="intake",
        summary="Store a message",
        doc=(
            "Nothing is decoded here: whatever is sent is stored and decoded later, so that a sender never waits. Each "
            "source is a function with a key of its own. CloudEvents and batches of them, business events of Finance & "
            "Operations, execution contexts of Dataverse and events of Event Grid are told apart by their shape."
        ),
        parts=(_SOURCE,),
        headers=(Header(name="aeg-event-type", doc="Event Grid's: `SubscriptionValidation` is its handshake."),),
        body=Body(
            doc="The message.",
            media_types=_ANYTHING,
            examples={"a business event": _BUSINESS_EVENT, "a CloudEvent": _CLOUD_EVENT},
            required=False,
        ),
        answers={
            200: Answer(
                doc="Event Grid's handshake.",
                types=(ValidationResponse,),
                examples={"handshake": ValidationResponse(validation_response="512d38b6-c7b8-40c8-89fe-f46f9e9622b6")},
            ),
            202: Answer(doc="It is stored.", types=(Accepted,), examples={"stored": Accepted(accepted=True)}),
            431: Answer(
                doc="Its headers are too large to be kept.", types=(ProblemDetails,), media_types=(PROBLEM_TYPE,)
            ),
        },
        errors=(UnknownSource, LengthRequired, PayloadTooLarge, Overloaded, ConfigurationError),
    ),
    "intake_handshake": Described(
        tag="intake",
        summary="Answer the handshake of CloudEvents' web hooks",
        parts=(_SOURCE,),
        headers=(Header(name="WebHook-Request-Origin", doc="Who wants to send."),),
        answers={
            200: Answer(
                doc="Whoever has the key may send, at any rate.",
                media_types=(),
                headers=(
                    Header(name="Allow", doc="`POST, OPTIONS`.", required=True),
                    Header(name="WebHook-Allowed-Origin", doc="Who asked."),
                    Header(name="WebHook-Allowed-Rate", doc="`*`."),
                ),
            )
        },
        errors=(UnknownSource, Overloaded, ConfigurationError),
    ),
}
WEBHOOKS: Mapping[str, Described] = {
    "delivery": Described(
        tag="intake",
        summary="An event, to a webhook target",
        doc=(
            "At least once: keep `webhook-id` and pass over what was seen. By the target's `body` and `mode` it is a "
            "CloudEvent, structured or binary, its data alone, or what came in, unchanged."
        ),
        headers=_SIGNED,
        body=Body(
            doc="The event.",
            media_types=("application/cloudevents+json",),
            schema={
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("specversion", "id", "source", "type")},
                "required": ["specversion", "id", "source", "type"],
            },
            examples={"a business event": _CLOUD_EVENT},
        ),
        answers={
            200: Answer(doc="Any 2xx: it is delivered.", media_types=()),
            429: Answer(doc="This, 408, 425 and any 5xx: it is sent again, `Retry-After` honoured.", media_types=()),
            400: Answer(doc="Any other answer: it is a dead letter. Redirects are not followed.", media_types=()),
        },
    ),
}
