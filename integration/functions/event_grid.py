"""Event Grid triggers: one function a source; it keeps the event on `fno-link-events` and is done.

Event Grid waits 30 s for an answer and tries again after it, so nothing else may happen meanwhile.
"""

from collections.abc import Awaitable, Callable
from typing import Any, cast

import azure.functions as func
import msgspec

from integration.config import Configuration
from integration.config.keys.function_names import function_name
from integration.config.keys.model import EventGridSource
from integration.functions.workers import Workers

type Handler = Callable[[func.EventGridEvent, func.Context], Awaitable[None]]


def blueprint(configuration: Configuration, worker: Workers) -> func.Blueprint:
    """Register the Event Grid triggers."""
    bp = func.Blueprint()
    decorated: Any = bp
    for source in configuration.sources.values():
        if isinstance(source, EventGridSource) and source.enabled:
            trigger = decorated.event_grid_trigger(arg_name="event")
            bp.function_name(function_name("event_grid", source.name))(trigger(_take(source, worker)))
    return bp


def _take(source: EventGridSource, worker: Workers) -> Handler:
    async def take(event: func.EventGridEvent, context: func.Context) -> None:
        body, content_type = written(event)
        await worker(context).intake.keep(source, body, content_type)

    return take


def written(event: object) -> tuple[bytes, str]:
    """Write an event as JSON again: the worker hands over an object in place of the text.

    Args:
        event: An EventGridEvent, or a CloudEvent, which the worker passes whatever the annotation says.

    Returns:
        The JSON text and its content type.
    """
    given = cast("Any", event)
    if isinstance(event, func.CloudEvent):
        fields = {
            **given.extension_attrs,
            "specversion": given.specversion,
            "id": given.id,
            "source": given.source,
            "type": given.type,
            "time": given.time,
            "subject": given.subject,
            "datacontenttype": given.datacontenttype,
            "dataschema": given.dataschema,
            "data": given.get_json(),
        }
        content_type = "application/cloudevents+json"
    else:
        fields = {
            "id": given.id,
            "topic": given.topic,
            "subject": given.subject,
            "eventType": given.event_type,
            "eventTime": given.event_time,
            "dataVersion": given.data_version,
            "data": given.get_json(),
        }
        content_type = "application/json"
    present = {name: value for name, value in fields.items() if value is not None}
    return msgspec.json.encode(present), content_type
