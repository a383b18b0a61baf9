"""The newest business event delivered of a kind, as a row that instances share: it rises until it is reset.

It lies beside the journal's rows of the week, so that it goes in one transaction with those of events.
"""

import hashlib
from datetime import datetime
from typing import Any

import msgspec

from integration.journal.tables import PAST_EVENTS
from integration.loggers import logger
from integration.storage import StoredRow
from integration.storage.tables import Insert, Replace

VERSION = 1
_TEXT = 2_048
FIRST = f"{PAST_EVENTS}newest-"
"""How the RowKeys begin."""

log = logger("delivery")

type Kind = tuple[str, str, str, str]
"""Organization, group of sources, legal entity, type."""


class Seen(msgspec.Struct, frozen=True):
    """A row as it was read or written.

    Args:
        number: The highest ControlNumber delivered; -1: there is none.
        etag: The row's version; empty: there is no row.
        resets: How often an operator has reset it.
    """

    number: int = -1
    etag: str = ""
    resets: int = 0


class Newest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The newest of a kind as an operator sees it.

    Args:
        organization: The configured name.
        group: Of sources.
        legal_entity: Of the events.
        type: Of the events.
        number: The highest ControlNumber delivered, as text (an int64); null: none since it was reset.
        resets: How often it was reset.
        updated_at: When the row was last written.
    """

    organization: str
    group: str
    legal_entity: str
    type: str
    number: str | None
    resets: int
    updated_at: datetime | None


class WantedKinds(msgspec.Struct, frozen=True, kw_only=True):
    """Which kinds are meant; what is empty does not restrict.

    Args:
        organization: The configured name.
        group: Of sources.
        legal_entity: Of the events.
        type: Of the events.
    """

    organization: str = ""
    group: str = ""
    legal_entity: str = ""
    type: str = ""

    def takes(self, newest: Newest) -> bool:
        """Tell whether a kind is meant."""
        told = msgspec.structs.asdict(self)
        return all(not value or getattr(newest, name) == value for name, value in told.items())


def key_of(kind: Kind) -> str:
    """Give the RowKey of a kind."""
    return FIRST + hashlib.sha256("\x00".join(kind).encode()).hexdigest()


def step_of(kind: Kind, number: int, last: Seen, at: datetime) -> Insert | Replace:
    """Say how a row is written in the place of the version that was seen.

    Args:
        kind: Which.
        number: What it is to say; -1: nothing.
        last: As it was seen.
        at: The time.
    """
    organization, group, entity, type_ = kind
    row: dict[str, Any] = {
        "PartitionKey": organization,
        "RowKey": key_of(kind),
        "v": VERSION,
        "group": group,
        "legal_entity": entity[:_TEXT],
        "type": type_[:_TEXT],
        "number": str(number) if number >= 0 else "",
        "resets": last.resets,
        "updated_at": at,
    }
    return Replace(row, last.etag) if last.etag else Insert(row)


def seen_in(row: StoredRow) -> Seen:
    """Read a row; one that cannot be read counts as none and is written over."""
    text, resets = row.entity.get("number", ""), row.entity.get("resets", 0)
    readable = isinstance(text, str) and (not text or (text.isascii() and text.isdigit()))
    if row.entity.get("v") != VERSION or not readable or not isinstance(resets, int):
        log.error("the row %s of the newest control numbers cannot be read and is written anew", row.key)
        return Seen(-1, row.etag)
    return Seen(int(text) if text else -1, row.etag, resets)


def shown(row: StoredRow) -> Newest:
    """Show a row to an operator."""
    seen, at = seen_in(row), row.entity.get("updated_at")
    return Newest(
        organization=row.partition,
        group=str(row.entity.get("group", "")),
        legal_entity=str(row.entity.get("legal_entity", "")),
        type=str(row.entity.get("type", "")),
        number=str(seen.number) if seen.number >= 0 else None,
        resets=seen.resets,
        updated_at=at if isinstance(at, datetime) else None,
    )
