"""What KEDA looks at to tell how many replicas a group needs.

Sources: the pages "Azure Storage Queue", "Azure Service Bus", "Azure Event Hubs" and "CPU" of KEDA's scalers.
"""

from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from integration.config.keys.sources import EventHubSource, ServiceBusSource
from integration.config.settings.connections import Connection, find_connection
from integration.config.settings.settings import STORAGE, Environ

MESSAGES_AT_ONCE = {"queue": 24, "service_bus": 32, "session": 8, "event_hub": 64}
"""What one replica works on at once: batchSize and newBatchThreshold, maxConcurrentCalls and -Sessions of host.json."""

_CLOUDS = {".usgovcloudapi.net": "AzureUSGovernmentCloud", ".chinacloudapi.cn": "AzureChinaCloud"}

type Kind = Literal["azure-queue", "azure-servicebus", "azure-eventhub", "cpu"]


class Scaler(msgspec.Struct, frozen=True):
    """One trigger of a ScaledObject.

    Args:
        type: KEDA's name of it.
        metadata: Its settings.
        metric: For processor time: how it is measured.
        by_identity: Whether KEDA asks with the workload identity; else with a connection string of the pod.
    """

    type: Kind
    metadata: Mapping[str, str]
    metric: str = ""
    by_identity: bool = False


def of_queue(environ: Environ, connection: str, queue: str, *, visible_only: bool = False) -> Scaler:
    """Follow the length of a Storage queue.

    Args:
        environ: The app settings.
        connection: What the configuration calls `connection`.
        queue: The queue's name.
        visible_only: Leave out messages that are hidden, up to the 32 that KEDA looks at.
    """
    about = {"queueName": queue, "queueLength": str(MESSAGES_AT_ONCE["queue"])}
    about |= {"queueLengthStrategy": "visibleonly"} if visible_only else {}
    return _reached(
        "azure-queue", about, _found(environ, connection, ("queueServiceUri", "accountName")), "accountName"
    )


def of_service_bus(environ: Environ, source: ServiceBusSource) -> Scaler:
    """Follow the messages of a queue or subscription."""
    at_once = MESSAGES_AT_ONCE["session" if source.sessions else "service_bus"]
    about = {"messageCount": str(at_once)}
    if source.queue:
        about |= {"queueName": source.queue}
    else:
        about |= {"topicName": source.topic, "subscriptionName": source.subscription}
    found = _found(environ, source.connection, ("fullyQualifiedNamespace",))
    return _reached("azure-servicebus", about, found, "namespace")


def of_event_hub(environ: Environ, source: EventHubSource) -> Scaler:
    """Follow the events of a hub behind the checkpoints that the Functions host keeps in its storage account."""
    about = {
        "consumerGroup": source.consumer_group,
        "unprocessedEventThreshold": str(MESSAGES_AT_ONCE["event_hub"]),
        "checkpointStrategy": "azureFunction",
        "blobContainer": "azure-webjobs-eventhub",
    }
    storage = _found(environ, STORAGE, ("blobServiceUri", "accountName"))
    about |= {"storageConnectionFromEnv": storage.prefix} if storage.string else {"storageAccountName": _label(storage)}
    found = _found(environ, source.connection, ("fullyQualifiedNamespace",))
    about |= {"eventHubName": source.event_hub}
    return _reached("azure-eventhub", about, found, "eventHubNamespace")


def _reached(kind: Kind, about: dict[str, str], connection: Connection, name: str) -> Scaler:
    if connection.string:
        return Scaler(kind, {**about, "connectionFromEnv": connection.prefix})
    cloud = next((cloud for end, cloud in _CLOUDS.items() if _host(connection).endswith(end)), "")
    about |= {name: _label(connection)} | ({"cloud": cloud} if cloud else {})
    return Scaler(kind, about, by_identity=True)


def _found(environ: Environ, connection: str, properties: tuple[str, ...]) -> Connection:
    found = find_connection(environ, connection, properties)
    if found is None:  # the check of the configuration lets none through
        msg = f"no app setting for {connection}"
        raise LookupError(msg)
    return found


def _host(connection: Connection) -> str:
    return (urlsplit(connection.address).hostname or "") if "//" in connection.address else connection.address


def _label(connection: Connection) -> str:
    return _host(connection).partition(".")[0].partition(":")[0]
