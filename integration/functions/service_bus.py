"""Service Bus triggers: one function a queue or subscription, one message an invocation.

The binding settles by the function's outcome and cannot do more from Python. So a function returns when everything
that came of its message is durable, and raises only when nothing can be stored.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import azure.functions as func

from integration.config import Configuration
from integration.config.keys.function_names import function_name
from integration.config.keys.model import ServiceBusSource
from integration.functions.bodies import BYTES
from integration.functions.convert import properties_of
from integration.functions.workers import Workers

type Handler = Callable[[func.ServiceBusMessage, func.Context], Awaitable[None]]


def blueprint(configuration: Configuration, worker: Workers) -> func.Blueprint:
    """Register the Service Bus triggers."""
    bp = func.Blueprint()
    for source in configuration.sources.values():
        if isinstance(source, ServiceBusSource) and source.enabled:
            bp.function_name(function_name("source", source.name))(_trigger(bp, source)(_take(source.name, worker)))
    return bp


def _trigger(bp: func.Blueprint, source: ServiceBusSource) -> Callable[[Handler], Any]:
    decorated: Any = bp
    options: dict[str, Any] = {"arg_name": "msg", "connection": source.connection}
    options |= {"cardinality": func.Cardinality.ONE, "is_sessions_enabled": source.sessions, "data_type": BYTES}
    if source.queue:
        return decorated.service_bus_queue_trigger(queue_name=source.queue, **options)
    return decorated.service_bus_topic_trigger(
        topic_name=source.topic, subscription_name=source.subscription, **options
    )


def _take(name: str, worker: Workers) -> Handler:
    async def take(msg: func.ServiceBusMessage, context: func.Context) -> None:
        properties = properties_of(msg.application_properties or msg.user_properties)
        for key, value in _system_properties(msg):
            if value:
                properties.setdefault(key, value)
        await worker(context).take(
            name,
            msg.get_body(),
            # The same at every redelivery.
            received_at=_aware(msg.enqueued_time_utc),
            content_type=msg.content_type or "",
            properties=properties,
        )

    return take


def _system_properties(msg: func.ServiceBusMessage) -> tuple[tuple[str, str | None], ...]:
    """Return what the sender said beside the application properties; a dead letter keeps it with them."""
    return (
        ("message-id", msg.message_id),
        ("correlation-id", msg.correlation_id),
        ("session-id", msg.session_id),
        ("subject", msg.label),
    )


def _aware(time: datetime | None) -> datetime:
    if time is None:
        return datetime.now(UTC)
    return time if time.tzinfo else time.replace(tzinfo=UTC)
