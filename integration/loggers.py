"""The loggers of fno-link: what they write is one record a line, whatever came from outside."""

import logging
import traceback
from collections.abc import Mapping
from typing import Any, override

from integration.about import NAMES, now
from integration.plain_text import plain, plain_lines

ROOT = "fno_link"
LONGEST = 4_000
"""Characters of one text in a record; the platform cuts a record at 32,768."""


def logger(room: str) -> logging.Logger:
    """Return the logger of a room.

    Args:
        room: The package under `integration` that the module is in (`delivery`, `links` …); the module's own name
            where it is in none.

    Returns:
        The logger `fno_link.{room}`. Before any handler sees them, its records are cleaned and say what they are about.
    """
    log = logging.getLogger(f"{ROOT}.{room}")
    if _CLEANING not in log.filters:
        log.addFilter(_CLEANING)
    return log


class _Cleaning(logging.Filter):
    """Cleans the texts of a record. A filter of a logger is asked before all handlers, those of the host included."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = plain(record.msg) if isinstance(record.msg, str) else _clean(record.msg)
        if isinstance(record.args, Mapping):
            record.args = {name: _clean(value) for name, value in record.args.items()}
        elif record.args:
            record.args = tuple(map(_clean, record.args))
        if record.exc_info and record.exc_info[1] is not None and not record.exc_text:
            # Formatters take the text that is there. Indented, so that no line of it passes for a record.
            trace = plain_lines("".join(traceback.format_exception(record.exc_info[1])).rstrip())
            record.exc_text = "\n".join(f"  {line}" for line in trace.split("\n"))
        if about := now():
            _tell(record, {word: _clean(value) for word, value in about.items()})
        return True


def _tell(record: logging.LogRecord, about: Mapping[str, Any]) -> None:
    """Say what a record is about, once: it may pass twice."""
    if next(iter(about), "") and NAMES[next(iter(about))] in vars(record):
        return
    vars(record).update({NAMES[word]: value for word, value in about.items()})
    text = " ".join(f"{word}={value}" for word, value in about.items())
    record.msg = f"{record.msg} [{text.replace('%', '%%') if record.args else text}]"


def _clean(value: Any) -> Any:
    """Return numbers and times as they are, for their formats; anything else as clean text."""
    return value if isinstance(value, bool | int | float) or value is None else plain(str(value), longest=LONGEST)


_CLEANING = _Cleaning()
