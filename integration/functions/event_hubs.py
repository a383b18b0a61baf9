"""Event Hubs triggers: one function a hub and consumer group, one event an invocation.

A hub has no dead letters and moves on after a failure. So the retry policy, which the host keeps without moving the
checkpoint, holds an event for as long as nothing can be stored. An event that cannot be processed although storage is
there becomes a dead letter `Poison`, as on a queue: it would hold up its partition for good.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

import azure.functions as func

from integration.config import Configuration
from integration.config.keys.function_names import function_name
from integration.config.keys.model import EventHubSource
from integration.functions.bodies import BYTES
from integration.functions.convert import properties_of
from integration.functions.workers import Workers
from integration.loggers import logger

type Handler = Callable[[func.EventHubEvent, func.Context], Awaitable[None]]

log = logger("functions")

# -1: without end. Page "Azure Functions error handling and retries".
FOREVER = "-1"
MOST_RETRIES = 8
"""After so many an event is buried, where it can be: about ten minutes, as long as a queue tries a message."""


def blueprint(configuration: Configuration, worker: Workers) -> func.Blueprint:
    """Register the Event Hubs triggers."""
    bp = func.Blueprint()
    for source in configuration.sources.values():
        if isinstance(source, EventHubSource) and source.enabled:
            _register(bp, source, _take(source.name, worker))
    return bp


def _register(bp: func.Blueprint, source: EventHubSource, handler: Handler) -> None:
    decorated: Any = bp
    trigger = decorated.event_hub_message_trigger(
        arg_name="event",
        connection=source.connection,
        event_hub_name=source.event_hub,
        consumer_group=source.consumer_group,
        cardinality=func.Cardinality.ONE,
        data_type=BYTES,
    )
    retry = decorated.retry(
        strategy="exponential_backoff",
        max_retry_count=FOREVER,
        minimum_interval="00:00:05",
        maximum_interval="00:05:00",
    )
    bp.function_name(function_name("source", source.name))(trigger(retry(handler)))


def _take(name: str, worker: Workers) -> Handler:
    async def take(event: func.EventHubEvent, context: func.Context) -> None:
        metadata = _metadata(event)
        system = {str(key).lower(): value for key, value in dict(metadata.get("SystemProperties") or {}).items()}
        properties = properties_of(metadata.get("Properties"))
        if isinstance(correlation := system.get("correlation-id"), str):
            properties.setdefault("correlation-id", correlation)
        enqueued = event.enqueued_time or datetime.now(UTC)
        received_at = enqueued if enqueued.tzinfo else enqueued.replace(tzinfo=UTC)
        body, content_type = event.get_body(), str(system.get("content-type") or "")
        try:
            await worker(context).take(
                name,
                body,
                received_at=received_at,
                content_type=content_type,
                properties=properties,
            )
        except Exception:
            if _retries(context) < MOST_RETRIES:
                raise
            log.exception("an event of %s is given up after %d retries", name, MOST_RETRIES)
            # Raises where storage is away, too: then the event stays where it is.
            await worker(context).take_poison(
                name, body, received_at=received_at, content_type=content_type, properties=properties
            )

    return take


def _retries(context: func.Context) -> int:
    """Return how often the host has invoked again for this event."""
    policy = cast("Any", context.retry_context)
    return int(policy.retry_count) if policy is not None else 0


def _metadata(event: func.EventHubEvent) -> Mapping[str, Any]:
    # `event.metadata` raises AttributeError where one value is null, and an event without a partition key has one.
    given = cast("Mapping[str, Any]", getattr(event, "_EventHubEvent__trigger_metadata", None) or {})
    return {name: datum.python_value for name, datum in given.items() if datum is not None}
