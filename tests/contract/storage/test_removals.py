"""Rows of a partition are removed in transactions: one set of assertions for a storage account and its twin."""

import pytest

from integration.storage.memory import MemoryStorage
from integration.storage.removals import remove_all
from integration.storage.tables import MOST_OPERATIONS, Put, Remove
from tests.contract.storage.accounts import a_name


@pytest.fixture
async def table(storage):
    return await storage.table(a_name())


async def filled(table, count):
    rows = [{"PartitionKey": "p", "RowKey": f"r{number:03}"} for number in range(count)]
    for start in range(0, count, MOST_OPERATIONS):
        await table.batch("p", [Put(each) for each in rows[start : start + MOST_OPERATIONS]])
    return [Remove(each.key, each.etag) async for each in table.select()]


async def left(table):
    return [each.key async for each in table.select()]


async def test_many_rows_are_removed_a_hundred_in_a_request(table, storage):
    rows = await filled(table, 2 * MOST_OPERATIONS + 1)
    assert await remove_all(table, "p", rows) == len(rows)
    assert await left(table) == []
    assert await remove_all(table, "p", []) == 0
    if isinstance(storage, MemoryStorage):
        assert storage.account.requests["batch"] == 2 * 3 - 1 + 0  # three that wrote, two that removed
        assert storage.account.requests["remove"] == 1


async def test_what_was_written_since_stays_and_what_is_gone_counts(table):
    rows = await filled(table, 20)
    for number in (0, 7, 8, 19):
        await table.put({"PartitionKey": "p", "RowKey": f"r{number:03}", "news": "since"})
    await table.remove("p", "r003")
    assert await remove_all(table, "p", rows) == 16
    assert await left(table) == ["r000", "r007", "r008", "r019"]


async def test_rows_that_have_all_changed_all_stay(table):
    rows = await filled(table, 9)
    await filled(table, 9)
    assert await remove_all(table, "p", rows) == 0
    assert len(await left(table)) == 9


async def test_a_table_that_is_missing_has_nothing_to_be_removed(table):
    assert await remove_all(table, "p", [Remove("a", 'W/"1"'), Remove("b", 'W/"1"'), Remove("c")]) == 3
