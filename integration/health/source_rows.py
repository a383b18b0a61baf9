"""When each source had its latest event: a row a source, which only the round writes."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from integration.health.totals import Seen
from integration.storage import Storage, StoredRow, Where
from integration.storage.names import COUNTS
from integration.storage.tables import MOST_OPERATIONS, Put

PARTITION = "sources"
"""Sorts behind all partitions of counts, which are times."""


def seen_of(rows: Iterable[StoredRow]) -> dict[str, Seen]:
    """Read rows; those of counts among them are passed over."""
    found: dict[str, Seen] = {}
    for row in rows:
        begun, at = row.entity.get("begun"), row.entity.get("at")
        if row.partition == PARTITION and isinstance(begun, datetime):
            found[str(row.entity.get("name"))] = Seen(begun, at if isinstance(at, datetime) else None)
    return found


class SourceRows:
    """The rows.

    Args:
        storage: The worker's storage account.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def read(self) -> Mapping[str, Seen]:
        """Read what is known of each source, by its name.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        table = await self._storage.table(COUNTS)
        return seen_of([row async for row in table.select([Where("PartitionKey", "eq", PARTITION)])])

    async def note(self, seen: Mapping[str, datetime], watched: Collection[str], now: datetime) -> None:
        """Write what is new: later events than are known, and sources that are not known yet.

        Args:
            seen: When sources had events.
            watched: Those that want a row, whether they had any or not.
            now: The time.

        Raises:
            StorageUnavailable: It is not known to be written; the same call does it again.
        """
        if not seen and not watched:
            return
        known = await self.read()
        rows: list[Put] = []
        for name in sorted({*seen, *watched}):
            before, at = known.get(name), seen.get(name)
            later = at is not None and (before is None or before.at is None or at > before.at)
            if before is not None and not later:
                continue
            begun = before.begun if before is not None else now
            key = hashlib.sha256(name.encode()).hexdigest()
            rows.append(Put({"PartitionKey": PARTITION, "RowKey": key, "name": name, "begun": begun, "at": at}))
        table = await self._storage.table(COUNTS)
        for begin in range(0, len(rows), MOST_OPERATIONS):
            await table.batch(PARTITION, rows[begin : begin + MOST_OPERATIONS])
