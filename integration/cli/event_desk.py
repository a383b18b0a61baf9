"""Where the event commands work: a deployed app over HTTP, or the storage account from this process."""

import re
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from integration.cli.here import as_json, open_worker
from integration.cli.remote import App
from integration.errors import AmbiguousEvent, FnoLinkError, UnknownEvent

if TYPE_CHECKING:
    from integration.worker import Worker

# Ids that stand in a path as they are; others, a slash in them, are looked up by the listing first.
_PLAIN = re.compile(r"[A-Za-z0-9._:~-]+")


class EventDesk(Protocol):
    """What the commands need; everything is JSON as the HTTP endpoints write it."""

    async def list(self, query: dict[str, str]) -> dict[str, Any]:
        """Read one page."""
        ...

    async def show(self, id_: str, query: dict[str, str]) -> dict[str, Any]:
        """Read one."""
        ...


class Remote:
    """A deployed app.

    Args:
        url: Its address.
    """

    def __init__(self, url: str) -> None:
        self._app = App(url)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing stays open."""

    async def list(self, query: dict[str, str]) -> dict[str, Any]:
        """Read one page."""
        return await self._app.get("events", query)

    async def show(self, id_: str, query: dict[str, str]) -> dict[str, Any]:
        """Read one."""
        return await self._app.get(f"events/{await self._address(id_, query)}", query)

    async def _address(self, id_: str, query: dict[str, str]) -> str:
        """Say by what an event is addressed in a path: its id, or its key."""
        if _PLAIN.fullmatch(id_):
            return id_
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
    """The storage account of the app settings."""

    def __init__(self) -> None:
        self._worker: Worker | None = None

    async def __aenter__(self) -> Self:
        self._worker = open_worker()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection."""
        if self._worker is not None:
            await self._worker.close()

    async def list(self, query: dict[str, str]) -> dict[str, Any]:
        """Read one page."""
        from integration.web.events import read_query  # noqa: PLC0415 - not for --app

        return as_json(await self._open.event_pages.page(*read_query(query)))

    async def show(self, id_: str, query: dict[str, str]) -> dict[str, Any]:
        """Read one."""
        return as_json(await self._open.event_pages.one(id_, query.get("organization", "")))

    @property
    def _open(self) -> "Worker":
        if self._worker is None:
            msg = "the desk is not open"
            raise FnoLinkError(msg)
        return self._worker
