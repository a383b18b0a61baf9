"""How many lines a minute the log has of refused callers: whoever asks without end does not fill it."""

MOST_LINES, WITHIN_SECONDS = 20, 60.0


class FewLines:
    """Counts lines; pure, but for what it remembers."""

    def __init__(self) -> None:
        self._began = float("-inf")
        self._written = 0
        self._left_out = 0

    def take(self, now: float) -> int | None:
        """Ask for a line.

        Args:
            now: Seconds of a clock that never goes back.

        Returns:
            How many lines were left out since the last one; None: this one is left out, too.
        """
        if now - self._began >= WITHIN_SECONDS:
            self._began, self._written = now, 0
        if self._written >= MOST_LINES:
            self._left_out += 1
            return None
        self._written += 1
        left_out, self._left_out = self._left_out, 0
        return left_out
