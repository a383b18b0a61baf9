"""What fno-link.toml says, as frozen values.

Everything here has been checked: names are unique, references resolve, `%SETTING%` is replaced. Durations are
`timedelta`. Filters and templates are checked by the rooms that own them (`routing`, `delivery`).

This is also the only place that says which keys there are: the reader, the JSON Schema and the test of the reference
page follow these types. An annotation's `extra` tells the reader more than the type does: `hint` (what to write
instead), `refers_to` (the table whose names are allowed), `check` (a function of `checks`), `secret` (never shown).
"""

from datetime import timedelta
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from integration.clouds import CloudName

type JsonObject = dict[str, Any]

type Name = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$",
        extra={"hint": "1 to 40 of a-z, 0-9 and -, neither beginning nor ending with -"},
    ),
]
type OrganizationName = Annotated[str, Meta(extra={"refers_to": "organizations"})]
type SourceName = Annotated[str, Meta(extra={"refers_to": "sources"})]
type TargetName = Annotated[str, Meta(extra={"refers_to": "targets"})]
type OrganizationUrl = Annotated[str, Meta(extra={"check": "organization_url"})]
type WebhookUrl = Annotated[str, Meta(extra={"check": "webhook_url"})]
type Schedule = Annotated[str, Meta(extra={"check": "schedule"})]
type QueueName = Annotated[
    str,
    Meta(
        pattern=r"^(?!fno-link-)(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$",
        extra={
            "hint": "3 to 63 of a-z, 0-9 and single -, beginning and ending with a letter or digit; "
            "names that begin with fno-link- are fno-link's own"
        },
    ),
]
type SourceQueueName = Annotated[
    str,
    Meta(
        pattern=r"^(?!fno-link-)(?!.*--)[a-z0-9][a-z0-9-]{1,54}[a-z0-9]$",
        extra={
            "hint": "3 to 56 of a-z, 0-9 and single -, beginning and ending with a letter or digit (63 less -poison); "
            "names that begin with fno-link- are fno-link's own"
        },
    ),
]
type Connection = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z_][A-Za-z0-9_.:-]*$",
        extra={
            "hint": "the name, or the prefix, of an app setting; never the connection string itself",
            "secret": True,
        },
    ),
]
type Tenant = Annotated[
    str,
    Meta(
        pattern=r"^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,})$",
        extra={"hint": "a domain (contoso.onmicrosoft.com) or the tenant's id"},
    ),
]
type OptionalGuid = Annotated[
    str,
    Meta(
        pattern=r"^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})?$",
        extra={"hint": "32 hexadecimal digits as 8-4-4-4-12; leave it out to ask WhoAmI"},
    ),
]
type HostSuffix = Annotated[
    str,
    Meta(
        pattern=r"^(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?){2,}$",
        extra={"hint": "a dot and at least two labels in lower case: .operations.contoso.com"},
    ),
]
type Secret = Annotated[
    str,
    Meta(
        pattern=r"^(whsec_[A-Za-z0-9+/]+=*)?$",
        extra={"secret": True, "keep_out": True, "hint": "whsec_ and base64, from an app setting: %SETTING%"},
    ),
]
type SecretText = Annotated[str, Meta(extra={"secret": True})]
type Text = Annotated[str, Meta(min_length=1, max_length=256)]
type Threshold = Annotated[int, Meta(ge=1, le=1000)]
type Bytes = Annotated[int, Meta(ge=1, le=104_857_600)]


