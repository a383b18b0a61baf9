"""Events of contexts that Dataverse cut for their size, and the row that is put back.

Above 192 KB Dataverse removes InputParameters, images and the parent context; entity and record id survive. The row is
read as it is *now*, not as it was in the event: it stands beside the event's own fields, as `data.row`, under the
Web API's names; null when the record is gone. Source: "Azure integration" of the Dataverse developer guide.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from integration.events.event import Event

ROW = "row"
_ENCODER = msgspec.json.Encoder()


class Record(msgspec.Struct, frozen=True):
    """Which row an event is about: the table's logical name, and its id."""

    table: str
    id: str


def wanted(event: Event) -> Record | None:
    """Return the row that has to be read for an event; None where nothing was cut or it has been read already."""
    if event.extensions.get("contextstripped") is not True or event.shape not in {"dataverse", "data_event"}:
        return None
    data = event.payload
    if not isinstance(data, dict) or ROW in data:
        return None
    return Record(str(data.get("entity") or ""), str(data.get("id") or ""))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]  # decoded JSON


def with_row(event: Event, row: Mapping[str, Any] | None) -> Event:
    """Put a row into the data of an event.

    Args:
        event: One of which a row is `wanted`.
        row: As the Web API answered; None: there is no such row any more.
    """
    data: dict[str, Any] = {**event.payload, ROW: row}
    return msgspec.structs.replace(event, data=msgspec.Raw(_ENCODER.encode(data)))
