"""Numbers of Dataverse's tables for endpoints, steps and images, under their names.

Source: the table reference pages of ServiceEndpoint, SdkMessageProcessingStep and SdkMessageProcessingStepImage.
"""

from collections.abc import Mapping
from typing import Literal

type Kind = Literal["endpoint", "step", "image", "fno_endpoint", "fno_event"]
"""Those of Dataverse, and of Finance & Operations."""

FINANCE_OPERATIONS: Mapping[Kind, str] = {"fno_endpoint": "F&O endpoint", "fno_event": "F&O event"}
"""The kinds that are not of Dataverse, in words."""

type Value = str | int | bool | None
type Columns = Mapping[str, Value]

ENTITY_SETS: Mapping[Kind, str] = {
    "endpoint": "serviceendpoints",
    "step": "sdkmessageprocessingsteps",
    "image": "sdkmessageprocessingstepimages",
}
KEYS: Mapping[Kind, str] = {
    "endpoint": "serviceendpointid",
    "step": "sdkmessageprocessingstepid",
    "image": "sdkmessageprocessingstepimageid",
}

CONTRACTS: Mapping[int, str] = {
    1: "OneWay",
    2: "Queue",
    3: "Rest",
    4: "TwoWay",
    5: "Topic",
    6: "Queue (Persistent)",
    7: "Event Hub",
    8: "Webhook",
    9: "Event Grid",
    10: "Managed Data Lake",
    11: "Container Storage",
}
QUEUE, TOPIC, EVENT_HUB, WEBHOOK, EVENT_GRID = 2, 5, 7, 8, 9

SAS_KEY, WEBHOOK_KEY, HTTP_HEADER, HTTP_QUERY, ACCESS_KEY = 2, 4, 5, 6, 8
AUTHENTICATION: Mapping[int, str] = {
    0: "none",
    1: "ACS",
    2: "SAS key",
    3: "SAS token",
    4: "webhook key",
    5: "HTTP header",
    6: "HTTP query string",
    7: "connection string",
    8: "access key",
    9: "managed identity",
}
STAGES: Mapping[int, str] = {10: "pre_validation", 20: "pre_operation", 40: "post_operation"}
MODES: Mapping[int, str] = {0: "sync", 1: "async"}
STATES: Mapping[int, str] = {0: "enabled", 1: "switched off"}
IMAGE_TYPES: Mapping[int, str] = {0: "pre", 1: "post", 2: "both"}
USER_CLAIMS: Mapping[int, str] = {1: "none", 2: "user_id", 3: "user_info"}
EVENT_SCHEMAS: Mapping[int, str] = {1: "event_grid", 2: "cloud_events"}
ADDRESS, NORMAL, JSON, SERVER_ONLY = 2, 1, 2, 0

PROPERTIES: Mapping[str, str] = {"Create": "Id"}
"""The message property that holds the row of an image; of all other messages `Target` (page "Define entity images")."""

NAMES: Mapping[str, Mapping[int, str]] = {
    "contract": CONTRACTS,
    "authtype": AUTHENTICATION,
    "stage": STAGES,
    "mode": MODES,
    "statecode": STATES,
    "imagetype": IMAGE_TYPES,
    "userclaim": USER_CLAIMS,
    "schematype": EVENT_SCHEMAS,
}
LISTS = frozenset({"filteringattributes", "attributes"})


def worded(column: str, value: Value) -> str:
    """Return how a value reads: by its name where it is one of a choice."""
    if value is None or value == "":
        return "nothing"
    names = NAMES.get(column)
    if names is not None and isinstance(value, int):
        return names.get(value, str(value))
    return str(value)


def comparable(column: str, value: Value) -> Value:
    """Return a value as it is compared: lists of columns in any order, addresses with or without their last slash."""
    if value is None or value == "":
        return None
    if column in LISTS:
        return ",".join(sorted({each.strip().lower() for each in str(value).split(",") if each.strip()})) or None
    if column == "namespaceaddress":
        return str(value).lower().rstrip("/")
    return value


def number_of(names: Mapping[int, str], name: str) -> int:
    """Return the number of a choice's name."""
    return next(number for number, each in names.items() if each == name)
