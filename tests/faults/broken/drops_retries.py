"""What is to be tried again is put on no queue."""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

from integration.delivery.queued.queue import RetryQueue
from integration.delivery.queued.work import Work
from tests.faults.broken import Patch


def _dropped(_: Any) -> Callable[[RetryQueue, Work, timedelta], Coroutine[Any, Any, None]]:
    async def later(_retries: RetryQueue, _work: Work, _delay: timedelta) -> None:
        return None

    return later


PATCHES = (Patch(RetryQueue, "later", _dropped),)
