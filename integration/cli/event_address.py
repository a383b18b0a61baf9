"""By what an event is addressed in a path of a deployed app: its id, or its key."""

import re

from integration.cli import shapes
from integration.cli.remote import App
from integration.errors import AmbiguousEvent, UnknownEvent

# Ids that stand in a path as they are; others, a slash in them, are looked up by the listing first.
_PLAIN = re.compile(r"[A-Za-z0-9._:~-]+")


async def address(app: App, id_: str, query: dict[str, str]) -> str:
    """Say by what an event is addressed in a path.

    Args:
        app: Where it is.
        id_: Its id, or its key.
        query: With its organization, where it is named.

    Raises:
        UnknownEvent: There is none.
        AmbiguousEvent: There are several.
    """
    if _PLAIN.fullmatch(id_):
        return id_
    query = {name: value for name, value in query.items() if name == "organization"}
    keys: set[str] = set()
    after: dict[str, str] = {}
    while True:
        page = await app.get("events", shapes.EventPage, query | {"id": id_} | after)
        keys.update(each["key"] for each in page["events"])
        if not page["next"]:
            break
        after = {"after": page["next"]}
    if not keys:
        raise UnknownEvent
    if len(keys) > 1:
        msg = f"{len(keys)} events have this id; their keys: {', '.join(sorted(keys)[:5])}"
        raise AmbiguousEvent(msg)
    return keys.pop()