class Organization(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A Dataverse environment.

    Args:
        name: Short name for URLs, logs and routes: `[a-z0-9-]`, at most 40 characters.
        url: The environment's URL, `https://contoso.crm.dynamics.com`, without a path.
        tenant: Domain or id of the Entra tenant.
        organization_id: The Dataverse OrganizationId; empty: asked with WhoAmI.
        cloud: Which Microsoft cloud.
        trusted_hosts: Extra host suffixes, each with a leading dot, under which a linked F&O environment is trusted.
    """

    name: Name
    url: OrganizationUrl
    tenant: Tenant
    organization_id: OptionalGuid = ""
    cloud: CloudName = "public"
    trusted_hosts: tuple[HostSuffix, ...] = ()


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """How to be a client of Entra for one organization; never logged, never encoded.

    `client_secret` or `client_certificate` (PEM with key, or base64 PFX) with `client_id`; neither: managed identity,
    `client_id` then names a user-assigned one.
    """

    client_id: str = ""
    client_secret: str = ""
    client_certificate: str = ""
    client_certificate_password: str = ""

    def __repr__(self) -> str:
        return f"Credentials(client_id={self.client_id!r}, …)"


class Cache(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long a link answer serves.

    Args:
        refresh_after: Older: the cached answer is served, and one refresh runs behind it.
        expire_after: Older: the caller waits for a fresh answer.
        not_linked_for: How long "not linked" is served before it is asked again.
        share_check: How often memory copies are compared with the shared tier.
    """

    refresh_after: timedelta = timedelta(minutes=15)
    expire_after: timedelta = timedelta(hours=24)
    not_linked_for: timedelta = timedelta(seconds=60)
    share_check: timedelta = timedelta(seconds=30)


class HttpSource(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="http", forbid_unknown_fields=True):
    """Events POSTed to /api/events/{name}.

    Args:
        name: The key in `[sources.*]`; part of the URL.
        organization: The organization that the events come from.
        enabled: Off: nothing is registered and nothing is taken in.
        max_body: Bytes of the largest body that is accepted.
        legal_entities: The legal entities (companies) whose events are accepted; none named: all.
    """

    name: Name
    organization: OrganizationName
    enabled: bool = True
    max_body: Bytes = 1_048_576
    legal_entities: tuple[Text, ...] = ()


class StorageQueueSource(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag_field="kind",
    tag="storage_queue",
    forbid_unknown_fields=True,
):
    """Events on a Storage queue.

    Args:
        name: The key in `[sources.*]`.
        organization: The organization that the events come from.
        queue: The queue's name.
        connection: The app setting, or the prefix of the app settings, that says where the queue is.
        enabled: Off: the queue is not read, its messages wait.
        legal_entities: The legal entities (companies) whose events are accepted; none named: all.
    """

    name: Name
    organization: OrganizationName
    queue: SourceQueueName
    connection: Connection = "AzureWebJobsStorage"
    enabled: bool = True
    legal_entities: tuple[Text, ...] = ()


type Source = HttpSource | StorageQueueSource


class Route(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which events go to which target; the filter vocabulary is that of Event Grid subscriptions.

    `filters` and `filter` stay as written: `routing` checks and compiles them.

    Args:
        name: Part of each delivery's id.
        target: Where matching events go.
        enabled: Off: the route is checked but takes nothing.
        default: Takes what no other route has taken.
        organizations: Only events of these organizations; none named: all.
        sources: Only events from these sources; none named: all.
        event_types: Only these event types, `*` stands for any text; none named: all.
        subject_begins_with: Only subjects that begin so.
        subject_ends_with: Only subjects that end so.
        subject_case_sensitive: Whether the two subject filters tell upper from lower case.
        filters: Conditions on fields of the event, all of which must hold.
        filter: An Event Grid subscription's own filter object, as a table or as a string of JSON.
        requires_link: Whether deliveries wait until the organization is linked; left out: true, false for `fno-link.*`.
        on_relink: What happens to parked deliveries when the link has moved to another environment meanwhile.
    """

    name: Name
    target: TargetName
    enabled: bool = True
    default: bool = False
    organizations: tuple[OrganizationName, ...] = ()
    sources: tuple[SourceName, ...] = ()
    event_types: tuple[Text, ...] = ()
    subject_begins_with: str = ""
    subject_ends_with: str = ""
    subject_case_sensitive: bool = False
    filters: tuple[JsonObject, ...] = ()
    filter: JsonObject = {}
    requires_link: bool | None = None
    on_relink: Literal["hold", "deliver"] = "hold"


class StorageQueueTarget(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag_field="kind",
    tag="storage_queue",
    forbid_unknown_fields=True,
):
    """Deliveries as messages on a Storage queue.

    Args:
        name: The key in `[targets.*]`.
        queue: The queue's name; created when it is missing.
        connection: The app setting, or the prefix of the app settings, that says where the queue is.
        body: What is sent: the whole CloudEvent, its data, or the body as it came.
    """

    name: Name
    queue: QueueName
    connection: Connection = "AzureWebJobsStorage"
    body: Literal["cloudevent", "data", "raw"] = "cloudevent"


class WebhookTarget(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="webhook", forbid_unknown_fields=True
):
    """Deliveries as HTTPS POSTs, signed by the Standard Webhooks scheme.

    Args:
        name: The key in `[targets.*]`.
        url: https, or http on loopback. May hold templates in path and query, never in the host.
        secret: `whsec_…`, from an app setting by `%SETTING%`; empty: unsigned.
        headers: Extra headers, values from app settings where secret.
        body: What is sent: the whole CloudEvent, its data, or the body as it came.
        mode: CloudEvents HTTP binding: structured or binary (for `body = "cloudevent"`).
        timeout: For one attempt.
    """

    name: Name
    url: WebhookUrl
    secret: Secret = ""
    headers: dict[str, SecretText] = {}
    body: Literal["cloudevent", "data", "raw"] = "cloudevent"
    mode: Literal["structured", "binary"] = "structured"
    timeout: timedelta = timedelta(seconds=30)


type Target = StorageQueueTarget | WebhookTarget


class Routing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happens to events that no route takes.

    Args:
        unmatched: Kept as a dead letter `Unrouted`, or only written to the journal.
    """

    unmatched: Literal["dead_letter", "journal"] = "dead_letter"


class Delivery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How deliveries are tried again and how long parked ones wait.

    Args:
        retry_after: The waits between attempts; after the last a delivery becomes a dead letter.
        park_for: How long a delivery waits for the link to come back before it becomes a dead letter.
    """

    retry_after: tuple[timedelta, ...] = (
        timedelta(seconds=5),
        timedelta(minutes=5),
        timedelta(minutes=30),
        timedelta(hours=2),
        timedelta(hours=5),
        timedelta(hours=10),
        timedelta(hours=10),
    )
    park_for: timedelta = timedelta(days=14)


class Health(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When organizations are probed, and how many equal verdicts in a row decide.

    Args:
        schedule: An NCRONTAB expression of six fields, in UTC: second minute hour day month weekday.
        failure_threshold: Bad verdicts in a row before the alarm is raised.
        success_threshold: Good verdicts in a row before the alarm is resolved.
    """

    schedule: Schedule = "0 */5 * * * *"
    failure_threshold: Threshold = 3
    success_threshold: Threshold = 2


class Document(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file, as it is written.

    Args:
        organizations: The Dataverse environments, one `[[organizations]]` each.
        sources: Where events come from, one `[sources.NAME]` each.
        routes: Which events go where, one `[[routes]]` each.
        targets: Where events go, one `[targets.NAME]` each.
        cache: How long a link answer serves.
        routing: What happens to events that no route takes.
        delivery: How deliveries are tried again.
        health: When organizations are probed.
    """

    organizations: Annotated[tuple[Organization, ...], Meta(min_length=1)]
    sources: dict[str, Source] = {}
    routes: tuple[Route, ...] = ()
    targets: dict[str, Target] = {}
    cache: Cache = Cache()
    routing: Routing = Routing()
    delivery: Delivery = Delivery()
    health: Health = Health()


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """The whole checked configuration."""

    organizations: dict[str, Organization]
    sources: dict[str, Source]
    routes: tuple[Route, ...]
    targets: dict[str, Target]
    cache: Cache = Cache()
    routing: Routing = Routing()
    delivery: Delivery = Delivery()
    health: Health = Health()
    file: str = ""
