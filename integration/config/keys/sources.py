"""Where events come from: one struct a kind of source."""

import msgspec

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


class HttpSource(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="http", forbid_unknown_fields=True):
    """Events POSTed to /api/events/{name}.

    Args:
        name: The key in `[sources.*]`; part of the URL.
        organization: The organization that the events come from.
        enabled: Off: nothing is registered and nothing is taken in.
        max_body: Bytes of the largest body that is accepted.
        legal_entities: The legal entities (companies) whose events are accepted; none named: all.
        drop_echoes: Whether events that our own application user caused are dropped: echoes of our own writes.
        max_call_depth: How deep Dataverse's plug-in call chain (`Depth`) may be; 0: as deep as it likes.
        duplicates: The group of sources among which events with the same id are the same event; left out: this source
            alone.
    """

    name: Name
    organization: OrganizationName
    enabled: bool = True
    max_body: Bytes = 1_048_576
    legal_entities: tuple[Text, ...] = ()
    drop_echoes: bool = False
    max_call_depth: CallDepth = 0
    duplicates: OptionalName = ""


class StorageQueueSource(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag_field="kind",
    tag="storage_queue",
    forbid_unknown_fields=True,
):
    """Events on a Storage queue.

    Args:
        name: The key in `[sources.*]`.
        organization: The organization that the events come from.
        queue: The queue's name.
        connection: The app setting, or the prefix of the app settings, that says where the queue is.
        enabled: Off: the queue is not read, its messages wait.
        legal_entities: The legal entities (companies) whose events are accepted; none named: all.
        drop_echoes: Whether events that our own application user caused are dropped: echoes of our own writes.
        max_call_depth: How deep Dataverse's plug-in call chain (`Depth`) may be; 0: as deep as it likes.
        duplicates: The group of sources among which events with the same id are the same event; left out: this source
            alone.
    """

    name: Name
    organization: OrganizationName
    queue: SourceQueueName
    connection: Connection = "AzureWebJobsStorage"
    enabled: bool = True
    legal_entities: tuple[Text, ...] = ()
    drop_echoes: bool = False
    max_call_depth: CallDepth = 0
    duplicates: OptionalName = ""


class ServiceBusSource(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="service_bus", forbid_unknown_fields=True
):
    """Events on a Service Bus queue, or on a subscription of a topic.

    Args:
        name: The key in `[sources.*]`.
        organization: The organization that the events come from.
        queue: The queue's name; or `topic` and `subscription`.
        topic: The topic's name, with `subscription`.
        subscription: The subscription's name, with `topic`.
        sessions: Whether the queue or subscription requires sessions.
        connection: The app setting, or the prefix of the app settings, that says where the namespace is.
        enabled: Off: nothing is read, messages wait.
        legal_entities: The legal entities (companies) whose events are accepted; none named: all.
        drop_echoes: Whether events that our own application user caused are dropped: echoes of our own writes.
        max_call_depth: How deep Dataverse's plug-in call chain (`Depth`) may be; 0: as deep as it likes.
        duplicates: The group of sources among which events with the same id are the same event; left out: this source
            alone.
    """

    name: Name
    organization: OrganizationName
    queue: EntityName = ""
    topic: EntityName = ""
    subscription: SubscriptionName = ""
    sessions: bool = False
    connection: Connection = "ServiceBus"
    enabled: bool = True
    legal_entities: tuple[Text, ...] = ()
    drop_echoes: bool = False
    max_call_depth: CallDepth = 0
    duplicates: OptionalName = ""


class EventGridSource(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="event_grid", forbid_unknown_fields=True
):
    """Events that Event Grid pushes to the function of this source, in either of its schemas.

    Args:
        name: The key in `[sources.*]`; the function is called `event_grid_{name}`, with `_` for `-`.
        organization: The organization that the events come from.
        enabled: Off: nothing is registered; Event Grid tries again for as long as its subscription says.
        legal_entities: The legal entities (companies) whose events are accepted; none named: all.
        drop_echoes: Whether events that our own application user caused are dropped: echoes of our own writes.
        max_call_depth: How deep Dataverse's plug-in call chain (`Depth`) may be; 0: as deep as it likes.
        duplicates: The group of sources among which events with the same id are the same event; left out: this source
            alone.
    """

    name: Name
    organization: OrganizationName
    enabled: bool = True
    legal_entities: tuple[Text, ...] = ()
    drop_echoes: bool = False
    max_call_depth: CallDepth = 0
    duplicates: OptionalName = ""


class EventHubSource(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="event_hub", forbid_unknown_fields=True
):
    """Events on an event hub.

    Args:
        name: The key in `[sources.*]`.
        organization: The organization that the events come from.
        event_hub: The event hub's name.
        consumer_group: The consumer group; each source needs one of its own.
        connection: The app setting, or the prefix of the app settings, that says where the namespace is.
        enabled: Off: nothing is read; events wait for as long as the hub keeps them.
        legal_entities: The legal entities (companies) whose events are accepted; none named: all.
        drop_echoes: Whether events that our own application user caused are dropped: echoes of our own writes.
        max_call_depth: How deep Dataverse's plug-in call chain (`Depth`) may be; 0: as deep as it likes.
        duplicates: The group of sources among which events with the same id are the same event; left out: this source
            alone.
    """

    name: Name
    organization: OrganizationName
    event_hub: HubName
    consumer_group: ConsumerGroup = "$Default"
    connection: Connection = "EventHub"
    enabled: bool = True
    legal_entities: tuple[Text, ...] = ()
    drop_echoes: bool = False
    max_call_depth: CallDepth = 0
    duplicates: OptionalName = ""


type Source = HttpSource | StorageQueueSource | ServiceBusSource | EventGridSource | EventHubSource


def group_of(source: Source) -> str:
    """Name the group of sources among which an event is the same: `duplicates`, else the source itself."""
    return source.duplicates or source.name
