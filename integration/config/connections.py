"""App settings that say where a queue, topic or account is: whether a connection can be found.

Sources: the pages "Configure how functions connect to services" (a name alone is looked up with the prefix AzureWebJobs
too) and "Develop Azure Functions: identity-based connections" (`__fullyQualifiedNamespace`, `__accountName` …).
"""

from collections.abc import Sequence

from integration.config.settings import Environ
from integration.config.substitution import KEY_VAULT

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


def _usable(value: str) -> bool:
    return bool(value.strip()) and not value.startswith(KEY_VAULT)
