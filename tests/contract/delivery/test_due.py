"""Retries that are due in more than ten minutes: rows, moved by one instance at a time."""

import asyncio
from datetime import timedelta

import pytest

from integration.delivery.queued.due import DueRows
from integration.delivery.queued.queue import SOON
from integration.storage import Storage
from integration.storage.names import DUE
from tests.fake_clock import FakeClock

MANY = 40


@pytest.fixture
async def storage(azurite):
    # Tables have fixed names, so every test gets an account of its own.
    opened = Storage({"AzureWebJobsStorage": azurite.spare_account()})
    yield opened
    await opened.close()


async def never(key, row):
    raise AssertionError(key)


async def test_rows_are_moved_once_by_whoever_holds_the_lease_and_only_when_they_are_due(storage):
    clock, due, queue = FakeClock(), DueRows(storage), storage.queue("moved")
    for number in range(MANY):
        for _ in range(2):  # keeping it twice leaves one
            await due.put(b"%d" % number, clock.now() + timedelta(hours=1, seconds=number))
    await due.put(b"tomorrow", clock.now() + timedelta(days=1))
    assert await due.move(queue, clock, SOON, never) == 0
    await clock.advance(3600)
    counts = await asyncio.gather(*(DueRows(storage).move(queue, clock, SOON, never) for _ in range(3)))
    assert sum(counts) == MANY
    assert await queue.depth() == MANY
    await clock.advance(86_400)
    assert await due.move(queue, clock, SOON, never) == 1


async def test_a_row_that_cannot_be_read_is_handed_over_and_the_others_go_on(storage):
    clock, due, queue = FakeClock(), DueRows(storage), storage.queue("moved")
    await due.put(b"good", clock.now())
    table = await storage.table(DUE)
    await table.insert({"PartitionKey": "2025010100", "RowKey": "20250101", "v": 1, "message": "text"})
    handed = []

    async def keep(key, row):
        handed.append((key, row))

    assert await due.move(queue, clock, SOON, keep) == 2
    assert [key for key, _ in handed] == ["20250101"]
    assert b"text" in handed[0][1]
    assert await queue.depth() == 1
    assert await due.move(queue, clock, SOON, never) == 0
