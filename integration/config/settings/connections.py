"""App settings that say where a queue, topic or account is.

Sources: the pages "Configure how functions connect to services" (a name alone is looked up with the prefix AzureWebJobs
too) and "Develop Azure Functions: identity-based connections" (`__fullyQualifiedNamespace`, `__accountName` …); the
order of the two names is that of `GetWebJobsConnectionStringConfigurationSection` in azure-webjobs-sdk.
"""

import re
from collections.abc import Sequence

import msgspec

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


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """How to connect: by a connection string, or to an address with a managed identity.

    Args:
        prefix: How the app settings begin that say it.
        string: The connection string; empty: there is none.
        kind: Else which of the properties was found first (`accountName` …).
        address: And its value.
        client_id: Of a user-assigned identity; empty: the system-assigned one.
    """

    prefix: str
    string: str = ""
    kind: str = ""
    address: str = ""
    client_id: str = ""

    def __repr__(self) -> str:
        """Leave the connection string out, which is a secret."""
        return f"Connection({self.prefix}: {self.kind or 'connection string'} {self.address})"


def prefixes(connection: str) -> tuple[str, ...]:
    """Return how the settings of a connection may begin, in the order in which they are looked up."""
    return (connection,) if connection.startswith("AzureWebJobs") else (f"AzureWebJobs{connection}", connection)


def find_connection(environ: Environ, connection: str, properties: Sequence[str] = PROPERTIES) -> Connection | None:
    """Find how to connect; None when no setting has a value that is not an unresolved Key Vault reference.

    Args:
        environ: The app settings.
        connection: What the configuration calls `connection`.
        properties: Which settings `{connection}__{property}` count beside a connection string, the first found first.
    """
    for prefix in prefixes(connection):
        string = environ.get(prefix, "")
        if _usable(string):
            return Connection(prefix=prefix, string=string.strip())
        for kind in properties:
            address = environ.get(f"{prefix}__{kind}", "")
            if _usable(address):
                client_id = environ.get(f"{prefix}__clientId", "").strip()
                return Connection(prefix=prefix, kind=kind, address=address.strip(), client_id=client_id)
    return None


def settings_of(connection: str, properties: Sequence[str] = PROPERTIES) -> tuple[str, ...]:
    """Return the names of the app settings that can hold a connection, connection strings first."""
    names = prefixes(connection)
    return (*names, *(f"{name}__{property_}" for name in names for property_ in properties))


def connection_fault(connection: str, environ: Environ, properties: Sequence[str] = PROPERTIES) -> str:
    """Say why a connection cannot be found; empty: it can.

    Args:
        connection: What the configuration calls `connection`.
        environ: The app settings.
        properties: Which settings `{connection}__{property}` count beside a connection string.
    """
    if find_connection(environ, connection, properties) is not None:
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
