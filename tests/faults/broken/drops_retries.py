"""What is to be tried again is put on no queue."""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

from integration.delivery.retries import Retries
from integration.delivery.work import Work
from tests.faults.broken import Patch


def _dropped(_: Any) -> Callable[[Retries, Work, timedelta], Coroutine[Any, Any, None]]:
    async def later(_retries: Retries, _work: Work, _delay: timedelta) -> None:
        return None

    return later


PATCHES = (Patch(Retries, "later", _dropped),)
