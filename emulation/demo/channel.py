"""The operators' channel in Microsoft Teams: a workflow that posts what it is sent, on loopback."""

import asyncio
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self, cast

from emulation.loopback import LoopbackServer
from emulation.workflows.workflow import Workflow


class Channel:
    """Runs the workflow in a thread of its own, as a context manager."""

    def __init__(self) -> None:
        self._workflow = Workflow()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="channel")
        self._server: LoopbackServer | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def url(self) -> str:
        """The webhook's URL; whoever knows it may post.

        Raises:
            RuntimeError: It is not running.
        """
        if self._server is None:
            msg = "the channel is not running; use it in a with statement"
            raise RuntimeError(msg)
        return f"http://127.0.0.1:{self._server.port}{self._workflow.path}"

    def cards(self) -> list[dict[str, Any]]:
        """Return the cards in the channel, oldest first."""
        return self._workflow.posted

    def refused(self) -> list[str]:
        """Say of each run that could post nothing why."""
        return [f"{run.code}: {run.message}" for run in self._workflow.runs if run.status == "Failed"]

    async def _start(self) -> LoopbackServer:
        server = LoopbackServer(self._workflow)
        await server.start()
        return server


def title_of(card: dict[str, Any]) -> str:
    """Return the first text of a card, which is its title."""
    return next(_texts(card.get("body")), "")


def _texts(element: object) -> Iterator[str]:
    if isinstance(element, list):
        for each in cast("list[object]", element):
            yield from _texts(each)
    elif isinstance(element, dict):
        parts = cast("dict[str, object]", element)
        if parts.get("type") == "TextBlock":
            yield str(parts.get("text", ""))
        for value in parts.values():
            yield from _texts(value)
