"""Work that outlives the invocation that began it, and what it has to say.

The Functions host takes the log records of running invocations and drops every other one (`GrpcWorkerChannel.Log` in
azure-functions-host): a refresh that runs behind a served value would be mute. Its records are kept, and written in the
next invocation of the process.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine
from contextvars import ContextVar, copy_context
from datetime import UTC, datetime
from typing import Any

from integration.loggers import logger

KEPT = 200
"""Records that are kept at most; of more the latest."""

_behind: ContextVar[bool] = ContextVar("behind", default=False)


def start[T](work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Start work that nobody who is being answered waits for.

    Args:
        work: The work; tasks that it makes are in the background too.

    Returns:
        Its task; whoever starts it keeps a reference.
    """
    context = copy_context()
    context.run(_behind.set, True)
    return asyncio.create_task(work, context=context)


class Unheard(logging.Filter):
    """Keeps what background work logs until an invocation runs that it can be written in."""

    def __init__(self) -> None:
        super().__init__()
        self._records: deque[logging.LogRecord] = deque(maxlen=KEPT)
        self._dropped = 0

    def attach(self) -> None:
        """Stand before what writes the log now: the worker attaches its handler before it indexes the app."""
        for handler in logging.root.handlers:
            handler.addFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Let a record pass, or keep it."""
        if not _behind.get():
            return True
        self._dropped += len(self._records) == KEPT
        self._records.append(_as_it_was(record))
        return False

    def tell(self) -> None:
        """Write what was kept; called inside an invocation."""
        if self._dropped:
            logger("background").warning("%d older records were dropped", self._dropped)
            self._dropped = 0
        while self._records:
            record = self._records.popleft()
            logging.root.handle(record)


def _as_it_was(record: logging.LogRecord) -> logging.LogRecord:
    # Formatted now: the host gives the record the time of the invocation, and a kept traceback keeps its frames alive.
    at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    kept = logging.makeLogRecord(record.__dict__)
    kept.msg, kept.args = f"{record.getMessage()} (in the background, {at})", ()
    if kept.exc_info:
        kept.exc_text = kept.exc_text or logging.Formatter().formatException(kept.exc_info)
        kept.exc_info = None
    return kept
