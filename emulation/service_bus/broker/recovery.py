"""Bring a namespace back from its journal, and write down what it is now."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from emulation.service_bus.amqp.addresses import covers
from emulation.service_bus.amqp.content import Content
from emulation.service_bus.amqp.errors import Refused
from emulation.service_bus.broker.journal import Record, put_record
from emulation.service_bus.config import QueueConfig, RuleConfig, SubscriptionConfig, TopicConfig, convert, to_builtins
from emulation.service_bus.entities.message import Message, State
from emulation.service_bus.entities.namespace import Namespace
from emulation.service_bus.entities.topic import Subscription


class _Entity:
    """What the records say of one path."""

    def __init__(self) -> None:
        self.messages: dict[int, Message] = {}
        self.locked: set[int] = set()
        self.next_sequence = 1
        self.states: dict[str, bytes | None] = {}
        self.seen: list[tuple[str, int]] = []


def restore(namespace: Namespace, records: Iterable[Record], created: list[Record]) -> None:
    """Apply records.

    Messages of entities that are not configured any more are dropped.

    Args:
        namespace: As it is configured.
        records: In the order they were written.
        created: Receives the records of entities made at run time, which the next snapshot needs.
    """
    entities: dict[str, _Entity] = {}
    for record in records:
        kind, path = record[0], str(record[1])
        if kind in {"c", "x"}:
            _entity_record(namespace, record, created)
            if kind == "x":
                gone = path.lower()
                entities = {key: found for key, found in entities.items() if not covers(gone, key.lower())}
            continue
        if kind == "r":
            _restore_rules(namespace, path, record[2])
            continue
        _apply(entities.setdefault(path, _Entity()), record)
    _fill(namespace, entities)


def _fill(namespace: Namespace, entities: dict[str, _Entity]) -> None:
    for path, found in entities.items():
        try:
            queue = namespace.entity_of(path)
        except Refused:
            continue
        queue.next_sequence = max(queue.next_sequence, found.next_sequence)
        for identity, at in found.seen:
            queue.window.remember(identity, at)
        for session_id, state in found.states.items():
            if queue.sessions is not None and state is not None:
                queue.sessions.open(session_id).state = state
        for sequence in sorted(found.messages):
            queue.restore(found.messages[sequence], locked=sequence in found.locked)


def snapshot(namespace: Namespace, created: list[Record]) -> Iterator[Record]:
    """Yield the records that make the present state."""
    yield from created
    for topic in namespace.topics.values():
        for subscription in topic.subscriptions.values():
            if subscription.rules_changed:
                yield rules_record(subscription)
    for queue in namespace.all_queues():
        yield ("n", queue.path, queue.next_sequence)
        for identity, at in queue.window_entries():
            yield ("i", queue.path, identity, at)
        for session in queue.sessions.all() if queue.sessions is not None else ():
            if session.state is not None:
                yield ("s", queue.path, session.session_id, session.state)
        for message in queue.messages.values():
            yield put_record(queue.path, message)
            if message.locked:
                yield ("l", queue.path, message.sequence)


def created_record(kind: str, parent: str, config: QueueConfig | TopicConfig) -> Record:
    """Return the record of an entity made at run time: `queue`, `topic`, or `subscription` with its topic."""
    return ("c", parent or config.name, kind, to_builtins(config))


def rules_record(subscription: Subscription) -> Record:
    """Return the record of rules that were changed at run time."""
    rules = [to_builtins(rule.config) for rule in subscription.rules.values()]
    return ("r", subscription.queue.path, rules)


def _restore_rules(namespace: Namespace, path: str, rules: Any) -> None:
    try:
        subscription = namespace.subscription(path)
    except Refused:  # it is not configured any more
        return
    subscription.set_rules(convert(rules, list[RuleConfig]))
    subscription.rules_changed = True


def _apply(entity: _Entity, record: Record) -> None:
    kind = record[0]
    if kind == "n":
        entity.next_sequence = max(entity.next_sequence, record[2])
    elif kind == "i":
        entity.seen.append((record[2], record[3]))
    elif kind == "s":
        entity.states[record[2]] = record[3]
    elif kind == "m":
        message = _message(record)
        entity.messages[message.sequence] = message
        entity.next_sequence = max(entity.next_sequence, message.sequence + 1)
    elif kind == "l":
        entity.locked.add(record[2])
    else:
        message = entity.messages.get(record[2])
        entity.locked.discard(record[2])
        if kind == "d":
            entity.messages.pop(record[2], None)
        elif message is not None:
            message.delivery_count, message.state = record[3], State(record[4])


def _message(record: Record) -> Message:
    sequence, enqueued_sequence, enqueued_at, expires_at, session_id, source, count, hops, state, content = record[2:]
    message = Message(
        msgspec.convert(content, Content),
        sequence,
        enqueued_at,
        expires_at=expires_at,
        session_id=session_id,
        dead_letter_source=source,
    )
    message.enqueued_sequence, message.delivery_count, message.hops = enqueued_sequence, count, hops
    message.state = State(state)
    return message


def _entity_record(namespace: Namespace, record: Record, created: list[Record]) -> None:
    path = str(record[1])
    if record[0] == "x":
        created[:] = [entry for entry in created if not covers(path.lower(), created_path(entry))]
        namespace.delete(path)
        return
    make_entity(namespace, path, str(record[2]), record[3])
    created.append(record)


def make_entity(namespace: Namespace, parent: str, kind: str, settings: Any) -> None:
    """Make a queue, a topic, or a subscription of the topic `parent`.

    Raises:
        Refused: There is one of this name, or no such topic.
        ValueError: The settings are not such an entity's.
    """
    if kind == "queue":
        namespace.create_queue(convert(settings, QueueConfig))
    elif kind == "topic":
        namespace.create_topic(convert(settings, TopicConfig))
    else:
        namespace.create_subscription(parent, convert(settings, SubscriptionConfig))


def created_path(record: Record) -> str:
    """Return the path, in lower case, of an entity made at run time."""
    if record[2] == "subscription":
        return f"{record[1]}/subscriptions/{record[3]['name']}".lower()
    return str(record[3]["name"]).lower()
