"""How the real senders send: how long they wait, when they try again, and what they put beside the body.

Sources: "Use webhooks to create external handlers for server events" (headers, 60 s, one more try on 502, 503, 504,
`?code=` for a WebhookKey); the parameters of business events (10 s, three tries a second apart); "Event Grid message
delivery and retry" (30 s, the first retry after 10 s, none for 400, 401, 403, 404 and 413); CloudEvents' HTTP binding.
"""

from urllib.parse import urlsplit

import msgspec

from emulation.sending.message import WEBHOOK_LIMIT, Message, Shape, shrunk

CLAIMS = "http://schemas.microsoft.com/xrm/2011/Claims/"
JSON = "application/json; charset=utf-8"


class Rules(msgspec.Struct, frozen=True):
    """How one kind of sender behaves.

    Args:
        timeout: Seconds that it waits for an answer.
        waits: Seconds before each further try.
        again: Whether a status makes it try again; none: any that is no success.
        never: Statuses that end it at once.
    """

    timeout: float
    waits: tuple[float, ...] = ()
    again: frozenset[int] = frozenset()
    never: frozenset[int] = frozenset()

    def retries(self, status: int) -> bool:
        """Tell whether another try follows this status; 0: there was no answer."""
        if status in self.never:
            return False
        return status in self.again if self.again else True


RULES: dict[Shape, Rules] = {
    "dataverse": Rules(60.0, (1.0,), again=frozenset({502, 503, 504})),
    "finance-operations": Rules(10.0, (1.0, 1.0)),
    "event-grid": Rules(30.0, (10.0, 30.0), never=frozenset({400, 401, 403, 404, 413})),
    "cloud-event": Rules(30.0),
    "unknown": Rules(30.0),
}


def over_http(message: Message, organization_url: str) -> tuple[Message, dict[str, str]]:
    """Return what is posted, and its headers.

    Args:
        message: The message.
        organization_url: Of the organization that it comes from; empty: not known.
    """
    message = shrunk(message, WEBHOOK_LIMIT)
    match message.shape:
        case "dataverse":
            beside = {
                "x-ms-dynamics-organization": urlsplit(organization_url).hostname or "",
                "x-ms-dynamics-entity-name": message.context["PrimaryEntityName"],
                "x-ms-dynamics-request-name": message.context["MessageName"],
                "x-ms-correlation-request-id": message.context["CorrelationId"],
                "x-ms-dynamics-msg-size-exceeded": "1" if message.stripped else "",
            }
            return message, {"content-type": JSON} | {name: value for name, value in beside.items() if value}
        case "cloud-event":
            batch = message.body.lstrip().startswith(b"[")
            return message, {"content-type": f"application/cloudevents{'-batch' if batch else ''}+json; charset=utf-8"}
        case "event-grid":
            return message, {"content-type": JSON, "aeg-event-type": "Notification"}
        case _:
            return message, {"content-type": JSON}


def properties_of(message: Message, organization_url: str) -> dict[str, str]:
    """Return the application properties that Dataverse puts beside a context on Service Bus; F&O puts none.

    Args:
        message: The message.
        organization_url: Of the organization that it comes from; empty: not known.
    """
    if message.shape != "dataverse":
        return {}
    claims = {
        "Organization": urlsplit(organization_url).hostname or "",
        "User": message.context["UserId"],
        "InitiatingUser": message.context["InitiatingUserId"],
        "InitiatingUserAgent": message.context["InitiatingUserAgent"],
        "EntityLogicalName": message.context["PrimaryEntityName"],
        "RequestName": message.context["MessageName"],
    }
    found = {f"{CLAIMS}{name}": value for name, value in claims.items() if value}
    return found | ({"MessageMaxSizeExceeded": "true"} if message.stripped else {})
