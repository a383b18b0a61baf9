"""Put the row back into an event that Dataverse cut for its size."""

from typing import Any, Protocol

from integration.config.keys.model import Organization
from integration.dead_letters import reasons
from integration.delivery.screening.guard import Refused
from integration.events import stripped
from integration.events.event import Event

_HINT = "Register the step with filtering attributes and smaller images, so that its message stays small."


class Rows(Protocol):
    """What this room needs of Dataverse."""

    async def read_row(self, organization: Organization, table: str, row_id: str) -> dict[str, Any] | None:
        """Read a row; None: there is none. Raises LinkUnknown, and ValueError for what is no table or id."""
        ...


async def complete(event: Event, organization: Organization, rows: Rows) -> Event | Refused:
    """Return an event as it is, with its row where it was cut, or refused where it names no row.

    Args:
        event: Any event.
        organization: Where it comes from.
        rows: Dataverse.

    Raises:
        LinkUnknown: Dataverse cannot be asked now.
    """
    record = stripped.wanted(event)
    if record is None:
        return event
    try:
        # The row of a Delete is gone: there is nothing to ask for.
        row = None if event.type.endswith(".Delete") else await rows.read_row(organization, record.table, record.id)
    except ValueError as error:
        message = f"Dataverse removed the parameters for their size, and the row cannot be read: {error}"
        return Refused(reasons.CONTEXT_STRIPPED, message, _HINT)
    return stripped.with_row(event, row)
