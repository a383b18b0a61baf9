"""Removing many rows of a partition: as transactions, and what one of them does not decide in smaller ones."""

from collections.abc import Sequence

from integration.errors import StorageRefused
from integration.storage.tables import MOST_OPERATIONS, Remove, Table, Unmet


async def remove_all(table: Table, partition: str, rows: Sequence[Remove]) -> int:
    """Remove rows, a hundred in a request, but for those that have been written since they were read.

    Args:
        table: Where they are.
        partition: Of them all.
        rows: Each once, with the version that was read.

    Returns:
        How many are removed; one that is gone already counts, as with `Table.remove`.

    Raises:
        StorageUnavailable: Some may still be there.
    """
    removed = 0
    for start in range(0, len(rows), MOST_OPERATIONS):
        removed += await _lot(table, partition, rows[start : start + MOST_OPERATIONS])
    return removed


async def _lot(table: Table, partition: str, rows: Sequence[Remove]) -> int:
    if not rows:
        return 0
    if len(rows) == 1:
        return await table.remove(partition, rows[0].key, rows[0].etag)
    try:
        answer = await table.batch(partition, rows)
    except StorageRefused:
        answer = Unmet()  # one of them is what the account refuses by itself: the others must not suffer for it
    if not isinstance(answer, Unmet):
        return len(rows)
    # Nothing was removed. Whom the account names is decided alone; the rest goes in two halves, so that many that have
    # changed do not come one after the other.
    alone = rows[answer.index : answer.index + 1] if answer.index is not None else ()
    rest = [each for each in rows if each not in alone]
    half = len(rest) // 2
    removed = 0
    for part in (alone, rest[:half], rest[half:]):
        removed += await _lot(table, partition, part)
    return removed
