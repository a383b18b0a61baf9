"""A lock that is renewed for as long as its work goes on, and not a moment longer.

As the .NET processor does: at most ten seconds before its end, at most for `maxAutoLockRenewalDuration`. The SDK's own
`AutoLockRenewer` cannot be told that the work is over: after a settlement that failed, the message would stay locked
for minutes.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from azure.servicebus.exceptions import MessageLockLostError, SessionLockLostError

from emulation.functions_host.log import first_line, host_log

AHEAD, SHORTEST = 10.0, 0.5


async def keep(
    renew: Callable[[], Awaitable[datetime]], until: datetime, longest: float, over: asyncio.Event, of: str
) -> None:
    """Renew a lock until the work is over.

    Args:
        renew: Renews it and returns until when it then holds.
        until: Until when it holds now.
        longest: For how many seconds it may be renewed.
        over: Set when the work is over. Never cancel instead: a renewal cut off half-way breaks the link.
        of: What is locked, for the log.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + longest
    while True:
        left = (until - datetime.now(UTC)).total_seconds()
        pause = max(SHORTEST, left - min(left / 2, AHEAD))
        if left <= 0 or loop.time() + pause > end:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), pause)
            return
        try:
            until = await renew()
        except (MessageLockLostError, SessionLockLostError) as error:
            host_log.warning("The lock of %s was lost: %s", of, first_line(error))
            return
        except Exception as error:  # noqa: BLE001 (of a link that is gone the SDK says ValueError and more)
            host_log.warning("The lock of %s was not renewed: %s", of, first_line(error))
