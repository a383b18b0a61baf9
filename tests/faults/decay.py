"""One byte of a blob or of a table's row is changed, to one that no record can hold there."""

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.data.tables import TableServiceClient, UpdateMode
from azure.storage.blob import ContainerClient

NEVER = b"\xff"
"""In no text."""
NEVER_TEXT = "\x01"
"""In no JSON, no state and no number; a table takes text only."""
FURTHER = 7
"""Versions that no release has had."""


class Changed(msgspec.Struct, frozen=True):
    """A record that was changed.

    Args:
        name: Its path, or its row's key.
        before: What it was.
        after: What was left; of a row its changed property.
        part: The property.
    """

    name: str
    before: Any
    after: Any
    part: str = ""


def changed(record: bytes, rng: random.Random) -> bytes:
    """Change one byte of a record."""
    at = rng.randrange(len(record))
    return record[:at] + NEVER + record[at + 1 :]


def altered(value: object, rng: random.Random) -> object:
    """Change one character of a property, one bit of a binary one, or a version."""
    if isinstance(value, bytes):
        at = rng.randrange(len(value))
        return value[:at] + bytes([value[at] ^ (1 << rng.randrange(8))]) + value[at + 1 :]
    if isinstance(value, str):
        at = rng.randrange(len(value))
        return value[:at] + NEVER_TEXT + value[at + 1 :]
    return FURTHER


def blob(
    connection: str, container: str, prefix: str, rng: random.Random, fits: Callable[[str, bytes], bool]
) -> Iterator[Changed]:
    """Change one blob, drawn among those that fit; yield it before it is written, and be told whether to keep it.

    Args:
        connection: Of the account.
        container: Where.
        prefix: Of its path.
        rng: Draws.
        fits: Tells whether a blob may be changed.
    """
    with ContainerClient.from_connection_string(connection, container) as client:
        try:
            paths = [name for name in client.list_blob_names(name_starts_with=prefix) if "leases/" not in name]
        except ResourceNotFoundError:
            return  # nothing was ever kept there
        for path in rng.sample(paths, len(paths)):
            try:
                found = client.download_blob(path)
                before = found.readall()
            except HttpResponseError:
                continue  # it was removed meanwhile, or is empty
            if not before or not fits(path, before):
                continue
            after = changed(before, rng)
            yield Changed(path, before, after)
            client.upload_blob(
                path,
                after,
                overwrite=True,
                metadata=found.properties.metadata,
                etag=found.properties.etag,
                match_condition=MatchConditions.IfNotModified,
            )
            return


def row(
    connection: str, table: str, parts: tuple[str, ...], rng: random.Random, fits: Callable[[Mapping[str, Any]], bool]
) -> Iterator[Changed]:
    """Change one property of one row of the tables whose names begin so; as `blob`.

    Args:
        connection: Of the account.
        table: How their names begin.
        parts: The properties, one of which is drawn.
        rng: Draws.
        fits: Tells whether a row may be changed.
    """
    with TableServiceClient.from_connection_string(connection) as service:
        names = sorted(each.name for each in service.list_tables() if each.name.startswith(table))
        rows = [(name, each) for name in names for each in service.get_table_client(name).list_entities()]
        for name, each in rng.sample(rows, len(rows)):
            there = [part for part in parts if each.get(part)]
            if not there or not fits(each):
                continue
            part = rng.choice(there)
            after = altered(each[part], rng)
            yield Changed(each["RowKey"], dict(each), after, part)
            service.get_table_client(name).update_entity(
                {"PartitionKey": each["PartitionKey"], "RowKey": each["RowKey"], part: after},
                mode=UpdateMode.MERGE,
                etag=each.metadata["etag"],
                match_condition=MatchConditions.IfNotModified,
            )
            return
