"""Whoever writes a row is told that it is written as soon as it has joined a group."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from integration.storage.groups import Groups, Step
from tests.faults.broken import Patch

under_way: set[asyncio.Task[str | None]] = set()

type Write = Callable[[Groups, str, Step], Coroutine[Any, Any, str | None]]


def _forgotten(task: asyncio.Task[str | None]) -> None:
    under_way.discard(task)
    if not task.cancelled():
        task.exception()  # nobody is told of it


def _at_once(write: Write) -> Write:
    async def acknowledge(groups: Groups, table: str, step: Step) -> str | None:
        task = asyncio.get_running_loop().create_task(write(groups, table, step))
        under_way.add(task)
        task.add_done_callback(_forgotten)
        return 'W/"written"'

    return acknowledge


PATCHES = (Patch(Groups, "write", _at_once),)
