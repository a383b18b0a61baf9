"""The journal on Azurite, by the real client."""

import asyncio
import random
from datetime import UTC, datetime, timedelta

import pytest

from integration.errors import CorruptRecord
from integration.journal import Drop, Duplicate, Entry, Journal, Refuse, Run, Subject, Wait
from integration.journal.scope import ByRoute
from integration.journal.tables import table_of
from integration.storage.names import HEALTH
from tests.fake_clock import FakeClock

KEEP = timedelta(days=14)


@pytest.fixture
def clock():
    return FakeClock()


def open_journal(storage, clock, seed=1):
    return Journal(storage, clock, random.Random(seed), KEEP)


def a_subject(clock, number=0, *, timed=True):
    time = clock.now() - timedelta(minutes=1) if timed else None
    return Subject(organization="contoso", key=f"{number:064x}", time=time, id=str(number), type="T")


def delivered(route="orders", **changes):
    return Entry(
        slot=ByRoute(route), state="delivered", target="queue", attempt=1, status=200, response="ok", ms=12, **changes
    )


async def claimed(journal, subject, kind="source", **more):
    run = await journal.claim(subject, kind, accepted_at=datetime(2026, 1, 1, tzinfo=UTC), **more)
    assert isinstance(run, Run), run
    return run


async def test_an_event_that_is_delivered_at_once_costs_two_table_operations(storage, clock):
    journal = open_journal(storage, clock)
    subject = a_subject(clock)
    run = await claimed(journal, subject)
    assert await journal.end(run, (delivered(),))
    assert journal.operations == 2
    row = await journal.find(subject)
    assert row is not None
    assert (row.state, row.generation, row.lease_until) == ("done", 1, None)
    assert row.deliveries == (delivered(at=clock.now()),)
    assert row.accepted_at == datetime(2026, 1, 1, tzinfo=UTC)


async def test_an_event_without_a_time_costs_a_read_of_this_week_and_of_the_last_more(storage, clock):
    journal = open_journal(storage, clock)
    run = await claimed(journal, a_subject(clock, timed=False))
    await journal.end(run, (delivered(),))
    assert journal.operations <= 3


async def test_an_event_without_a_time_is_found_a_week_later(storage, clock):
    journal = open_journal(storage, clock)
    subject = a_subject(clock, timed=False)
    await journal.end(await claimed(journal, subject), (delivered(),))
    await clock.advance(timedelta(days=7).total_seconds())
    assert await journal.claim(subject, "source", accepted_at=clock.now()) == Duplicate()


async def test_the_configured_lease_says_when_another_run_takes_over(storage, clock):
    journal = Journal(storage, clock, random.Random(1), KEEP, timedelta(seconds=4))
    subject = a_subject(clock)
    await claimed(journal, subject)
    await clock.advance(3.9)
    assert isinstance(await journal.claim(subject, "source", accepted_at=clock.now()), Wait)
    await clock.advance(0.2)
    assert (await claimed(journal, subject)).decision.why == "takeover"


async def test_a_duplicate_is_counted_on_its_row(storage, clock):
    journal = open_journal(storage, clock)
    subject = a_subject(clock)
    await journal.end(await claimed(journal, subject), (delivered(),))
    for _ in range(3):
        assert await journal.claim(subject, "source", accepted_at=clock.now()) == Duplicate()
    row = await journal.find(subject)
    assert row is not None
    assert (row.duplicates, journal.duplicates, row.state) == (3, 3, "done")


async def test_of_many_at_once_one_claims_and_the_others_come_again_past_the_lease(storage, clock):
    subject = a_subject(clock)
    journals = [open_journal(storage, clock, seed) for seed in range(8)]
    answers = await asyncio.gather(*(journal.claim(subject, "source", accepted_at=clock.now()) for journal in journals))
    assert sum(isinstance(answer, Run) for answer in answers) == 1
    assert {type(answer) for answer in answers} == {Run, Wait}


async def test_a_dead_run_is_taken_over_by_one_when_its_lease_is_over(storage, clock):
    subject = a_subject(clock)
    dead = await claimed(open_journal(storage, clock), subject)
    await clock.advance(151)
    journals = [open_journal(storage, clock, seed) for seed in range(2, 8)]
    answers = await asyncio.gather(*(journal.claim(subject, "source", accepted_at=clock.now()) for journal in journals))
    (run,) = [answer for answer in answers if isinstance(answer, Run)]
    assert (run.decision.why, run.decision.generation) == ("takeover", 2)
    assert not await journals[0].end(dead, (delivered(),))
    assert await journals[0].end(run, (delivered(),))


async def test_a_run_that_fails_says_what_it_has_done_and_lets_go(storage, clock):
    journal = open_journal(storage, clock)
    subject = a_subject(clock)
    await journal.end(await claimed(journal, subject), (delivered("first"),), complete=False)
    run = await claimed(journal, subject)
    assert run.decision.settled == {ByRoute("first")}


async def test_a_claim_whose_answer_was_lost_knows_its_own_row_again(storage, clock):
    journal = open_journal(storage, clock)
    subject = a_subject(clock)
    first = await claimed(journal, subject, owner="mine")
    again = await claimed(journal, subject, owner="mine")
    assert again.row == first.row
    assert again.decision.whole
    assert await journal.end(again, (delivered(),))


async def test_an_end_whose_answer_was_lost_is_an_end(storage, clock):
    journal = open_journal(storage, clock)
    run = await claimed(journal, a_subject(clock))
    assert await journal.end(run, (delivered(),))
    assert await journal.end(run, (delivered(),))


