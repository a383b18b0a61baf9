"""Wait for the storage account rather than give a message back.

A message that goes back to its broker has its delivery count raised; a short outage would burn it into the broker's
own dead-letter queue. So storing is tried again for a while, with backoff, before the exception leaves the function.
"""

from collections.abc import Awaitable, Callable

from integration.clock import Clock
from integration.errors import StorageUnavailable

DELAYS_SECONDS = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""One run of a function ends within 120 s; the lease of its message is renewed by the host meanwhile."""


async def persist[T](effect: Callable[[], Awaitable[T]], clock: Clock) -> T:
    """Store, and try again while the account is out of reach.

    Args:
        effect: Stores something; safe to repeat.
        clock: Waits between attempts.

    Raises:
        StorageUnavailable: Still out of reach after the last attempt.
    """
    for delay in DELAYS_SECONDS:
        try:
            return await effect()
        except StorageUnavailable:
            await clock.sleep(delay)
    return await effect()
