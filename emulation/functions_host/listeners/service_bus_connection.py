"""Which Service Bus namespace a binding's `connection` names, and how to get in.

Sources: the page "Azure Service Bus trigger for Azure Functions", "Identity-based connections";
`ServiceBusClient(custom_endpoint_address, connection_verify)` of the SDK.
"""

from typing import Any

import msgspec
from azure.servicebus.aio import ServiceBusClient

from emulation.functions_host.errors import HostError
from emulation.functions_host.identity import ManagedIdentity, check_kind
from emulation.functions_host.settings import Settings, entity_path

# While a receiver is opened and closed the SDK reads for as long as `socket_timeout`, 0.2 s by default, though nothing
# comes any more. In between, `service_bus_wire` reads.
# Nothing is tried again by the SDK, which would open another link under the numbers of the first: the listener does it.
PATIENCE: dict[str, Any] = {"retry_total": 0, "socket_timeout": 0.02}


class ServiceBusConnection(msgspec.Struct, frozen=True):
    """A namespace.

    Args:
        connection_string: Its connection string; empty: a managed identity signs in.
        namespace: Its host name.
        identity: The managed identity, which keeps its tokens.
        endpoint: Where to connect instead, `sb://HOST:PORT`; empty: to the namespace itself.
        authorities: File of the certificate authorities to trust; empty: the public ones.
    """

    connection_string: str = ""
    namespace: str = ""
    identity: ManagedIdentity | None = None
    endpoint: str = ""
    authorities: str = ""

    def client(self) -> ServiceBusClient:
        """Make a client, which connects at its first use."""
        if self.identity is None:
            return ServiceBusClient.from_connection_string(self.connection_string, **PATIENCE)
        options = {"custom_endpoint_address": self.endpoint, "connection_verify": self.authorities}
        given: dict[str, Any] = {name: value for name, value in options.items() if value}
        return ServiceBusClient(self.namespace, self.identity, **PATIENCE, **given)


def find_connection(settings: Settings, name: str, function: str, entity: str = "") -> ServiceBusConnection:
    """Return the connection of this name.

    Args:
        settings: The app settings.
        name: The binding's `connection`.
        function: For the message.
        entity: The queue's name, or the topic's with its subscription.

    Raises:
        HostError: No setting says where the namespace is, or the connection string is of another entity.
    """
    name = settings.resolve(name or "ServiceBus")
    prefixes = (f"AzureWebJobs{name}", name)
    if not any(settings.get(prefix) for prefix in prefixes):
        for prefix in prefixes:
            namespace = settings.get(f"{prefix}__fullyQualifiedNamespace")
            if namespace:
                if wrong := check_kind(settings.get(f"{prefix}__credential") or "", prefix, function):
                    raise HostError(wrong)
                return ServiceBusConnection(
                    namespace=namespace,
                    identity=ManagedIdentity(settings.get(f"{prefix}__clientId") or ""),
                    endpoint=settings.get(f"{prefix}__customEndpointAddress") or "",
                    authorities=settings.get(f"{prefix}__connectionVerify") or "",
                )
    text = settings.connection_string(name, function)
    _check_entity(text, entity, function)
    return ServiceBusConnection(text)


def _check_entity(connection_string: str, entity: str, function: str) -> None:
    """Refuse what `ServiceBusClient.ValidateEntityName` of the extension's SDK refuses when the listener starts."""
    path = entity_path(connection_string).lower()
    topic = entity.lower().partition("/subscriptions/")[0]
    if path and entity and path not in {entity.lower(), topic}:
        msg = (
            f"Function {function!r}: the queue or topic name {entity!r} does not match the EntityPath in the "
            "connection string. Only one entity name may be specified."
        )
        raise HostError(msg)
