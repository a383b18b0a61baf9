"""The host's log on stderr: its own records, and of the app's what would reach Application Insights.

The worker sets the root logger to INFO, adds one handler and forwards every record with the invocation that it belongs
to: that of the task, handed on to the tasks that are made in it, or in the thread of a synchronous function. Its own
records and the library's are system records, which customers never see (`proxy_worker/dispatcher.py` and `logging.py`
in azure-functions-python-worker). The host passes on what belongs to a running invocation, under the one category
`Function.NAME.User`, and drops the rest (`GrpcWorkerChannel.Log` in azure-functions-host).
"""

import asyncio
import logging
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

host_log = logging.getLogger("host")

# Of the host itself, which in Azure is another process; asyncio, because it tells of faults in either.
HOST = ("host", "uvicorn", "asyncio")
SYSTEM = ("azure.functions", "azure_functions_runtime", "proxy_worker")
DEBUG = "PYTHON_ENABLE_DEBUG_LOGGING"
RECORDS = "FUNCTIONS_HOST_RECORDS"
"""Names a folder for every record of every process, whatever becomes of it: for who looks for what must be in none."""

_of_task: ContextVar[str | None] = ContextVar("invocation_of_task", default=None)


class Forwarding(logging.StreamHandler[TextIO]):
    """Write the host's own records and, of the app's, those of a running invocation.

    It decides last, as the host does: filters that an app puts on the worker's handler have seen a record before.
    """

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self.running: set[str] = set()
        self.of_thread: Any = None

    @property
    def invocation(self) -> str | None:
        """The running invocation that a record written here and now belongs to."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            # A thread: only that of a synchronous function is known, whatever context it was given.
            found = self.of_thread.get() if self.of_thread is not None else None
        else:
            found = _of_task.get()
        return found if found in self.running else None

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, or drop it."""
        own = record.name.split(".", 1)[0] in HOST
        if own or (not record.name.startswith(SYSTEM) and self.invocation is not None):
            super().emit(record)


class Every(logging.FileHandler):
    """Write every record with its attributes: those that the host drops, and those below the worker's level, too."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / f"{os.getpid()}.log", encoding="utf-8", errors="backslashreplace")

    def handle(self, record: logging.LogRecord) -> bool:
        """Write a record: no filter that an app puts before the worker's handlers keeps it from here."""
        with self.lock or nullcontext():
            self.emit(record)
        return True

    def format(self, record: logging.LogRecord) -> str:
        """Write the text, the traceback, and what the record has beside what all have."""
        said = {name: value for name, value in vars(record).items() if name not in _COMMON}
        trace = logging.Formatter().formatException(record.exc_info) if record.exc_info else record.exc_text or ""
        return f"{record.levelname} {record.name} {record.threadName}: {record.getMessage()} {said}\n{trace}".rstrip()


_COMMON = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime"})

_forwarding = Forwarding()


class _Line(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        invocation = _forwarding.invocation or "-"
        line = f"[{time}] [{invocation}] {record.levelname} {record.name}: {record.getMessage()}"
        if record.exc_info and not record.exc_text:
            record.exc_text = self.formatException(record.exc_info)
        return f"{line}\n{record.exc_text}" if record.exc_text else line


def configure() -> None:
    """Write the log to stderr; before the app is imported, as the worker attaches its handler before it indexes."""
    _forwarding.setFormatter(_Line())
    root = logging.getLogger()
    root.addHandler(_forwarding)
    level = logging.DEBUG if os.environ.get(DEBUG, "").lower() in {"1", "true"} else logging.INFO
    root.setLevel(level)
    if folder := os.environ.get(RECORDS):
        root.addHandler(Every(Path(folder)))
        root.setLevel(logging.DEBUG)
        _forwarding.setLevel(level)


def follow_threads(invocation: Any) -> None:
    """Know the invocation of records written in the threads of synchronous functions.

    Args:
        invocation: The worker's context variable, which is set there.
    """
    _forwarding.of_thread = invocation


@contextmanager
def running(invocation: str) -> Generator[None]:
    """Let the records of an invocation pass while it runs.

    Args:
        invocation: Its id; the task that enters, and those that are made in it, belong to it.
    """
    _forwarding.running.add(invocation)
    token = _of_task.set(invocation)
    try:
        yield
    finally:
        _of_task.reset(token)
        _forwarding.running.discard(invocation)


def first_line(error: Exception) -> str:
    """Return the first line of what an error says, its kind where it says nothing."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__
