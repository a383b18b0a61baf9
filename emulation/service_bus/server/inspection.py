"""Look at entities and messages without touching them."""

import base64
from collections import Counter
from typing import Any

from emulation.service_bus.amqp import content as sections
from emulation.service_bus.entities.message import Message
from emulation.service_bus.entities.namespace import Namespace
from emulation.service_bus.entities.queue import Queue


def overview(namespace: Namespace) -> dict[str, dict[str, int]]:
    """Return the counts of each entity, by its path."""
    return {queue.path: counts(queue) for queue in namespace.all_queues()}


def counts(queue: Queue) -> dict[str, int]:
    """Return how many messages are active, locked (of the active and deferred), deferred and scheduled."""
    states = Counter(message.state.name.lower() for message in queue.messages.values())
    found = {name: states[name] for name in ("active", "deferred", "scheduled")}
    found["locked"] = sum(message.locked for message in queue.messages.values())
    found["sessions"] = len(queue.sessions.all()) if queue.sessions is not None else 0
    return found


def describe(message: Message) -> dict[str, Any]:
    """Return a message as JSON values; a binary body that is not text is given in base64."""
    fields = message.properties
    return {
        "sequence_number": message.sequence,
        "state": message.state.name.lower(),
        "locked": message.locked,
        "delivery_count": message.delivery_count,
        "enqueued_at": message.enqueued_at,
        "message_id": _plain(message.message_id),
        "session_id": _plain(fields[sections.GROUP_ID]),
        "subject": _plain(fields[sections.SUBJECT]),
        "content_type": _plain(fields[sections.CONTENT_TYPE]),
        "correlation_id": _plain(fields[sections.CORRELATION_ID]),
        "partition_key": message.content.partition_key,
        "dead_letter_source": message.dead_letter_source,
        "application_properties": {name: _plain(value) for name, value in message.application_properties.items()},
        "body": _plain(sections.body(message.content.bare)),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return {"base64": base64.b64encode(value).decode()}
    return value if isinstance(value, str | int | float | bool | None) else str(value)
