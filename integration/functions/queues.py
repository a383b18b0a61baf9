"""Queue triggers: the worker's own queues, their poison queues, and Storage-queue sources.

host.json says `messageEncoding: none`, so that the text of a message that is not base64 comes here and not, unread,
into a poison queue that nobody could read either.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import azure.functions as func

from integration.config import Configuration
from integration.config.keys.function_names import function_name
from integration.config.keys.model import StorageQueueSource
from integration.functions.bodies import BYTES
from integration.functions.workers import Workers
from integration.storage import INTERNAL
from integration.storage.names import EVENTS, RETRIES
from integration.storage.queues import unwrap

type Handler = Callable[[func.QueueMessage, func.Context], Awaitable[None]]


def blueprint(configuration: Configuration, worker: Workers) -> func.Blueprint:
    """Register the queue triggers."""
    bp = func.Blueprint()

    async def process_events(msg: func.QueueMessage, context: func.Context) -> None:
        await worker(context).take_envelope(unwrap(msg.get_body()), queued_at=msg.insertion_time)

    async def process_retries(msg: func.QueueMessage, context: func.Context) -> None:
        await worker(context).take_continuation(unwrap(msg.get_body()), queued_at=msg.insertion_time)

    _on(bp, "process_events", EVENTS, f"AzureWebJobs{INTERNAL}", process_events)
    _on(bp, "process_retries", RETRIES, f"AzureWebJobs{INTERNAL}", process_retries)
    for name, queue in (("events", EVENTS), ("retries", RETRIES)):
        _on(bp, function_name("poison", name), f"{queue}-poison", f"AzureWebJobs{INTERNAL}", _poison(queue, worker))
    for source in configuration.sources.values():
        if isinstance(source, StorageQueueSource) and source.enabled:
            name, queue, connection = source.name, source.queue, source.connection
            _on(bp, function_name("source", name), queue, connection, _source(name, worker))
            _on(bp, function_name("poison_source", name), f"{queue}-poison", connection, _poison(name, worker))
    return bp


def _on(bp: func.Blueprint, name: str, queue: str, connection: str, handler: Handler) -> None:
    decorated: Any = bp
    bp.function_name(name)(decorated.queue_trigger("msg", queue, connection, data_type=BYTES)(handler))


def _poison(queue: str, worker: Workers) -> Handler:
    async def bury(msg: func.QueueMessage, context: func.Context) -> None:
        await worker(context).take_poison(queue, unwrap(msg.get_body()), received_at=msg.insertion_time)

    return bury


def _source(name: str, worker: Workers) -> Handler:
    async def take(msg: func.QueueMessage, context: func.Context) -> None:
        # The time it was put on the queue is the same at every redelivery.
        received_at = msg.insertion_time or datetime.now(UTC)
        await worker(context).take(name, unwrap(msg.get_body()), received_at=received_at)

    return take
