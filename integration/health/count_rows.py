"""How counts lie in a table: a row a process and minute, which some minutes later is added to that of its five minutes.

Both are a binary property of compressed JSON, in pieces of what a property may hold: with a thousand organizations a
minute has thousands of numbers. A row that cannot be read counts nothing.
"""

import zlib
from datetime import UTC, datetime
from typing import Any

import msgspec

from integration.health.totals import Span
from integration.loggers import logger
from integration.storage import StoredRow
from integration.tally import First, Key

log = logger("health")

VERSION = 1
PIECE = 60_000
"""Bytes of one property; the service takes 64 KiB. Source: "Understanding the Table service data model"."""
PIECES = 15
_LARGEST = 64 * 1024 * 1024
_BETWEEN = "-"


class _Written(msgspec.Struct, frozen=True):
    counts: tuple[tuple[Key, int], ...] = ()
    firsts: tuple[tuple[Key, tuple[First, ...]], ...] = ()
    seen: dict[str, datetime] = {}
    v: int = VERSION


_DECODER = msgspec.json.Decoder(_Written)


def partition_of(at: datetime) -> str:
    """Name the partition of a time: its hour, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H}"


def key_of(at: datetime, process: str, number: int) -> str:
    """Name the row of one writing of one process.

    Args:
        at: When it was written.
        process: Names the process.
        number: Counts its writings.
    """
    return f"{at.astimezone(UTC):%M}{_BETWEEN}{process}{_BETWEEN}{number}"


def sum_key(slot: datetime) -> str:
    """Name the row that a slot's rows are added to."""
    return f"{slot.astimezone(UTC):%M}"


def is_sum(row: StoredRow) -> bool:
    """Tell whether other rows were added to this one."""
    return _BETWEEN not in row.key


def at_of(row: StoredRow) -> datetime | None:
    """Say which minute a row is of; None where its keys are none of ours."""
    try:
        return datetime.strptime(f"{row.partition}:{row.key[:2]}Z", "%Y-%m-%dT%H:%M%z")
    except ValueError:
        return None


def written(span: Span) -> dict[str, bytes]:
    """Write a span as properties; the first events are left out where all would be more than a row may hold."""
    whole = _Written(tuple(span.counts.items()), tuple(span.firsts.items()), dict(span.seen))
    for each in (whole, msgspec.structs.replace(whole, firsts=())):
        packed = zlib.compress(msgspec.json.encode(each), 6)
        if len(packed) <= PIECE * PIECES:
            break
    return {f"counts{n}": packed[n * PIECE : (n + 1) * PIECE] for n in range(-(-len(packed) // PIECE))}


def read(row: StoredRow) -> Span | None:
    """Read a row; None, and a line in the log, where it cannot be read."""
    at = at_of(row)
    if at is None:
        return None
    try:
        packed = b"".join(_pieces(row.entity))
        text = zlib.decompressobj().decompress(packed, _LARGEST)
        found = _DECODER.decode(text)
    except (zlib.error, msgspec.MsgspecError, RecursionError, UnicodeError, ValueError) as error:
        log.warning("the counts of %s %s cannot be read: %s", row.partition, row.key, type(error).__name__)
        return None
    if found.v != VERSION:
        return None
    return Span(at, dict(found.counts), dict(found.firsts), found.seen)


def _pieces(entity: dict[str, Any]) -> list[bytes]:
    pieces: list[bytes] = []
    while isinstance(piece := entity.get(f"counts{len(pieces)}"), bytes):
        pieces.append(piece)
    return pieces
