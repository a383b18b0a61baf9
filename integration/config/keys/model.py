"""What fno-link.toml says, as frozen values.

Everything here has been checked: names are unique, references resolve, `%SETTING%` is replaced. Durations are
`timedelta`. Filters and templates are checked by the rooms that own them (`routing`, `delivery`).

This is also the only place that says which keys there are: the reader, the JSON Schema and the test of the reference
page follow these types, with those of `sources`, `targets` and `fields`.
"""

from datetime import timedelta
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from integration.clouds import CloudName
from integration.config.keys.breaker import Breaker, OwnBreaker
from integration.config.keys.business_events import BusinessEvents
from integration.config.keys.clients import Client, Entra
from integration.config.keys.fields import (
    ControlNumber,
    HostSuffix,
    JsonObject,
    Name,
    OptionalGuid,
    OrganizationName,
    OrganizationUrl,
    SourceName,
    StepId,
    TargetName,
    Tenant,
    Text,
    VaultHost,
)
from integration.config.keys.health import Escalation, Health, Maintenance, OwnThresholds, Thresholds
from integration.config.keys.senders import Image, Registration, Sender, Steps
from integration.config.keys.sources import (
    EventGridSource,
    EventHubSource,
    HttpSource,
    ServiceBusSource,
    Source,
    StorageQueueSource,
)
from integration.config.keys.targets import (
    EventGridTarget,
    FinanceOperationsTarget,
    ServiceBusTarget,
    StorageQueueTarget,
    Target,
    TeamsTarget,
    WebhookTarget,
)

__all__ = [
    "Breaker",
    "BusinessEvents",
    "Cache",
    "Configuration",
    "Credentials",
    "Delivery",
    "Document",
    "Escalation",
    "EventGridSource",
    "EventGridTarget",
    "EventHubSource",
    "FinanceOperationsTarget",
    "Health",
    "HttpSource",
    "Image",
    "JsonObject",
    "Maintenance",
    "Name",
    "Organization",
    "OwnBreaker",
    "OwnThresholds",
    "Registration",
    "Route",
    "Routing",
    "Sender",
    "ServiceBusSource",
    "ServiceBusTarget",
    "Source",
    "StatusPage",
    "Steps",
    "StorageQueueSource",
    "StorageQueueTarget",
    "Target",
    "TeamsTarget",
    "Thresholds",
    "WebhookTarget",
]


