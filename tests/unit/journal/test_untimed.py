"""Events without a time of their own: found by one insert whenever they come, removed when they are over."""

import random
from datetime import timedelta

import pytest

from integration.journal import Duplicate, Journal, Run, Subject
from integration.journal.tables import PAST_EVENTS, UNTIMED, table_of
from integration.storage.memory import MemoryStorage
from tests.fake_clock import FakeClock

KEEP = timedelta(days=14)
WEEK = timedelta(weeks=1)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def storage(clock):
    return MemoryStorage(clock)


def a_journal(storage, clock):
    return Journal(storage, clock, random.Random(1), KEEP)


def subject(number, time=None, organization="contoso"):
    return Subject(organization=organization, key=f"{number:064x}", time=time)


async def done(journal, about):
    run = await journal.claim(about, "source", accepted_at=about.time or FakeClock().now())
    if isinstance(run, Run):
        await journal.end(run, ())
    return run


async def keys(storage):
    table = await storage.table(UNTIMED)
    return [int(row.key, 16) async for row in table.select() if row.key < PAST_EVENTS]


async def test_a_duplicate_is_found_for_as_long_as_rows_are_kept_in_whichever_week_it_comes(storage, clock):
    await done(a_journal(storage, clock), subject(1))
    for _ in range(3):
        await clock.advance(WEEK.total_seconds())
        journal = a_journal(storage, clock)
        assert isinstance(await done(journal, subject(1)), Duplicate)
        assert journal.operations == 3
        await journal.retain()
    await clock.advance((KEEP + WEEK).total_seconds() + 1)
    await a_journal(storage, clock).retain()
    assert await keys(storage) == []
    assert isinstance(await done(a_journal(storage, clock), subject(1)), Run)


async def test_a_row_of_before_the_update_stays_a_duplicate_and_costs_no_look_once_it_cannot_be_there(storage, clock):
    """Until November 2026 such an event lay in the table of the week it came in."""
    about = subject(1, time=clock.now())
    await done(a_journal(storage, clock), about)
    row = await (await storage.table(table_of(clock.now()))).get("contoso", about.key)
    assert row is not None
    for name in (UNTIMED, table_of(clock.now())):
        storage.table_now(name).rows.clear()
        storage.table_now(name).exists = False
    before = await storage.table(table_of(clock.now()))
    await before.insert({name: value for name, value in row.entity.items() if name != "time"})

    for number, operations in ((2, 4), (3, 3), (4, 2)):  # this week and the last, the last, neither
        journal = a_journal(storage, clock)
        await done(journal, subject(0xABC))  # opens the tables
        opened = journal.operations
        if operations > 2:
            assert isinstance(await done(journal, subject(1)), Duplicate)
            opened = journal.operations
        assert isinstance(await done(journal, subject(number)), Run)
        assert journal.operations - opened == operations
        await clock.advance(WEEK.total_seconds())


async def test_a_new_account_has_nothing_of_before_though_newest_numbers_were_read_first(storage, clock):
    week = await storage.table(table_of(clock.now()))
    await week.insert({"PartitionKey": "contoso", "RowKey": f"{PAST_EVENTS}newest-erp"})
    journal = a_journal(storage, clock)
    await done(journal, subject(1))
    before = journal.operations
    await done(journal, subject(2))
    assert journal.operations - before == 2


async def test_what_is_over_is_removed_with_its_payload_and_what_was_written_since_stays(storage, clock):
    journal, forgotten = a_journal(storage, clock), []
    for number in range(120):
        await done(journal, subject(number))
        await done(journal, subject(number, organization="fabrikam"))
    await clock.advance((KEEP + WEEK).total_seconds() + 1)
    await done(journal, subject(7))  # counts a duplicate

    async def forget(places):
        forgotten.extend((table, organization, int(key, 16)) for table, organization, key in places)

    await journal.retain(forget)
    assert await keys(storage) == [7]
    assert sorted(forgotten) == sorted(
        (UNTIMED, organization, number)
        for organization in ("contoso", "fabrikam")
        for number in range(120)
        if (organization, number) != ("contoso", 7)
    )


async def test_a_row_that_is_written_while_it_is_removed_stays(storage, clock):
    journal = a_journal(storage, clock)
    for number in range(3):
        await done(journal, subject(number))
    await clock.advance((KEEP + WEEK).total_seconds() + 1)

    async def forget(_places):
        await done(journal, subject(1))

    await journal.retain(forget)
    assert await keys(storage) == [1]
