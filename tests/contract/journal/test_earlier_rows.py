"""Rows that were written when an organization had sixteen partitions are found, and go on where they are."""

import asyncio
import random
from datetime import timedelta

import pytest

from integration.clock import SystemClock
from integration.journal import Duplicate, Entry, Journal, Listing, Run, Subject, Wanted
from integration.journal.entity import encode
from integration.journal.record import Row
from integration.journal.scope import ByRoute
from integration.journal.tables import before, table_of
from tests.fake_clock import FakeClock

KEEP = timedelta(days=14)
DONE = (Entry(slot=ByRoute("orders"), state="delivered"),)


@pytest.fixture
def clock():
    return FakeClock()


def a_subject(clock, number, *, timed=True):
    time = clock.now() - timedelta(minutes=1) if timed else None
    return Subject(organization="contoso", key=f"{number:x}" * 64, time=time, id=str(number), type="T")


async def written_before(storage, clock, subject, *, state="done", weeks=0):
    """Write a row as fno-link wrote it before groups."""
    name = before(table_of(clock.now() - timedelta(weeks=weeks)))
    row = Row(subject=subject, state=state, generation=1, accepted_at=clock.now(), deliveries=DONE)
    entity = encode(row, name)
    assert entity["PartitionKey"] == f"contoso-{subject.key[0]}"
    await (await storage.table(name)).insert(entity)
    return name


def a_journal(storage, clock):
    return Journal(storage, clock, random.Random(1), KEEP)


@pytest.mark.parametrize(("timed", "weeks"), [(True, 0), (False, 0), (False, 1)])
async def test_an_event_that_was_claimed_before_the_update_stays_a_duplicate(storage, clock, timed, weeks):
    subject = a_subject(clock, 7, timed=timed)
    name = await written_before(storage, clock, subject, weeks=weeks)
    journal = a_journal(storage, clock)
    assert await journal.claim(subject, "source", accepted_at=clock.now()) == Duplicate()
    row = await journal.find(subject)
    assert (row.duplicates, row.generation) == (1, 1)
    found = await Listing(storage, clock).get("contoso", subject.key)
    assert (found.table, found.row.duplicates, found.organization) == (name, 1, "contoso")


async def test_what_was_begun_before_the_update_goes_on_in_its_own_row(storage, clock):
    subject = a_subject(clock, 10)
    name = await written_before(storage, clock, subject, state="unrouted")
    journal = a_journal(storage, clock)
    run = await journal.claim(subject, "source", accepted_at=clock.now())
    assert isinstance(run, Run)
    assert (run.table, run.row.generation) == (name, 2)
    assert await journal.end(run, DONE)
    listed, _ = await Listing(storage, clock).page(Wanted(organization="contoso"), 10)
    assert [(each.table, each.row.state) for each in listed] == [(name, "done")]


async def test_an_event_that_nobody_has_seen_costs_one_look_more_until_the_old_tables_are_dropped(storage, clock):
    await written_before(storage, clock, a_subject(clock, 1))
    journal = a_journal(storage, clock)
    for number, operations in ((2, 3), (3, 6)):
        run = await journal.claim(a_subject(clock, number), "source", accepted_at=clock.now())
        assert run.table == table_of(clock.now())
        await journal.end(run, DONE)
        assert journal.operations == operations


async def test_of_those_that_come_together_the_ones_of_before_are_duplicates_and_the_others_go_in_one_request(storage):
    clock = SystemClock()
    await written_before(storage, clock, a_subject(clock, 1))
    journal = a_journal(storage, clock)
    subjects = [a_subject(clock, number) for number in range(16)]
    answers = await asyncio.gather(*(journal.claim(each, "source", accepted_at=clock.now()) for each in subjects))
    assert [number for number, answer in enumerate(answers) if answer == Duplicate()] == [1]
    assert sum(isinstance(answer, Run) for answer in answers) == 15
    before_ends = journal.operations
    ended = await asyncio.gather(*(journal.end(each, DONE) for each in answers if isinstance(each, Run)))
    assert all(ended)
    assert journal.operations - before_ends == 1
