"""What fno-link.toml says, as frozen values.

Everything here has been checked: names are unique, references resolve, `%SETTING%` is replaced. Durations are
`timedelta`. Filters and templates are checked by the rooms that own them (`routing`, `delivery`).
"""

from datetime import timedelta
from typing import Any, Literal

import msgspec

from integration.clouds import CloudName

type JsonObject = dict[str, Any]


class Organization(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A Dataverse environment.

    Args:
        name: Short name for URLs, logs and routes: `[a-z0-9-]`, at most 40 characters.
        url: `https://contoso.crm.dynamics.com`, no trailing slash.
        tenant: Domain or id of the Entra tenant.
        organization_id: The Dataverse OrganizationId; empty: asked with WhoAmI.
        cloud: Which Microsoft cloud.
        trusted_hosts: Extra host suffixes under which a linked F&O environment is trusted.
    """

    name: str
    url: str
    tenant: str
    organization_id: str = ""
    cloud: CloudName = "public"
    trusted_hosts: tuple[str, ...] = ()


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
    """How long a link answer serves; design §5."""

    refresh_after: timedelta = timedelta(minutes=15)
    expire_after: timedelta = timedelta(hours=24)
    not_linked_for: timedelta = timedelta(seconds=60)
    share_check: timedelta = timedelta(seconds=30)


class HttpSource(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="http", forbid_unknown_fields=True):
    """Events POSTed to /api/events/{name}."""

    name: str
    organization: str
    enabled: bool = True
    max_body: int = 1_048_576
    legal_entities: tuple[str, ...] = ()


class StorageQueueSource(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag_field="kind",
    tag="storage_queue",
    forbid_unknown_fields=True,
):
    """Events on a Storage queue; `connection` is an app-setting prefix."""

    name: str
    organization: str
    queue: str
    connection: str = "AzureWebJobsStorage"
    enabled: bool = True
    legal_entities: tuple[str, ...] = ()


type Source = HttpSource | StorageQueueSource


class Route(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which events go to which target; the filter vocabulary is that of Event Grid subscriptions.

    `filters` and `filter` (an Event Grid subscription's own filter object) stay as written: `routing` checks and
    compiles them.
    """

    name: str
    target: str
    enabled: bool = True
    default: bool = False
    organizations: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    event_types: tuple[str, ...] = ()
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
    """Deliveries as messages on a Storage queue."""

    name: str
    queue: str
    connection: str = "AzureWebJobsStorage"
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
        body: What is sent.
        mode: CloudEvents HTTP binding: structured or binary (for `body = "cloudevent"`).
        timeout: For one attempt.
    """

    name: str
    url: str
    secret: str = ""
    headers: dict[str, str] = {}
    body: Literal["cloudevent", "data", "raw"] = "cloudevent"
    mode: Literal["structured", "binary"] = "structured"
    timeout: timedelta = timedelta(seconds=30)


type Target = StorageQueueTarget | WebhookTarget


class Routing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happens to events that no route takes."""

    unmatched: Literal["dead_letter", "journal"] = "dead_letter"


class Delivery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How deliveries are tried again and how long parked ones wait."""

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
    """When organizations are probed; thresholds are counts of equal verdicts in a row."""

    schedule: str = "0 */5 * * * *"
    failure_threshold: int = 3
    success_threshold: int = 2


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
