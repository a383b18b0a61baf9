"""What is over of the events without a time of their own: their table has no week to be dropped with."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from itertools import batched, groupby

from integration.clock import Clock
from integration.journal.tables import PAST_EVENTS, UNTIMED, WEEK
from integration.loggers import logger
from integration.storage import Storage, StoredRow, Where
from integration.storage.tables import MOST_OPERATIONS, Remove, Table

log = logger("journal")

RUN_SECONDS = 60.0

type Forget = Callable[[Sequence[tuple[str, str, str]]], Awaitable[object]]
"""Deletes what else is kept of events, each by table, organization and key."""


async def retain(storage: Storage, clock: Clock, keep: timedelta, forget: Forget | None) -> int:
    """Remove the rows that nobody has written for as long as rows are kept, and a week; returns how many.

    Args:
        storage: The worker's storage account.
        clock: The time.
        keep: How long rows are kept.
        forget: Deletes what else is kept of an event, before its row goes; None: there is nothing.

    Raises:
        StorageUnavailable: The account did not answer; what is left is removed the next time.
    """
    table = await storage.table(UNTIMED)
    over = Where("updated_at", "lt", clock.now() - keep - WEEK)
    started, removed, after = clock.monotonic(), 0, None
    while clock.monotonic() - started < RUN_SECONDS:
        page = await table.page([Where("RowKey", "lt", PAST_EVENTS), over], after=after)
        for organization, rows in groupby(page.rows, lambda row: row.partition):
            for some in batched(rows, MOST_OPERATIONS, strict=False):
                removed += await _remove(table, organization, some, forget)
        after = page.following
        if after is None:
            break
    if removed:
        log.info("%d events without a time of their own are over and removed", removed)
    return removed


async def _remove(table: Table, organization: str, rows: Sequence[StoredRow], forget: Forget | None) -> int:
    if forget is not None:
        await forget([(UNTIMED, organization, row.key) for row in rows])
    if isinstance(await table.batch(organization, [Remove(row.key, row.etag) for row in rows]), list):
        return len(rows)
    # One of them has been written since: that one stays.
    return sum([await table.remove(organization, row.key, row.etag) for row in rows])
