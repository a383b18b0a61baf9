"""App settings that say where a queue, topic or account is: whether a connection can be found.

Sources: the pages "Configure how functions connect to services" (a name alone is looked up with the prefix AzureWebJobs
too) and "Develop Azure Functions: identity-based connections" (`__fullyQualifiedNamespace`, `__accountName` …).
"""

import re
from collections.abc import Sequence

from integration.config.settings.settings import Environ
from integration.config.settings.substitution import KEY_VAULT

PROPERTIES = (
    "fullyQualifiedNamespace",
    "accountName",
    "serviceUri",
    "blobServiceUri",
    "queueServiceUri",
    "tableServiceUri",
    "topicEndpointUri",
    "endpoint",
)

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?")

NAMESPACE = ("fullyQualifiedNamespace",)
"""What identity-based connections of Service Bus and Event Hubs have."""


def settings_of(connection: str, properties: Sequence[str] = PROPERTIES) -> tuple[str, ...]:
    """Return the names of the app settings that can hold a connection, in the order in which they are looked up."""
    names = (connection,) if connection.startswith("AzureWebJobs") else (connection, f"AzureWebJobs{connection}")
    return (*names, *(f"{name}__{property_}" for name in names for property_ in properties))


def connection_found(connection: str, environ: Environ, properties: Sequence[str] = PROPERTIES) -> bool:
    """Tell whether any setting of a connection has a value that is not an unresolved Key Vault reference."""
    return any(_usable(environ.get(name, "")) for name in settings_of(connection, properties))


def connection_fault(connection: str, environ: Environ, properties: Sequence[str] = PROPERTIES) -> str:
    """Say why a connection cannot be found; empty: it can.

    Args:
        connection: What the configuration calls `connection`.
        environ: The app settings.
        properties: Which settings `{connection}__{property}` count beside a connection string.
    """
    if connection_found(connection, environ, properties):
        return ""
    for name in settings_of(connection, properties):
        if environ.get(name, "").startswith(KEY_VAULT):
            return f"the Key Vault reference in the app setting {name} is not resolved"
    return f"the connection `{connection}` has no app setting"


def entity_fault(connection: str, environ: Environ, entities: Sequence[str], *, exact: bool) -> str:
    """Say why a connection leads to another queue, topic or event hub than the configured one; empty: it does not.

    A connection string copied from a single entity ends with `EntityPath`. The SDKs refuse it for any other entity
    (`ServiceBusClient.ValidateEntityName` of .NET, `get_queue_sender` of Python), and the Event Hubs extension reads
    the hub that it names instead of the configured one.

    Args:
        connection: What the configuration calls `connection`.
        environ: The app settings.
        entities: The entity, and the other ways to write it; none: it is not known.
        exact: Whether upper and lower case are told apart, as the SDK for Python does.
    """
    for name in settings_of(connection, ()) if entities else ():
        value = environ.get(name, "")
        path = _entity_path(value) if _usable(value) else ""
        if not path or path in entities:
            continue
        if path.lower() not in {entity.lower() for entity in entities}:
            return f"the connection string in the app setting {name} is of the entity `{path[:260]}` (EntityPath)"
        if exact:
            return f"the connection string in the app setting {name} writes the entity otherwise: `{path[:260]}`"
    return ""


def namespace_fault(connection: str, environ: Environ) -> str:
    """Say why the name of a namespace is none; empty: it is one, or none is set."""
    for name in set(settings_of(connection, NAMESPACE)) - set(settings_of(connection, ())):
        value = environ.get(name, "").strip()
        if _usable(value) and not _HOST.fullmatch(value):
            return f"the app setting {name} is no host name: `{value[:100]}`"
    return ""


def _entity_path(value: str) -> str:
    for part in value.split(";"):
        key, _, path = part.partition("=")
        if key.strip().lower() == "entitypath":
            return path.strip().strip("/")
    return ""


def _usable(value: str) -> bool:
    return bool(value.strip()) and not value.startswith(KEY_VAULT)
