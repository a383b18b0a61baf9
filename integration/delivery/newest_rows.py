"""What the instances tell one another of the newest business event delivered: a row a kind, which only rises."""

import hashlib
from datetime import datetime
from typing import Any

import msgspec

from integration.errors import StorageUnavailable
from integration.loggers import logger
from integration.storage import Storage
from integration.storage.failures import storage_failures

TABLE = "fnolinknewest"
VERSION = 1
_ROUNDS = 8
_TEXT = 1_024

log = logger("delivery")

type Kind = tuple[str, str, str]
"""Organization, legal entity, type."""


class Seen(msgspec.Struct, frozen=True):
    """A row as it was read or written.

    Args:
        number: The highest ControlNumber delivered; -1: there is none.
        etag: The row's version; empty: there is no row.
    """

    number: int = -1
    etag: str = ""


class NewestRows:
    """The rows of every kind.

    Args:
        storage: The worker's storage account.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.operations = 0
        """Table operations so far, retries of the SDK not counted."""

    async def read(self, kind: Kind) -> Seen:
        """Read the row of a kind; one that cannot be read counts as none and is written over.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415  # imported at first use: import budget

        table: Any = await self._storage.table(TABLE)
        self.operations += 1
        with storage_failures("reading the newest event"):
            try:
                entity: Any = await table.get_entity(kind[0], _row_key(kind))
            except ResourceNotFoundError:
                return Seen()
        etag, text = str(entity.metadata["etag"]), entity.get("number")
        if entity.get("v") != VERSION or not (isinstance(text, str) and text.isascii() and text.isdigit()):
            log.error("the row %s of %s cannot be read and is written anew", entity["RowKey"], TABLE)
            return Seen(-1, etag)
        return Seen(int(text), etag)

    async def lift(self, kind: Kind, number: int, etag: str, at: datetime) -> Seen:
        """Let the row of a kind say at least this number; returns what it says now.

        Args:
            kind: Which.
            number: The highest that was delivered here.
            etag: The version that was seen last; empty: none was there. One operation, if it still is the present one.
            at: The time.

        Raises:
            StorageUnavailable: It is not known to be written.
        """
        for _ in range(_ROUNDS):
            written = await self._write(kind, number, etag, at)
            if written:
                return Seen(number, written)
            seen = await self.read(kind)
            if seen.number >= number:
                return seen
            etag = seen.etag
        msg = f"the row of {kind[2]} in {TABLE} is written by too many at once"
        raise StorageUnavailable(msg)

    async def _write(self, kind: Kind, number: int, etag: str, at: datetime) -> str:
        from azure.core import MatchConditions  # noqa: PLC0415  # imported at first use: import budget
        from azure.core.exceptions import (  # noqa: PLC0415  # imported at first use: import budget
            ResourceExistsError,
            ResourceModifiedError,
            ResourceNotFoundError,
        )
        from azure.data.tables import UpdateMode  # noqa: PLC0415  # imported at first use: import budget

        organization, entity, type_ = kind
        row = {
            "PartitionKey": organization,
            "RowKey": _row_key(kind),
            "v": VERSION,
            "legal_entity": entity[:_TEXT],
            "type": type_[:_TEXT],
            "number": str(number),
            "updated_at": at,
        }
        table: Any = await self._storage.table(TABLE)
        self.operations += 1
        with storage_failures("writing the newest event"):
            try:
                if not etag:
                    return str((await table.create_entity(row))["etag"])
                answer = await table.update_entity(
                    row, mode=UpdateMode.REPLACE, etag=etag, match_condition=MatchConditions.IfNotModified
                )
                return str(answer["etag"])
            except (ResourceExistsError, ResourceModifiedError, ResourceNotFoundError):
                return ""


def _row_key(kind: Kind) -> str:
    return hashlib.sha256("\x00".join(kind).encode()).hexdigest()