async def test_a_chain_of_retries_drops_what_is_not_its_present_link(storage, clock):
    journal = open_journal(storage, clock)
    subject = a_subject(clock)
    deferred = Entry(slot=ByRoute("orders"), state="deferred", attempt=1, code="TargetUnavailable")
    first = await claimed(journal, subject)
    await journal.end(first, (deferred,))
    second = await claimed(journal, subject, "continuation", generation=first.row.generation, scope=ByRoute("orders"))
    await journal.end(second, (deferred,))
    old = await journal.claim(subject, "continuation", accepted_at=clock.now(), generation=1, scope=ByRoute("orders"))
    assert old == Drop()
    third = await claimed(journal, subject, "continuation", generation=second.row.generation, scope=ByRoute("orders"))
    assert isinstance(await journal.claim(subject, "replay", accepted_at=clock.now(), scope=ByRoute("orders")), Refuse)
    await journal.end(third, (delivered(),))
    row = await journal.find(subject)
    assert row is not None
    assert row.state == "done"


async def test_a_corrupt_row_is_handed_over_before_it_is_claimed_anew(storage, clock):
    journal = open_journal(storage, clock)
    subject = a_subject(clock)
    table = await storage.table(table_of(clock.now()))
    await table.insert({"PartitionKey": "contoso", "RowKey": subject.key, "v": 1, "state": "nonsense"})
    with pytest.raises(CorruptRecord):
        await journal.find(subject)
    salvaged = []

    async def salvage(about, row, accepted_at):
        assert (await table.get("contoso", subject.key)).entity["state"] == "nonsense"  # not overwritten yet
        salvaged.append((about, row, accepted_at))

    run = await claimed(journal, subject, salvage=salvage)
    [(about, was, accepted_at)] = salvaged
    assert (about, accepted_at) == (subject, subject.time)
    assert "nonsense" in was
    assert await journal.end(run, (delivered(),))
    row = await journal.find(subject)
    assert row is not None
    assert row.state == "done"


@pytest.mark.parametrize("accepted_at", [datetime(2026, 1, 2, 3, 4, 5, 678, UTC), None, "yesterday"])
async def test_all_that_come_upon_one_corrupt_row_hand_over_the_same(storage, clock, accepted_at):
    journal = open_journal(storage, clock)
    subject = a_subject(clock)
    table = await storage.table(table_of(clock.now()))
    damaged = {"PartitionKey": "contoso", "RowKey": subject.key, "v": 9, "state": "done"}
    await table.insert(damaged | ({"accepted_at": accepted_at} if accepted_at else {}))
    salvaged = []

    async def salvage(about, row, at):
        salvaged.append((about, row, at))
        if len(salvaged) == 1:  # another message of this event, accepted later, is at the same row
            await clock.advance(1)
            await journal.claim(subject, "source", accepted_at=clock.now(), salvage=salvage)

    await journal.claim(subject, "source", accepted_at=clock.now(), salvage=salvage)
    first, second = salvaged
    assert first == second
    if isinstance(accepted_at, datetime):
        assert first[2] == accepted_at


async def test_a_table_that_somebody_deletes_is_made_again(storage, clock):
    journal = open_journal(storage, clock)
    await claimed(journal, a_subject(clock, 1))
    await storage.drop_table(table_of(clock.now()))
    await clock.advance(60)  # Azure makes none of this name for a while
    await claimed(journal, a_subject(clock, 2))
    assert await journal.find(a_subject(clock, 1)) is None
    assert await journal.find(a_subject(clock, 2)) is not None


async def test_retention_drops_whole_tables_and_nothing_else(storage, clock, azurite):
    journal = open_journal(storage, clock)
    for days in range(0, 50, 7):
        await claimed(journal, a_subject(clock, days))
        await clock.advance(timedelta(days=7).total_seconds())
    health = await storage.table(HEALTH)
    await health.put({"PartitionKey": "p", "RowKey": "r"})
    before = [name async for name in journal.tables()]
    assert len(before) == 8 + 1  # and the one without a week
    dropped = await journal.retain()
    assert dropped == before[: len(dropped)]
    assert [name async for name in journal.tables()] == before[-4:]
    assert await health.get("p", "r") is not None


async def test_a_row_with_a_thousand_deliveries_is_stored(storage, clock):
    journal = open_journal(storage, clock)
    subject = a_subject(clock)
    run = await claimed(journal, subject)
    entries = tuple(delivered(f"route-{number:04}") for number in range(1000))
    assert await journal.end(run, entries)
    row = await journal.find(subject)
    assert row is not None
    assert len(row.deliveries) == 1000


async def test_a_message_without_anything_to_do_is_noted_where_the_first_time_came_to_no_end(storage, clock):
    journal = open_journal(storage, clock)
    subject = a_subject(clock, timed=False)
    dies = await claimed(journal, subject)
    await open_journal(storage, clock, seed=2).note(subject, accepted_at=clock.now(), reason="test_message")
    row = await journal.find(subject)
    assert row is not None
    assert (row.state, row.reason, row.lease_until) == ("done", "test_message", None)
    assert await journal.end(dies, (), reason="test_message")  # it was only slow


async def test_a_message_without_anything_to_do_has_a_row(storage, clock):
    journal = open_journal(storage, clock)
    subject = a_subject(clock, timed=False)
    for _ in range(2):
        await journal.note(subject, accepted_at=clock.now(), reason="test_message")
    row = await journal.find(subject)
    assert row is not None
    assert (row.state, row.reason, row.duplicates) == ("done", "test_message", 1)
