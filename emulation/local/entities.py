"""The broker's entities, from the sources and targets of a configuration."""

from collections.abc import Iterator, Mapping

import msgspec

from emulation.local.connections import connection_of
from emulation.local.document import Document, Entry, settled
from emulation.service_bus.config import BrokerConfig, QueueConfig, SubscriptionConfig, TopicConfig

LOOK = "local"
"""The subscription of a topic that nobody here reads: what a target sends can be looked at there."""

type Settings = Mapping[str, str]


class _Topic(msgspec.Struct):
    name: str
    subscriptions: dict[str, SubscriptionConfig] = {}


def brokers(document: Document, settings: Settings) -> dict[str, BrokerConfig]:
    """Return a namespace for each connection of Service Bus.

    A queue has sessions where its source says so, or its target sets one. A topic that only a target sends to gets the
    subscription `local`, which takes everything.

    Args:
        document: The configuration.
        settings: All that are set or made up.
    """
    queues: dict[str, dict[str, QueueConfig]] = {}
    topics: dict[str, dict[str, _Topic]] = {}
    for entry, is_source in _at_work(document, settings):
        connection = settled(connection_of(entry.fields, "service_bus"), settings)
        of_queue, of_topic = queues.setdefault(connection, {}), topics.setdefault(connection, {})
        sessions = entry.says("sessions", settings, default=False) if is_source else bool(entry.fields.get("session"))
        queue, topic = entry.text("queue", settings), entry.text("topic", settings)
        if queue:
            before = of_queue.get(queue.lower())
            required = sessions or (before is not None and before.requires_session)
            of_queue[queue.lower()] = QueueConfig(name=before.name if before else queue, requires_session=required)
        elif topic:
            found = of_topic.setdefault(topic.lower(), _Topic(topic))
            if subscription := entry.text("subscription", settings):
                of_it = SubscriptionConfig(name=subscription, requires_session=sessions)
                found.subscriptions[subscription.lower()] = of_it
    return {
        name: BrokerConfig(queues=tuple(found.values()), topics=tuple(_topics(topics[name])))
        for name, found in queues.items()
    }


def _at_work(document: Document, settings: Settings) -> Iterator[tuple[Entry, bool]]:
    for table in ("sources", "targets"):
        for entry in document.at_work(table, "service_bus", settings):
            yield entry, table == "sources"


def _topics(found: Mapping[str, _Topic]) -> Iterator[TopicConfig]:
    for topic in found.values():
        subscriptions = tuple(topic.subscriptions.values()) or (SubscriptionConfig(name=LOOK),)
        yield TopicConfig(name=topic.name, subscriptions=subscriptions)
