"""A lock that is renewed for as long as its work goes on, and not a moment longer.

As the .NET processor does: at most ten seconds before its end, at most for `maxAutoLockRenewalDuration`. The SDK's own
`AutoLockRenewer` cannot be told that the work is over: after a settlement that failed, the message would stay locked
for minutes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

from azure.servicebus.exceptions import MessageLockLostError, SessionLockLostError

from emulation.functions_host.log import first_line, host_log

AHEAD, SHORTEST = 10.0, 0.5


class Lock:
    """A lock that is being kept; most calls end before a renewal is due, and cost no more than a timer.

    Args:
        renew: Renews it and returns until when it then holds.
        until: Until when it holds now.
        longest: For how many seconds it may be renewed.
        of: What is locked, for the log.
        run: Runs a renewal to its end. Nobody may cancel it: one that is cut off half-way breaks the link.
    """

    def __init__(
        self,
        renew: Callable[[], Awaitable[datetime]],
        until: datetime,
        longest: float,
        of: str,
        run: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._renew = renew
        self._until = until
        self._loop = asyncio.get_running_loop()
        self._end = self._loop.time() + longest
        self._of = of
        self._run = run
        self._over = False
        self._timer: asyncio.TimerHandle | None = None
        self._wait()

    @property
    def kept(self) -> bool:
        """Whether another renewal is to come."""
        return self._timer is not None and not self._timer.cancelled()

    def end(self) -> None:
        """Renew no more: the work is over."""
        self._over = True
        if self._timer is not None:
            self._timer.cancel()

    def _wait(self) -> None:
        left = (self._until - datetime.now(UTC)).total_seconds()
        pause = max(SHORTEST, left - min(left / 2, AHEAD))
        if not self._over and left > 0 and self._loop.time() + pause <= self._end:
            self._timer = self._loop.call_later(pause, self._due)

    def _due(self) -> None:
        self._timer = None
        self._run(self._renewal())

    async def _renewal(self) -> None:
        try:
            self._until = await self._renew()
        except (MessageLockLostError, SessionLockLostError) as error:
            host_log.warning("The lock of %s was lost: %s", self._of, first_line(error))
            return
        except Exception as error:  # noqa: BLE001 (of a link that is gone the SDK says ValueError and more)
            host_log.warning("The lock of %s was not renewed: %s", self._of, first_line(error))
        self._wait()
