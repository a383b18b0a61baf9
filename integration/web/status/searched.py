"""An event that was looked for, as the page shows it: where it is, and what to do about it."""

import msgspec
from msgspec import UNSET

from integration.errors import AmbiguousEvent, FnoLinkError, UnknownEvent
from integration.operations.event_shapes import Delivery, Whole
from integration.operations.events import EventOperations
from integration.operations.parameters import words


class Searched(msgspec.Struct, frozen=True, kw_only=True):
    """What was found.

    Args:
        id: What was looked for.
        event: The event; None: there is none.
        deliveries: What became of it.
        why: Why it is not shown; empty: it is.
        hint: What to do.
    """

    id: str
    event: Whole | None = None
    deliveries: tuple[Delivery, ...] = ()
    why: str = ""
    hint: str = ""


async def search(events: EventOperations, id_: str) -> Searched:
    """Look for an event by its id or key; that there is none, or that there are several, is an answer.

    Args:
        events: Where.
        id_: The id.

    Raises:
        InvalidRequest: Nothing can have this id.
    """
    try:
        event = await events.show(words("event", id_))
    except (UnknownEvent, AmbiguousEvent) as error:
        return Searched(id=id_, why=str(error), hint=error.hint)
    except FnoLinkError as error:
        if error.code == "InvalidRequest":
            raise
        # The rest of the page is shown all the same.
        return Searched(id=id_, why=f"{error.code}: {error}", hint=error.hint)
    found = () if event.deliveries is UNSET else tuple(event.deliveries)
    return Searched(id=id_, event=event, deliveries=found)
