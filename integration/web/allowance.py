"""How often a caller may have something done that costs others: here, a call of Dataverse.

A bucket a caller, in this process: with n instances a caller may do n times as often. What all of them cost Dataverse
is bounded elsewhere, by the lease and the back-off of the shared tier; this keeps one caller from taking all of that.
"""

import hashlib

import msgspec

from integration.clock import Clock
from integration.errors import TooManyRefreshes

MOST_CALLERS = 1_000
"""How many are remembered: beyond that, those who have waited longest are forgotten."""


class _Bucket(msgspec.Struct):
    left: float
    at: float


class Allowance:
    """Counts what each caller does.

    Args:
        per_minute: How often each may; as many at once, where it has waited a minute.
        clock: The time.
    """

    def __init__(self, per_minute: int, clock: Clock) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._buckets: dict[bytes, _Bucket] = {}

    def take(self, caller: str) -> None:
        """Count one more.

        Args:
            caller: Who it is: a key, a name. It is kept hashed.

        Raises:
            TooManyRefreshes: It is too soon; says when it is not.
        """
        now, name = self._clock.monotonic(), hashlib.sha256(caller.encode()).digest()
        bucket = self._buckets.pop(name, None) or _Bucket(float(self._per_minute), now)
        bucket.left = min(float(self._per_minute), bucket.left + (now - bucket.at) * self._per_minute / 60)
        bucket.at = now
        self._buckets[name] = bucket
        if len(self._buckets) > MOST_CALLERS:
            del self._buckets[next(iter(self._buckets))]
        if bucket.left < 1:
            msg = f"{self._per_minute} a minute are what each caller may have"
            raise TooManyRefreshes(msg, retry_after=(1 - bucket.left) * 60 / self._per_minute)
        bucket.left -= 1
