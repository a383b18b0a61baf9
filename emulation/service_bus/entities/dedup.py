"""Duplicate detection: message ids of the last while."""

from collections import deque


class Window:
    """Ids seen within a span of time.

    Args:
        span: Milliseconds; none: nothing is remembered.
    """

    def __init__(self, span: int | None) -> None:
        self._span = span
        self._seen: dict[str, int] = {}
        self._order: deque[tuple[int, str]] = deque()

    def is_new(self, identity: str, now: int) -> bool:
        """Return whether an id was not seen within the span, and remember it."""
        if self._span is None:
            return True
        self._forget(now)
        if identity in self._seen:
            return False
        self.remember(identity, now)
        return True

    def remember(self, identity: str, at: int) -> None:
        """Note an id as seen at a time, in milliseconds since 1970."""
        self._seen[identity] = at
        self._order.append((at, identity))

    def entries(self, now: int) -> list[tuple[str, int]]:
        """Return the ids that still count, with when they were seen."""
        self._forget(now)
        return list(self._seen.items())

    def _forget(self, now: int) -> None:
        if self._span is None:
            return
        while self._order and self._order[0][0] + self._span <= now:
            at, identity = self._order.popleft()
            if self._seen.get(identity) == at:
                del self._seen[identity]
