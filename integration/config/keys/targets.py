"""Where events go: one struct a kind of target."""

from datetime import timedelta
from typing import Annotated, Literal

import msgspec

from integration.config.keys.breaker import OwnBreaker
from integration.config.keys.fields import (
    AccessKey,
    Connection,
    EntityName,
    HeaderName,
    MemberName,
    MemberPath,
    Name,
    OperationPath,
    OptionalGuid,
    Origin,
    QueueName,
    Secret,
    SecretText,
    Template,
    TopicEndpoint,
    WebhookUrl,
    WorkflowUrl,
)


class CommonTarget(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", forbid_unknown_fields=True):
    """What every target has.

    Args:
        name: The key in `[targets.*]`.
        retry_after: The waits between attempts for this target; left out: those of `[delivery]`.
        breaker: When this target is left alone, as far as it differs from `[delivery.breaker]`.
        enabled: Off: no enabled route may send to it, and its connection need not be set.
    """

    name: Name
    retry_after: tuple[timedelta, ...] = ()
    breaker: OwnBreaker = OwnBreaker()
    enabled: bool = True


class StorageQueueTarget(CommonTarget, frozen=True, kw_only=True, tag="storage_queue"):
    """Deliveries as messages on a Storage queue.

    Args:
        queue: The queue's name; created when it is missing.
        connection: The app setting, or the prefix of the app settings, that says where the queue is.
        body: What is sent: the whole CloudEvent, its data, or the body as it came.
    """

    queue: QueueName
    connection: Connection = "AzureWebJobsStorage"
    body: Literal["cloudevent", "data", "raw"] = "cloudevent"


class WebhookTarget(CommonTarget, frozen=True, kw_only=True, tag="webhook"):
    """Deliveries as HTTPS POSTs, signed by the Standard Webhooks scheme.

    Args:
        url: https, or http on loopback. May hold templates in path and query, never in the host.
        secret: `whsec_…`, from an app setting by `%SETTING%`; empty: unsigned.
        headers: Extra headers, values from app settings where secret.
        body: What is sent: the whole CloudEvent, its data, or the body as it came.
        mode: CloudEvents HTTP binding: structured, binary, or batches of what is under way at once (for
            `body = "cloudevent"`).
        timeout: For one attempt.
        validate: Ask each receiver once whether it wants our deliveries, before the first one (CloudEvents' abuse
            protection): OPTIONS with `WebHook-Request-Origin`.
        origin: Who asks, with `validate`: a DNS name that stands for all of this system, `fno-link.contoso.com`.
        rate: Deliveries a minute that are asked for, with `validate`; 0: none in particular. What the receiver answers
            holds for all instances together.
        not_permitted: What becomes of a delivery that a receiver did not permit: tried again by the schedule, the
            receiver being asked again, or a dead letter at once.
    """

    url: WebhookUrl
    secret: Secret = ""
    headers: dict[str, SecretText] = {}
    body: Literal["cloudevent", "data", "raw"] = "cloudevent"
    mode: Literal["structured", "binary", "batch"] = "structured"
    timeout: timedelta = timedelta(seconds=30)
    validate: bool = False
    origin: Origin = ""
    rate: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    not_permitted: Literal["retry", "dead_letter"] = "retry"


class ServiceBusTarget(CommonTarget, frozen=True, kw_only=True, tag="service_bus"):
    """Deliveries as messages to a Service Bus queue or topic.

    Args:
        queue: The queue's name; or `topic`.
        topic: The topic's name; or `queue`.
        connection: The app setting, or the prefix of the app settings, that says where the namespace is.
        session: A template for the SessionId, `{data.SalesOrderId}`; hashed when longer than 128 characters. A queue
            or subscription that requires sessions needs one.
        subject: A template for the message's subject (label); left out: the subject of the event.
        body: What is sent: the CloudEvent in the AMQP binding's binary mode (attributes as application properties
            `cloudEvents_…`, its data as the body), its data alone, or the body as it came.
    """

    queue: EntityName = ""
    topic: EntityName = ""
    connection: Connection = "ServiceBus"
    session: Template = ""
    subject: Template = ""
    body: Literal["cloudevent", "data", "raw"] = "cloudevent"


class EventGridTarget(CommonTarget, frozen=True, kw_only=True, tag="event_grid"):
    """Deliveries as CloudEvents to an Event Grid custom topic whose input schema is CloudEvents 1.0.

    Args:
        endpoint: The topic's endpoint: `https://NAME.REGION-1.eventgrid.azure.net/api/events`.
        key: The topic's access key, from an app setting by `%SETTING%`; empty: the app's managed identity.
        client_id: Client id of a user-assigned managed identity; empty: the system-assigned one.
        timeout: For one attempt.
    """

    endpoint: TopicEndpoint
    key: AccessKey = ""
    client_id: OptionalGuid = ""
    timeout: timedelta = timedelta(seconds=30)


class FinanceOperationsTarget(CommonTarget, frozen=True, kw_only=True, tag="finance_operations"):
    """Deliveries as POSTs to the linked, trusted Finance & Operations environment: no URL is configured.

    Args:
        path: A custom service, `/api/services/GROUP/SERVICE/OPERATION`, or an OData action under `/data/`. May hold
            templates.
        body: What is sent: the event's data, or the whole CloudEvent.
        wrapper: The member that the body is put into, `_request` for the parameter of that name; empty: not wrapped.
        idempotency_header: The header that carries the delivery's id, the same for every attempt and replay; empty:
            none.
        idempotency_field: Where in the body the delivery's id is written, `_request.MessageId`; empty: nowhere.
        timeout: For one attempt.
    """

    path: OperationPath
    body: Literal["data", "cloudevent"] = "data"
    wrapper: MemberName = ""
    idempotency_header: HeaderName = "x-idempotency-key"
    idempotency_field: MemberPath = ""
    timeout: timedelta = timedelta(seconds=60)


class TeamsTarget(CommonTarget, frozen=True, kw_only=True, tag="teams"):
    """Deliveries as Adaptive Cards to a channel or chat of Microsoft Teams, by the webhook of a workflow.

    Alerts say what is wrong, since when and what to do; of any other event its type, subject and id are shown.

    Args:
        url: The webhook's URL, from an app setting by `%SETTING%`: whoever has it may post.
        timeout: For one attempt.
    """

    url: WorkflowUrl
    timeout: timedelta = timedelta(seconds=30)


type Target = (
    StorageQueueTarget | WebhookTarget | ServiceBusTarget | EventGridTarget | FinanceOperationsTarget | TeamsTarget
)
