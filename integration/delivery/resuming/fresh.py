"""What is read ahead of its turn, and read again where that was long ago, or it is too large to be held meanwhile."""

from collections.abc import Awaitable, Callable

from integration.clock import Clock

FRESH_SECONDS = 5.0
"""What was read longer ago than this is read again: a resend may have made it meanwhile."""
HELD_BYTES = 64 * 1024
"""What is larger is not held while it waits for its turn."""


class Fresh[T]:
    """One thing that is read once or twice.

    Args:
        read: Reads it, and says how many bytes it takes; None: it is gone.
        clock: The time.
    """

    def __init__(self, read: Callable[[], Awaitable[tuple[T, int] | None]], clock: Clock) -> None:
        self._read = read
        self._clock = clock
        self._held: T | None = None
        self._at = 0.0

    async def ahead(self) -> T | None:
        """Read it; None when it is gone."""
        found = await self._read()
        if found is None:
            return None
        value, size = found
        if size <= HELD_BYTES:
            self._held, self._at = value, self._clock.monotonic()
        return value

    async def now(self) -> T | None:
        """Give it as it is now, or was a moment ago; None when it is gone."""
        held, self._held = self._held, None
        if held is not None and self._clock.monotonic() - self._at <= FRESH_SECONDS:
            return held
        found = await self._read()
        return found[0] if found is not None else None
