"""What spans are made of, by name, with the attributes that they may have.

Names and attributes follow OpenTelemetry's semantic conventions 1.44: "Semantic conventions for messaging spans"
(`{messaging.operation.name} {destination}`, kinds by operation type), "… for HTTP client spans", "… for FaaS spans".
What they have no word for is `fno_link.*`. A test holds docs/telemetry.md to these tables.
"""

from typing import Literal

import msgspec

type SpanKind = Literal["internal", "server", "client", "producer", "consumer"]


class Operation(msgspec.Struct, frozen=True):
    """One kind of span.

    Args:
        name: The first word of the span's name.
        kind: Its kind, unless the counterpart decides it.
        type: `messaging.operation.type`, where its counterpart is a messaging system; empty: it is none of messaging.
        entry: It may be the first of ours in an invocation, and names that.
        leaf: Nothing is called within it that could make a span of its own, so that it is made when it ends, at once.
        what: What it covers, for the documentation.
    """

    name: str
    kind: SpanKind
    type: str = ""
    entry: bool = False
    leaf: bool = False
    what: str = ""


SEND = Operation("send", "producer", "send", entry=True, what="HTTP intake puts a message on `fno-link-events`")
RECEIVE = Operation("receive", "consumer", "process", entry=True, what="a message of a source, until all is durable")
DECODE = Operation("decode", "internal", leaf=True, what="a message becomes events")
ROUTE = Operation("route", "internal", leaf=True, what="the routes that take an event are found")
LINK = Operation("link", "internal", what="the link of an event's organization is found out")
DELIVER = Operation("deliver", "producer", "send", what="one attempt: to its target, or to where it waits")
RETRY = Operation(
    "retry", "consumer", "process", entry=True, what="a deferred delivery goes on, or an event is seen to"
)
RELEASE = Operation("release", "consumer", "process", entry=True, what="a parked delivery goes on")
REPLAY = Operation("replay", "consumer", "process", entry=True, what="an operator has it delivered again")
PROBE = Operation("probe", "internal", entry=True, what="a health check asks its question")
REQUEST = Operation("request", "client", what="one HTTP request; its name is the method")

OPERATIONS = (SEND, RECEIVE, DECODE, ROUTE, LINK, DELIVER, RETRY, RELEASE, REPLAY, PROBE, REQUEST)

SYSTEMS = {
    "service_bus": "servicebus",
    "event_grid": "eventgrid",
    "event_hub": "eventhubs",
    "storage_queue": "azure_storage_queues",
}
"""`messaging.system` by the kind of a source or target; Storage queues have no well-known value. Others are HTTP."""
QUEUES = SYSTEMS["storage_queue"]
"""That of our own queues."""

HEADER = "traceparent"
STATE = "tracestate"
"""The headers of W3C's "Trace Context"."""

ATTRIBUTES = {
    "system": "messaging.system",
    "count": "messaging.batch.message_count",
    "method": "http.request.method",
    "status": "http.response.status_code",
    "address": "server.address",
    "source": "fno_link.source",
    "organization": "fno_link.organization",
    "event": "fno_link.event.key",
    "id": "fno_link.event.id",
    "type": "fno_link.event.type",
    "route": "fno_link.route",
    "routes": "fno_link.routes",
    "target": "fno_link.target",
    "attempt": "fno_link.attempt",
    "outcome": "fno_link.outcome",
    "reason": "fno_link.reason",
    "link": "fno_link.link.state",
    "check": "fno_link.check",
    "queue": "fno_link.queue",
}
"""By the words that our code says; `messaging.operation.*`, `messaging.destination.name`, `faas.*` and `error.type` are
set by the span itself. None is ever given a payload, a key, a token or a URL."""
ALWAYS = (
    "messaging.operation.name",
    "messaging.operation.type",
    "messaging.destination.name",
    "faas.name",
    "faas.invocation_id",
    "error.type",
)
