"""The configuration that a seed runs on: short waits, every kind of source and target that the local world has."""

import base64
import json

import msgspec

from emulation.dynamics import FinanceOperationsLink, Organization
from emulation.service_bus import BrokerConfig, QueueConfig, SubscriptionConfig, TopicConfig
from emulation.service_bus.config import Milliseconds
from tests.faults.evidence import Delivery

CLIENT_ID = "0a1b2c3d-0000-4000-8000-0000000000fa"
WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"twenty-four secret bytes").decode()
CLIENT_SECRET = "a secret of the fault suite"
OWN_ORGANIZATION_ID = "4ef5a7c0-11d2-4c5b-9d77-3b1f0c2a9e10"
ORGANIZATIONS = ("contoso", "fabrikam", "adatum")
BUS_QUEUE, BUS_TOPIC, BUS_SUBSCRIPTION, STORAGE_QUEUE = "erp-events", "crm-events", "fno-link", "erp-in"
SUBSCRIPTION = "all"
# By source: among which sources the same id is the same event; the others are each for itself.
GROUPS = {
    "contoso-http": "contoso-erp",
    "bus-queue": "contoso-erp",
    "fabrikam-http": "fabrikam-all",
    "bus-topic": "fabrikam-all",
}
# Longer than a run takes on a busy machine: it would be taken over, and deliver twice, without a fault.
LEASE = 10.0
LOCK = 5
# Seconds between two rounds of the watch, the answers in a row that it acts upon, and seconds for one of them.
ROUND, THRESHOLD, ASK_WITHIN = 2, 2, 2.0
TIMEOUT = 3.0
TRANSPORTS = {
    "plain": "webhook",
    "linked": "webhook",
    "archive": "storage_queue",
    "ledger": "storage_queue",
    "orders": "service_bus",
    "invoices": "service_bus",
    "erp": "webhook",
    "alerts": "webhook",
}
# By source: its organization and how a sender reaches it.
SOURCES = {
    "contoso-http": ("contoso", "http"),
    "fabrikam-http": ("fabrikam", "http"),
    "adatum-http": ("adatum", "http"),
    "echoing": ("contoso", "http"),
    "bus-queue": ("contoso", "service_bus"),
    "bus-topic": ("fabrikam", "service_bus"),
    "storage": ("adatum", "storage_queue"),
}


class Route(msgspec.Struct, frozen=True):
    """One route, by the types that it takes."""

    name: str
    target: str
    types: tuple[str, ...]
    requires_link: bool


ROUTES = (
    Route("to-plain", "plain", ("AlphaBusinessEvent", "CharlieBusinessEvent", "account.Update"), requires_link=False),
    Route("to-plain-again", "plain", ("DeltaBusinessEvent",), requires_link=False),
    Route("to-linked", "linked", ("BravoBusinessEvent", "DeltaBusinessEvent", "account.Update"), requires_link=True),
    Route("to-archive", "archive", ("BravoBusinessEvent", "EchoBusinessEvent"), requires_link=False),
    Route("to-ledger", "ledger", ("FoxtrotBusinessEvent", "account.Update"), requires_link=True),
    Route("to-orders", "orders", ("CharlieBusinessEvent", "EchoBusinessEvent"), requires_link=False),
    Route("to-invoices", "invoices", ("DeltaBusinessEvent", "FoxtrotBusinessEvent"), requires_link=True),
    Route("to-erp", "erp", ("GolfBusinessEvent", "BravoBusinessEvent"), requires_link=True),
    Route("to-alerts", "alerts", ("fno-link.integration.*",), requires_link=False),
)
TYPES = ("Alpha", "Bravo", "Charlie", "Delta", "Echo", "Foxtrot", "Golf")
# Types whose targets take more than a queue message holds.
LARGE = ("Alpha", "Delta", "Golf")

