"""A topic of Event Grid in a thread, for a test."""

import secrets
from types import TracebackType
from typing import Self

from emulation.event_grid import Access, Topic
from emulation.event_grid.topic import PATH
from emulation.loopback_thread import LoopbackThread


class EmulatedTopic:
    """A topic that one key opens; `topic` has what was published, and fails when told to.

    Attributes:
        topic: The topic.
        key: Its access key.
    """

    def __init__(self) -> None:
        self.key = secrets.token_urlsafe(24)
        self.topic = Topic(Access(keys=(self.key,)))
        self._thread = LoopbackThread(self.topic, "event-grid")

    @property
    def endpoint(self) -> str:
        """Where it is published to."""
        return f"{self._thread.url}{PATH}"

    def __enter__(self) -> Self:
        self._thread.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.__exit__(kind, error, trace)
