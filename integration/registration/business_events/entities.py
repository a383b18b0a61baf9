"""Names of Finance & Operations' entities of business events, and how their rows are read; pure.

Sources: members and keys as clients have them that were generated from an environment's `$metadata`; the pages
"Business events overview" (where it is set up) and "Manage business event endpoints" (types of endpoints).
`DecryptedAzureAppSecret` is a member of the endpoints, too: it is never selected.
"""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from integration.plain_text import plain

ENDPOINTS_SET = "BusinessEventsEndpoints"
ENDPOINT_COLUMNS = (
    "Name",
    "Type",
    "Description",
    "AzureAppId",
    "KeyVaultDnsName",
    "KeyVaultSecretName",
    "ServiceBusQueueName",
    "ServiceBusTopicName",
    "EventGridEndpointURL",
    "EventHubName",
)
SECRET_COLUMN = "DecryptedAzureAppSecret"  # noqa: S105 (the name of a column)
ACTIVE_SET = "BusinessEventsConfigurations"
ACTIVE_COLUMNS = ("BusinessEventsTable", "LegalEntity", "BusinessEventsEndpoint_Name", "Disabled")
CATALOG_SET = "BusinessEventsCatalogs"
CATALOG_COLUMNS = ("BusinessEventId",)
TYPES = "BusinessEventsEndpointType"
"""The enumeration of the types of endpoints."""

MANAGE = "Finance & Operations > System administration > Setup > Business events > Business events catalog"
EVERYWHERE = "all legal entities"

type Row = Mapping[str, object]


class EndpointType(msgspec.Struct, frozen=True):
    """A type of endpoint.

    Args:
        label: What the menu calls it.
        mark: What its name in the enumeration holds, without spaces and in lower case; the names are not published.
        column: The column that says where it sends; empty: the key vault's secret does.
        field: What the menu calls that column.
    """

    label: str
    mark: str
    column: str = ""
    field: str = ""

    def fits(self, symbol: str) -> bool:
        """Tell whether a name of the enumeration means this type."""
        return self.mark in re.sub(r"[\W_]", "", symbol).lower()


HTTPS = EndpointType("HTTPS", "http")
QUEUE = EndpointType("Azure Service Bus Queue", "servicebusqueue", "ServiceBusQueueName", "Queue name")
TOPIC = EndpointType("Azure Service Bus Topic", "servicebustopic", "ServiceBusTopicName", "Topic name")
EVENT_GRID = EndpointType("Azure Event Grid", "eventgrid", "EventGridEndpointURL", "Endpoint URL")
EVENT_HUB = EndpointType("Azure Event Hub", "eventhub", "EventHubName", "Event hub name")

FIELDS: Mapping[str, str] = {
    **{each.column: each.field for each in (QUEUE, TOPIC, EVENT_GRID, EVENT_HUB)},
    "Type": "Endpoint type",
    "KeyVaultDnsName": "Key vault DNS name",
    "KeyVaultSecretName": "Key vault secret name",
    "AzureAppId": "Microsoft Entra application ID",
}
"""What the menu calls a column."""


def text(row: Row, column: str) -> str:
    """Return a text of a row as it may be shown; empty: it has none."""
    value = row.get(column)
    return plain(value).strip() if isinstance(value, str) else ""


def is_disabled(row: Row) -> bool:
    """Tell whether an activation is switched off."""
    return text(row, "Disabled").lower() == "yes"


def event_name(event: str, legal_entity: str, endpoint: str) -> str:
    """Return how an activation is called."""
    return f"{event} in {legal_entity.lower() or EVERYWHERE} to {endpoint}"


def vault_host(said: str) -> str:
    """Return the host of a key vault, which F&O keeps as somebody typed it: a URL or a name; empty: there is none."""
    stripped = said.strip()
    try:
        return (urlsplit(stripped if "//" in stripped else f"//{stripped}").hostname or "").rstrip(".")
    except ValueError:
        return plain(stripped)
