"""Work that outlives the invocation that began it, and what it has to say.

The Functions host takes the log records of running invocations and drops every other one (`GrpcWorkerChannel.Log` in
azure-functions-host): a refresh that runs behind a served value would be mute, and so is every thread, since the worker
knows an invocation by its task (`get_current_invocation_id` of proxy_worker): msal speaks in one. Their records are
kept, and written in the next invocation of the process. What writes to Application Insights by itself, as
OpenTelemetry's handler does, needs no invocation and is left alone.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import ContextVar, copy_context
from datetime import UTC, datetime
from threading import Lock, get_ident
from typing import Any
from weakref import ref

from integration.loggers import logger

_BY_ITSELF = "opentelemetry."

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
    """Keeps what background work and threads log until an invocation runs that it can be written in."""

    def __init__(self) -> None:
        super().__init__()
        self._records: deque[logging.LogRecord] = deque(maxlen=KEPT)
        self._dropped = 0
        self._handlers: list[logging.Handler] = []
        self._thread = 0
        self._lock = Lock()
        self._last: Callable[[], logging.LogRecord | None] = lambda: None

    def attach(self) -> None:
        """Stand before what writes the log now: the worker attaches its handler before it indexes the app.

        Called in the thread in which invocations run.
        """
        self._thread = get_ident()
        self._handlers = [each for each in logging.root.handlers if not type(each).__module__.startswith(_BY_ITSELF)]
        for handler in self._handlers:
            handler.addFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Let a record pass, or keep it; each handler asks for it."""
        if not _behind.get() and record.thread == self._thread:
            return True
        with self._lock:
            if self._last() is not record:
                self._last = ref(record)
                self._dropped += len(self._records) == KEPT
                self._records.append(_as_it_was(record, self._thread))
        return False

    def tell(self) -> None:
        """Write what was kept; called inside an invocation."""
        with self._lock:
            records, dropped = list(self._records), self._dropped
            self._records.clear()
            self._dropped = 0
        if dropped:
            logger("background").warning("%d older records were dropped", dropped)
        for record in records:
            for handler in self._handlers:
                if record.levelno >= handler.level:
                    handler.handle(record)


def _as_it_was(record: logging.LogRecord, thread: int) -> logging.LogRecord:
    # Formatted now: the host gives the record the time of the invocation, and a kept traceback keeps its frames alive.
    at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    kept = logging.makeLogRecord({**record.__dict__, "thread": thread})
    kept.msg, kept.args = f"{record.getMessage()} (in the background, {at})", ()
    if kept.exc_info:
        kept.exc_text = kept.exc_text or logging.Formatter().formatException(kept.exc_info)
        kept.exc_info = None
    return kept
