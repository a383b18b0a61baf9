"""How many alerts a source's messages may cause: whoever writes the messages must not fill the operators' channel."""

from datetime import datetime, timedelta

import msgspec

PER_HOUR = 3
_HOUR = timedelta(hours=1)


class _Spent(msgspec.Struct):
    since: datetime
    sent: int = 0
    left_out: int = 0


class AlertQuota:
    """Counts alerts by source and hour, for this process; an hour begins with the first alert in it.

    Args:
        per_hour: How many a source may cause.
    """

    def __init__(self, per_hour: int = PER_HOUR) -> None:
        self._per_hour = per_hour
        self._spent: dict[str, _Spent] = {}

    def take(self, source: str, now: datetime) -> int | None:
        """Take one alert from a source's quota.

        Args:
            source: The configured source; their number bounds what is remembered.
            now: The time.

        Returns:
            How many were left out since the last one that was sent; None where this one is left out, too.
        """
        spent = self._spent.setdefault(source, _Spent(now))
        # Also where the clock was set back: nobody is to be silent until it has caught up.
        if not timedelta(0) <= now - spent.since < _HOUR:
            spent.since, spent.sent = now, 0
        if spent.sent >= self._per_hour:
            spent.left_out += 1
            return None
        spent.sent += 1
        left_out, spent.left_out = spent.left_out, 0
        return left_out
