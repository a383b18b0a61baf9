"""A row as a table entity: within the limits of Azure Tables, readable where it is small.

Limits: a property holds 64 KB (32,768 UTF-16 characters, or 65,536 bytes), an entity 1 MB. Source: "Understanding the
Table service data model".
"""

import zlib
from collections.abc import Mapping
from typing import Any

import msgspec

from integration.errors import CorruptRecord
from integration.faults import masked
from integration.journal.entries import read, written
from integration.journal.errand import errand_of, told
from integration.journal.record import VERSION, Entry, Row
from integration.journal.tables import partition_in

PLAIN = 30_000
CHUNK = 60_000
CHUNKS = 14
TEXT = 2_048
LETTERS = 100
UNFOLDED = 64 * 1024 * 1024
"""Bytes; a changed byte must not unfold into gigabytes."""


def encode(row: Row, table: str) -> dict[str, Any]:
    """Write a row as an entity of a table.

    What is none, empty or the default is left out: most rows need not say how often their event came again, and each
    property costs the account as much as this process. Deliveries are one JSON property. An event with so many that
    they do not fit has them compressed, over several properties, if need be without the targets' answers; beyond that,
    what is over is left out and what is not is kept.
    """
    subject = row.subject
    entity: dict[str, Any] = {
        "PartitionKey": partition_in(table, subject.organization, subject.key),
        "RowKey": subject.key,
        "v": row.v,
        "organization": subject.organization,
        "id": _short(subject.id),
        "type": _short(subject.type),
        "subject": _short(subject.subject),
        "source": subject.source,
        "legal_entity": _short(subject.legal_entity),
        # As text: a sender's time may be older than the 1601 that a table's own times begin with.
        "time": subject.time and subject.time.isoformat(),
        "state": row.state,
        "generation": row.generation,
        "accepted_at": row.accepted_at,
        "lease_until": row.lease_until,
        "owner": row.owner,
        "running": told(row.running),
        "duplicates": row.duplicates or None,
        "resent": row.resent or None,
        "replayed": row.replayed or None,
        "reason": row.reason,
        "digest": row.digest,
        "differing": row.differing or None,
        "partial": row.partial or None,
        # Dead letters beyond these are not removed by a resend; replaying one finds its delivery made and does nothing.
        "letters": "\n".join(row.letters[:LETTERS]),
        "updated_at": row.updated_at,
    }
    entity = {name: value for name, value in entity.items() if value is not None and value != ""}
    return entity | _deliveries(row.deliveries)


def decode(entity: Mapping[str, Any]) -> Row:
    """Read an entity.

    Raises:
        CorruptRecord: It is no row of a version that this code knows.
    """
    if entity.get("v") != VERSION:
        msg = f"this journal row has version {str(entity.get('v'))[:20]}, known is {VERSION}"
        raise CorruptRecord(msg)
    try:
        known = {name: value for name, value in entity.items() if name in _FIELDS or name in _ABOUT}
        about = {name: known.pop(name) for name in _ABOUT if name in known} | {"key": entity["RowKey"]}
        letters = tuple(str(entity.get("letters", "")).split())
        running = errand_of(known.pop("running", ""))
        row = msgspec.convert(known | {"subject": about, "letters": letters}, Row)
        return msgspec.structs.replace(row, running=running, deliveries=_read(entity))
    except CorruptRecord:
        raise
    except Exception as error:  # a property may be of any type, and hold anything
        msg = f"this journal row cannot be read: {masked(str(error)) or type(error).__name__}"
        raise CorruptRecord(msg) from error


def _deliveries(entries: tuple[Entry, ...]) -> dict[str, Any]:
    text = written(entries).decode()
    if len(text.encode("utf-16-le")) <= 2 * PLAIN:
        return {"deliveries": text}
    brief = tuple(msgspec.structs.replace(entry, response="") for entry in entries)
    unfinished = tuple(entry for entry in brief if entry.state not in ("delivered", "decided"))
    for attempt in (entries, brief, unfinished):
        packed = zlib.compress(written(attempt))
        if len(packed) <= CHUNK * CHUNKS:
            return {
                f"deliveries_{start // CHUNK}": packed[start : start + CHUNK] for start in range(0, len(packed), CHUNK)
            }
    msg = f"{len(unfinished)} deliveries of one event are more than a journal row can hold"
    raise CorruptRecord(msg)


def _read(entity: Mapping[str, Any]) -> tuple[Entry, ...]:
    if "deliveries" in entity:
        return read(entity["deliveries"])
    parts = [entity[name] for name in (f"deliveries_{number}" for number in range(CHUNKS)) if name in entity]
    unfolding = zlib.decompressobj()
    unfolded = unfolding.decompress(b"".join(parts), UNFOLDED)
    if not unfolding.eof:
        msg = f"the deliveries of this journal row end too early, or unfold to more than {UNFOLDED} bytes"
        raise CorruptRecord(msg)
    return read(unfolded)


def _short(text: str) -> str:
    return text if len(text) <= TEXT else text[: TEXT - 1] + "…"


_ABOUT = ("organization", "time", "id", "type", "subject", "source", "legal_entity")
_FIELDS = frozenset(Row.__struct_fields__) - {"subject", "deliveries", "letters"}
