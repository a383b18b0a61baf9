"""Where events come from: one struct a kind of source."""

from datetime import timedelta

import msgspec

from integration.config.keys.business_events import BusinessEvents
from integration.config.keys.fields import (
    Bytes,
    CallDepth,
    Connection,
    ConsumerGroup,
    EntityName,
    HubName,
    Name,
    OptionalName,
    OrganizationName,
    SourceQueueName,
    SubscriptionName,
    Text,
)
from integration.config.keys.senders import Sender


class CommonSource(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", forbid_unknown_fields=True):
    """What every source has.

    Args:
        name: The key in `[sources.*]`.
        organization: The organization that the events come from.
        enabled: Off: nothing is read, messages wait.
        legal_entities: The legal entities (companies) whose events are accepted; none named: all.
        drop_echoes: Whether events that our own application user caused are dropped: echoes of our own writes.
        max_call_depth: How deep Dataverse's plug-in call chain (`Depth`) may be; 0: as deep as it likes.
        duplicates: The group of sources among which events with the same id are the same event; left out: this source
            alone.
        silent_after: A source without an event for longer than this is told; left out: it may be silent.
        dataverse: What `fno-link register` makes in Dataverse, so that it sends to this source.
        finance_operations: What Finance & Operations is to send to this source by an endpoint of its own.
    """

    name: Name
    organization: OrganizationName
    enabled: bool = True
    legal_entities: tuple[Text, ...] = ()
    drop_echoes: bool = False
    max_call_depth: CallDepth = 0
    duplicates: OptionalName = ""
    silent_after: timedelta | None = None
    dataverse: Sender = Sender()
    finance_operations: BusinessEvents = BusinessEvents()


class HttpSource(CommonSource, frozen=True, kw_only=True, tag="http"):
    """Events POSTed to /api/events/{name}.

    Args:
        name: The key in `[sources.*]`; part of the URL.
        enabled: Off: nothing is registered and nothing is taken in.
        max_body: Bytes of the largest body that is accepted.
    """

    max_body: Bytes = 1_048_576


class StorageQueueSource(CommonSource, frozen=True, kw_only=True, tag="storage_queue"):
    """Events on a Storage queue.

    Args:
        queue: The queue's name.
        connection: The app setting, or the prefix of the app settings, that says where the queue is.
        enabled: Off: the queue is not read, its messages wait.
    """

    queue: SourceQueueName
    connection: Connection = "AzureWebJobsStorage"


class ServiceBusSource(CommonSource, frozen=True, kw_only=True, tag="service_bus"):
    """Events on a Service Bus queue, or on a subscription of a topic.

    Args:
        queue: The queue's name; or `topic` and `subscription`.
        topic: The topic's name, with `subscription`.
        subscription: The subscription's name, with `topic`.
        sessions: Whether the queue or subscription requires sessions.
        connection: The app setting, or the prefix of the app settings, that says where the namespace is.
        enabled: Off: nothing is read, messages wait.
    """

    queue: EntityName = ""
    topic: EntityName = ""
    subscription: SubscriptionName = ""
    sessions: bool = False
    connection: Connection = "ServiceBus"


class EventGridSource(CommonSource, frozen=True, kw_only=True, tag="event_grid"):
    """Events that Event Grid pushes to the function of this source, in either of its schemas.

    Args:
        name: The key in `[sources.*]`; the function is called `event_grid_{name}`, with `_` for `-`.
        enabled: Off: nothing is registered; Event Grid tries again for as long as its subscription says.
    """


class EventHubSource(CommonSource, frozen=True, kw_only=True, tag="event_hub"):
    """Events on an event hub.

    Args:
        event_hub: The event hub's name.
        consumer_group: The consumer group; each source needs one of its own.
        connection: The app setting, or the prefix of the app settings, that says where the namespace is.
        enabled: Off: nothing is read; events wait for as long as the hub keeps them.
    """

    event_hub: HubName
    consumer_group: ConsumerGroup = "$Default"
    connection: Connection = "EventHub"


type Source = HttpSource | StorageQueueSource | ServiceBusSource | EventGridSource | EventHubSource


def group_of(source: Source) -> str:
    """Name the group of sources among which an event is the same: `duplicates`, else the source itself."""
    return source.duplicates or source.name