_SETTINGS = f"""
[cache]
refresh_after = "2s"
expire_after = "10m"
not_linked_for = "1s"
share_check = "1s"

[delivery]
retry_after = ["500ms", "1s", "1s", "2s", "2s", "3s", "3s", "4s", "4s", "5s"]

[delivery.breaker]
failures = 5
minimum = 10
window = "5s"
open_for = "500ms"
open_at_most = "2s"

[journal]
lease = "{LEASE:g}s"

[health]
schedule = "*/{ROUND:d} * * * * *"
failure_threshold = {THRESHOLD}
success_threshold = {THRESHOLD}
ask_within = "{ASK_WITHIN:g}s"
# What flaps is silent for half an hour.
flapping = 0

[sources.echoing]
kind = "http"
organization = "contoso"
drop_echoes = true

[sources.bus-queue]
kind = "service_bus"
organization = "contoso"
duplicates = "{GROUPS["bus-queue"]}"
queue = "{BUS_QUEUE}"

[sources.bus-topic]
kind = "service_bus"
organization = "fabrikam"
duplicates = "{GROUPS["bus-topic"]}"
topic = "{BUS_TOPIC}"
subscription = "{BUS_SUBSCRIPTION}"

[sources.storage]
kind = "storage_queue"
organization = "adatum"
queue = "{STORAGE_QUEUE}"

[targets.plain]
kind = "webhook"
url = "%RECEIVERS%/plain"
secret = "%SECRET%"
timeout = "{TIMEOUT:g}s"

[targets.linked]
kind = "webhook"
url = "%RECEIVERS%/linked"
mode = "binary"
timeout = "{TIMEOUT:g}s"

[targets.alerts]
kind = "webhook"
url = "%RECEIVERS%/alerts"
timeout = "{TIMEOUT:g}s"

[targets.archive]
kind = "storage_queue"
queue = "archive"

[targets.ledger]
kind = "storage_queue"
queue = "ledger"

[targets.orders]
kind = "service_bus"
queue = "orders"
session = "{{data.SalesOrderId}}"

[targets.invoices]
kind = "service_bus"
topic = "invoices"

[targets.erp]
kind = "finance_operations"
path = "/api/services/FnoLinkServices/FnoLinkService/receive"
body = "cloudevent"
wrapper = "_request"
timeout = "{TIMEOUT:g}s"
"""


def configuration() -> str:
    """Write fno-link.toml."""
    parts = [
        f'[[organizations]]\nname = "{name}"\nurl = "https://{name}.crm.dynamics.com"\n'
        f'tenant = "contoso.onmicrosoft.com"\n[sources.{name}-http]\nkind = "http"\norganization = "{name}"\n'
        f'duplicates = "{GROUPS.get(f"{name}-http", "")}"\n'
        for name in ORGANIZATIONS
    ]
    parts += [
        f'[[routes]]\nname = "{route.name}"\nevent_types = {json.dumps(route.types)}\ntarget = "{route.target}"\n'
        f"requires_link = {json.dumps(route.requires_link)}\n"
        for route in ROUTES
    ]
    return "\n".join([*parts, _SETTINGS])


def organization(name: str) -> Organization:
    """Return an organization as the emulated Dataverse has it."""
    id_ = OWN_ORGANIZATION_ID if name == "contoso" else ""
    return Organization(name, organization_id=id_, link=FinanceOperationsLink(home(name)))


def deliveries(type_: str) -> tuple[Delivery, ...]:
    """Say where events of a type go."""
    return tuple(Delivery(route.name, route.target) for route in ROUTES if type_ in route.types)


def needs_link(type_: str) -> bool:
    """Say whether a delivery of events of a type needs the link."""
    return any(route.requires_link for route in ROUTES if type_ in route.types)


def home(organization: str) -> str:
    """Return the environment that an organization is linked to at the start."""
    return f"https://{organization}.operations.dynamics.com"


def elsewhere(organization: str) -> str:
    """Return the environment that its link moves to."""
    return f"https://{organization}-new.operations.dynamics.com"


def broker() -> BrokerConfig:
    """Return the namespace's entities: locks that are soon over, and as many deliveries as Azure allows by default."""
    lock = Milliseconds(LOCK * 1000)
    return BrokerConfig(
        queues=(
            QueueConfig(name=BUS_QUEUE, lock_duration=lock),
            QueueConfig(name="orders", lock_duration=lock, requires_session=True),
        ),
        topics=(
            TopicConfig(name=BUS_TOPIC, subscriptions=(SubscriptionConfig(name=BUS_SUBSCRIPTION, lock_duration=lock),)),
            TopicConfig(name="invoices", subscriptions=(SubscriptionConfig(name=SUBSCRIPTION, lock_duration=lock),)),
        ),
    )
