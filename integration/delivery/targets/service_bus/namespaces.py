"""From an app-setting prefix to a Service Bus client, by the conventions of Azure Functions.

`X` or `AzureWebJobsX` holds a connection string; otherwise `X__fullyQualifiedNamespace` names the namespace and managed
identity signs in, `X__clientId` choosing a user-assigned one. A namespace behind a gateway or private endpoint is
reached by `X__customEndpointAddress`, with the authorities in `X__connectionVerify` trusted. Source: Azure Functions
developer guide, "Configure an identity-based connection".
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from integration.config.settings.connections import NAMESPACE, find_connection
from integration.errors import ConfigurationError, Problem
from integration.storage.sdk import sdk

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver, ServiceBusSender

# The SDK's own attempts at one send. More would keep a function waiting; what fails goes to the retry queue.
_PATIENCE: dict[str, Any] = {"retry_total": 2, "retry_backoff_factor": 0.4, "retry_backoff_max": 5}


class Namespaces:
    """The Service Bus clients of the process, each built at its first use.

    Args:
        environ: The app settings.
        credential: Gives the TokenCredential of a managed identity by its client id ("" for the system-assigned).
    """

    def __init__(self, environ: Mapping[str, str], credential: "Callable[[str], AsyncTokenCredential]") -> None:
        self._environ = environ
        self._credential = credential
        self._clients: dict[str, ServiceBusClient] = {}

    def sender(self, connection: str, *, queue: str = "", topic: str = "") -> "ServiceBusSender":
        """Make a sender that connects at its first use.

        Args:
            connection: What the configuration calls `connection`.
            queue: The queue's name, or
            topic: the topic's.

        Raises:
            ConfigurationError: No setting of this prefix is usable.
        """
        client = self._open(connection)
        return client.get_queue_sender(queue) if queue else client.get_topic_sender(topic)

    def receiver(
        self, connection: str, *, queue: str = "", topic: str = "", subscription: str = "", dead_letters: bool = False
    ) -> "ServiceBusReceiver":
        """Make a receiver without a session, which connects at its first use and takes nothing until it is asked to.

        Args:
            connection: What the configuration calls `connection`.
            queue: The queue's name, or
            topic: the topic's, and
            subscription: the subscription's.
            dead_letters: Of the broker's own dead letters; the right Listen suffices.

        Raises:
            ConfigurationError: No setting of this prefix is usable.
        """
        client = self._open(connection)
        of = sdk("azure.servicebus").ServiceBusSubQueue.DEAD_LETTER if dead_letters else None
        if queue:
            return client.get_queue_receiver(queue, sub_queue=of)
        return client.get_subscription_receiver(topic, subscription, sub_queue=of)

    async def close(self) -> None:
        """Close every client."""
        clients = list(self._clients.values())
        self._clients.clear()
        for client in clients:
            await client.close()

    def _open(self, connection: str) -> "ServiceBusClient":
        client = self._clients.get(connection)
        if client is None:
            client = self._clients[connection] = self._client(connection)
        return client

    def _client(self, connection: str) -> "ServiceBusClient":
        client = sdk("azure.servicebus.aio").ServiceBusClient
        found = find_connection(self._environ, connection, NAMESPACE)
        if found is None:
            hint = f"set {connection} to a connection string, or {connection}__fullyQualifiedNamespace"
            raise ConfigurationError([Problem(connection, "no connection to a Service Bus namespace is set", hint)])
        if found.string:
            return client.from_connection_string(found.string, **_PATIENCE)
        credential = self._credential(found.client_id)
        return client(found.address, credential, **_PATIENCE, **_detour(self._environ, found.prefix))


def _detour(environ: Mapping[str, str], name: str) -> dict[str, Any]:
    """Say how to reach the namespace where its own address does not lead to it."""
    endpoint = environ.get(f"{name}__customEndpointAddress", "").strip()
    authorities = environ.get(f"{name}__connectionVerify", "").strip()
    options: dict[str, Any] = {"custom_endpoint_address": endpoint} if endpoint else {}
    return options | ({"connection_verify": authorities} if authorities else {})