class Organization(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A Dataverse environment.

    Args:
        name: Short name for URLs, logs and routes: `[a-z0-9-]`, at most 40 characters.
        url: The environment's URL, `https://contoso.crm.dynamics.com`, without a path; that of its Web API,
            `https://contoso.api.crm.dynamics.com`, is the same organization.
        tenant: Domain or id of the Entra tenant.
        organization_id: The Dataverse OrganizationId; empty: asked with WhoAmI.
        cloud: Which Microsoft cloud.
        trusted_hosts: Extra host suffixes, each with a leading dot, under which a linked F&O environment is trusted.
        health: When it is judged ill, as far as it differs from `[health]`.
        key_vaults: Hosts of the key vaults from which endpoints of the F&O environment's own business events take their
            secrets; another one is told by `fno-link doctor` (the environment is a copy). Empty: none is compared.
        steps: The ids of plug-in steps (`sdkmessageprocessingstep`) in Dataverse whose failed system jobs are told.
    """

    name: Name
    url: OrganizationUrl
    tenant: Tenant
    organization_id: OptionalGuid = ""
    cloud: CloudName = "public"
    trusted_hosts: tuple[HostSuffix, ...] = ()
    health: OwnThresholds = OwnThresholds()
    key_vaults: tuple[VaultHost, ...] = ()
    steps: tuple[StepId, ...] = ()


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
        share_check: How often memory copies are compared with the shared tier; those of `not linked` every second.
        refreshes_per_minute: How often each caller (a key, a client, or a person whom one brings) may have links asked
            anew, past the cache, in each instance.
    """

    refresh_after: timedelta = timedelta(minutes=15)
    expire_after: timedelta = timedelta(hours=24)
    not_linked_for: timedelta = timedelta(seconds=60)
    share_check: timedelta = timedelta(seconds=30)
    refreshes_per_minute: Annotated[int, Meta(ge=1, le=10_000)] = 30


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


class Routing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happens to events that no route takes.

    Args:
        unmatched: Kept as a dead letter `Unrouted`, or only written to the journal.
    """

    unmatched: Literal["dead_letter", "journal"] = "dead_letter"


class Journal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is remembered of each event, to find duplicates and to answer what became of it.

    Args:
        enabled: Off: nothing is remembered; an event that comes twice is delivered twice.
        keep: How long, by the events' own time. Tables are dropped a week after they are over.
        keep_payload: The events themselves are kept, too, as long as their rows, so that what was delivered can be
            replayed. A blob an event, and perhaps personal data.
        lease: How long a run has an event to itself. A run that takes longer may be taken over by another, which then
            delivers a second time; one that was killed is taken over no sooner. Half as long again as the longest
            `timeout` of a target, or longer.
        control_number_jump: How far a business event's ControlNumber may be from the newest of its kind to be told in
            or out of order by it; one further away says nothing.
    """

    enabled: bool = True
    keep: timedelta = timedelta(days=14)
    keep_payload: bool = False
    lease: timedelta = timedelta(seconds=150)
    control_number_jump: ControlNumber = 10_000_000


class Delivery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How deliveries are tried again and how long parked ones wait.

    Args:
        retry_after: The waits between attempts; after the last a delivery becomes a dead letter. A target may have its
            own.
        give_up_after: A delivery that failed longer ago than this for the first time becomes a dead letter at its next
            failure, whatever its waits; waits that a target asks for and those of an open circuit count.
        breaker: When a target that keeps failing is left alone.
        calls_per_environment: How many calls to one linked Finance & Operations environment each process has under way
            at once, whichever targets and routes they are for. The environment allows an app 52 on each of its nodes:
            this times the processes of the function app should stay below.
        replays_at_once: How many dead letters a replay has under way at once, and how many parked deliveries a release;
            those of one event, one subject or one session of their target go one after the other.
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
    give_up_after: timedelta = timedelta(days=3)
    breaker: Breaker = Breaker()
    calls_per_environment: Annotated[int, Meta(ge=1, le=52)] = 8
    replays_at_once: Annotated[int, Meta(ge=1, le=64)] = 16
    park_for: timedelta = timedelta(days=14)


class StatusPage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who sees the status page, and what it lets them do.

    Args:
        public: Whether there is a page that asks for no key, `/api/status/public`, with the organizations' names and
            states and nothing else, and badges beside it. Off: neither is there.
        actions: Whether the operator's page has forms that acknowledge, mute, release and replay. Off: it has none, and
            refuses those that are sent to it; the HTTP API and the command line stay.
    """

    public: bool = False
    actions: bool = True


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
        journal: What is remembered of each event.
        health: What the watch asks and how often, and when it speaks.
        status: Who sees the status page, and what it lets them do.
        registration: What `fno-link register` makes in Dataverse, for all sources.
        entra: Whose tokens are taken from programs, beside function keys.
        clients: The programs that may show one, one `[[clients]]` each.
    """

    organizations: Annotated[tuple[Organization, ...], Meta(min_length=1)]
    sources: dict[str, Source] = {}
    routes: tuple[Route, ...] = ()
    targets: dict[str, Target] = {}
    cache: Cache = Cache()
    routing: Routing = Routing()
    delivery: Delivery = Delivery()
    journal: Journal = Journal()
    health: Health = Health()
    status: StatusPage = StatusPage()
    registration: Registration = Registration()
    entra: Entra = Entra()
    clients: tuple[Client, ...] = ()


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """The whole checked configuration."""

    organizations: dict[str, Organization]
    sources: dict[str, Source]
    routes: tuple[Route, ...]
    targets: dict[str, Target]
    cache: Cache = Cache()
    routing: Routing = Routing()
    delivery: Delivery = Delivery()
    journal: Journal = Journal()
    health: Health = Health()
    status: StatusPage = StatusPage()
    registration: Registration = Registration()
    entra: Entra = Entra()
    clients: tuple[Client, ...] = ()
    file: str = ""

    def thresholds(self, organization: str = "") -> Thresholds:
        """Return when a subject is judged ill.

        Args:
            organization: The organization that it is, or belongs to; empty: none.
        """
        own = self.organizations[organization].health if organization else None
        return self.health.thresholds(organization, own)
