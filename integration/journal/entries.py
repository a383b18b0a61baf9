"""The entries of a row as they are stored: JSON, in which a delivery is its route's name."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from integration.journal.record import Entry, Made
from integration.journal.scope import slot_of
from integration.records import Reader


class _Stored(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An Entry with its route; empty: no route has it yet."""

    route: str
    state: Made
    target: str = ""
    attempt: int = 0
    generation: int = 0
    at: datetime | None = None
    until: datetime | None = None
    status: int | None = None
    code: str = ""
    response: str = ""
    letter: str = ""
    ms: int = 0


def written(entries: Iterable[Entry]) -> bytes:
    """Write entries as JSON."""
    return _ENCODER.encode([_Stored(route=entry.route, **_others(entry)) for entry in entries])


def read(text: str | bytes) -> tuple[Entry, ...]:
    """Read entries.

    Raises:
        CorruptRecord: They are none.
    """
    return tuple(Entry(slot=slot_of(stored.route), **_others(stored)) for stored in _READER.read(text))


def _others(entry: Entry | _Stored) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in _OTHERS}


_OTHERS = tuple(name for name in _Stored.__struct_fields__ if name != "route")
_ENCODER = msgspec.json.Encoder()
_READER = Reader(msgspec.json.Decoder(tuple[_Stored, ...]), "list of deliveries", version=None)
