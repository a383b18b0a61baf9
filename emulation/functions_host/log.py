"""The host's log: one readable line a record on stderr, with the invocation that wrote it."""

import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

host_log = logging.getLogger("host")
current_invocation: ContextVar[str | None] = ContextVar("current_invocation", default=None)

# Chatty at INFO without saying anything about the app: each HTTP call of an SDK, each step of the worker.
QUIET = ("azure", "azure.functions", "uamqp", "asyncio", "httpx", "httpcore")


class _Line(logging.Formatter):
    thread_invocation: Any = current_invocation

    def format(self, record: logging.LogRecord) -> str:
        invocation = current_invocation.get() or self.thread_invocation.get() or "-"
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = f"[{time}] [{invocation}] {record.levelname} {record.name}: {record.getMessage()}"
        if record.exc_info:
            line += f"\n{self.formatException(record.exc_info)}"
        return line


def configure(level: int = logging.INFO) -> None:
    """Send every log record to stderr; before the app is imported, so that nothing else is set up by default.

    Args:
        level: The least severe level that is written.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


def follow_threads(invocation: Any) -> None:
    """Name the invocation of records written in threads.

    Args:
        invocation: The worker's context variable, which is set there.
    """
    _Line.thread_invocation = invocation
