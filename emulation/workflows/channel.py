"""The operators' channel in Microsoft Teams: a workflow that posts what it is sent, on loopback."""

from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self, cast

from emulation.loopback_thread import LoopbackThread
from emulation.workflows.workflow import Workflow


class Channel:
    """Runs the workflow in a thread of its own, as a context manager."""

    def __init__(self) -> None:
        self._workflow = Workflow()
        self._thread = LoopbackThread(self._workflow, "channel")

    def __enter__(self) -> Self:
        self._thread.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.__exit__(kind, error, trace)

    @property
    def url(self) -> str:
        """The webhook's URL; whoever knows it may post."""
        return f"{self._thread.url}{self._workflow.path}"

    def cards(self) -> list[dict[str, Any]]:
        """Return the cards in the channel, oldest first."""
        return self._workflow.posted

    def refused(self) -> list[str]:
        """Say of each run that could post nothing why."""
        return [f"{run.code}: {run.message}" for run in self._workflow.runs if run.status == "Failed"]


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
