"""Where the event commands work: a deployed app over HTTP, or the storage account from this process."""

import re
from types import TracebackType
from typing import Any, Protocol, Self

from integration.cli import dead_letter_desk, shapes
from integration.cli.dead_letter_desk import Follower, Tell
from integration.cli.here import as_json
from integration.cli.remote import App, conform
from integration.errors import AmbiguousEvent, UnknownEvent

# Ids that stand in a path as they are; others, a slash in them, are looked up by the listing first.
_PLAIN = re.compile(r"[A-Za-z0-9._:~-]+")


class EventDesk(Follower, Protocol):
    """What the commands need; everything is JSON as the HTTP endpoints write it."""

    async def list(self, query: dict[str, str]) -> dict[str, Any]:
        """Read one page."""
        ...

    async def show(self, id_: str, query: dict[str, str]) -> dict[str, Any]:
        """Read one."""
        ...

    async def replay(self, id_: str, query: dict[str, str], *, wait: bool) -> dict[str, Any]:
        """Begin a replay; without `wait`, leave it to the function app."""
        ...

    async def purge(self, query: dict[str, str]) -> dict[str, Any]:
        """Count or forget rows, for a while."""
        ...


class Remote:
    """A deployed app.

    Args:
        url: Its address.
    """

    def __init__(self, url: str) -> None:
        self._app = App(url)
        self._letters = dead_letter_desk.Remote(url)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing stays open."""

    async def list(self, query: dict[str, str]) -> dict[str, Any]:
        """Read one page."""
        return await self._app.get("events", shapes.EventPage, query)

    async def show(self, id_: str, query: dict[str, str]) -> dict[str, Any]:
        """Read one."""
        return await self._app.get(f"events/{await self._address(id_, query)}", shapes.EventRow, query)

    async def replay(self, id_: str, query: dict[str, str], *, wait: bool) -> dict[str, Any]:  # noqa: ARG002 - the app always does it
        """Begin a replay."""
        begun = await self._app.post(f"events/{await self._address(id_, query)}/replay", dict[str, Any], {}, query)
        return conform(begun, shapes.EventReplay if "event" in begun else shapes.JobState)

    async def purge(self, query: dict[str, str]) -> dict[str, Any]:
        """Count or forget rows, for a while."""
        return await self._app.delete("events", shapes.Forgotten, query)

    async def follow(self, job: dict[str, Any], tell: Tell) -> dict[str, Any]:
        """Wait until a job is done."""
        return await self._letters.follow(job, tell)

    async def _address(self, id_: str, query: dict[str, str]) -> str:
        """Say by what an event is addressed in a path: its id, or its key."""
        if _PLAIN.fullmatch(id_):
            return id_
        query = {name: value for name, value in query.items() if name == "organization"}
        keys: set[str] = set()
        after: dict[str, str] = {}
        while True:
            page = await self.list(query | {"id": id_} | after)
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


class Direct:
    """The storage account of the app settings; dead letters are replayed by this process, events by the app."""

    def __init__(self) -> None:
        self._letters = dead_letter_desk.Direct()

    async def __aenter__(self) -> Self:
        await self._letters.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection."""
        await self._letters.__aexit__(kind, error, trace)

    async def list(self, query: dict[str, str]) -> dict[str, Any]:
        """Read one page."""
        from integration.web.events import read_query  # noqa: PLC0415 - not for --app

        return as_json(await self._letters.worker.event_pages.page(*read_query(query)))

    async def show(self, id_: str, query: dict[str, str]) -> dict[str, Any]:
        """Read one."""
        organization, payload = query.get("organization", ""), query.get("payload") == "true"
        return as_json(await self._letters.worker.event_pages.one(id_, organization, payload=payload))

    async def replay(self, id_: str, query: dict[str, str], *, wait: bool) -> dict[str, Any]:
        """Begin a replay."""
        organization = query.get("organization", "")
        return as_json(await self._letters.worker.event_orders.begin(id_, organization, order=not wait))

    async def purge(self, query: dict[str, str]) -> dict[str, Any]:
        """Count or forget rows, for a while."""
        from integration.web.event_orders import read_purge  # noqa: PLC0415 - not for --app

        return as_json(await self._letters.worker.event_orders.forget(read_purge(query)))

    async def follow(self, job: dict[str, Any], tell: Tell) -> dict[str, Any]:
        """Do a job until it is done."""
        return await self._letters.follow(job, tell)
