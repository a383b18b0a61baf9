"""A function returns at once, so that its message is acknowledged; the work goes on behind its back."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from integration.worker import Worker
from tests.faults.broken import Patch

under_way: set[asyncio.Task[None]] = set()

type Take = Callable[..., Coroutine[Any, Any, None]]


def _behind(take: Take) -> Take:
    async def acknowledge(*about: Any, **more: Any) -> None:
        task = asyncio.get_running_loop().create_task(take(*about, **more))
        under_way.add(task)
        task.add_done_callback(under_way.discard)

    return acknowledge


PATCHES = tuple(Patch(Worker, name, _behind) for name in ("take_envelope", "take", "take_continuation"))
