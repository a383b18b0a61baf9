"""Each process writes its counts once a minute; added up, nothing is lost, nothing twice, in few requests."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.errors import StorageRefused, StorageUnavailable
from integration.health import counts as of_counts
from integration.health.counts import Counts
from integration.health.sums import KEEP, Sums
from integration.health.totals import Span, Totals
from integration.storage.memory import MemoryStorage
from integration.storage.names import COUNTS
from integration.storage.tables import MOST_OPERATIONS
from integration.tally import First, Key
from tests.fake_clock import FakeClock

IN = Key("in", "contoso", "erp")
DELIVERED = Key("delivered", "contoso", "erp", "orders")
BURIED = Key("dead_lettered", "contoso", "erp", "orders", "TargetRejected")


def world(names="a"):
    clock = FakeClock()
    storage = MemoryStorage(clock)
    return clock, storage, [Counts(storage, clock, name, clock.sleep) for name in names], Sums(storage, clock)


def rows(storage):
    return [key for key in storage.table_now(COUNTS).rows if key[0] != "sources"]


def total(totals, what):
    return sum(totals.by(what, lambda _: "").values())


async def test_what_several_processes_count_is_written_within_a_minute_and_added_up():
    clock, storage, processes, sums = world("abc")
    for process in processes:
        process.tally(IN)
        process.tally(IN)
        process.tally(DELIVERED)
    assert total(await sums.read(), "in") == 0
    await clock.advance(61)
    totals = await sums.read()
    assert (total(totals, "in"), total(totals, "delivered")) == (6, 3)
    # One row a process, whatever it counted; and none while it counts nothing.
    assert len(rows(storage)) == 3
    await clock.advance(600)
    assert len(rows(storage)) == 3


async def test_what_is_counted_before_the_end_is_written_at_the_end():
    clock, _, (process,), sums = world()
    process.tally(IN)
    await process.aclose()
    assert total(await sums.read(), "in") == 1
    await clock.advance(120)
    assert total(await sums.read(), "in") == 1


class Away:
    """A table of which writes fail: before they are done, or after."""

    def __init__(self, table, failures) -> None:
        self._table = table
        self._failures = failures

    async def insert(self, entity):
        failure = self._failures.pop(0) if self._failures else None
        if failure == "refused":
            raise StorageRefused
        if failure == "away":
            raise StorageUnavailable
        done = await self._table.insert(entity)
        if failure == "lost answer":
            raise StorageUnavailable
        return done


@given(failures=st.lists(st.sampled_from(["away", "lost answer", None]), max_size=6))
async def test_an_account_that_is_away_loses_nothing_and_doubles_nothing(failures):
    clock, storage, (process,), sums = world()
    real = storage.table_now(COUNTS)
    away = Away(real, list(failures))

    async def table(_name, *, hasty=False):
        del hasty
        return away

    process._storage = type("S", (), {"table": staticmethod(table)})()
    for _ in range(3):
        process.tally(IN)
        await clock.advance(61)
    await clock.advance(61 * 8)
    assert total(await sums.read(), "in") == 3


async def test_counts_that_the_account_refuses_stop_none_that_come_later():
    clock, storage, (process,), sums = world()
    away = Away(storage.table_now(COUNTS), ["refused"])

    async def table(_name, *, hasty=False):
        del hasty
        return away

    process._storage = type("S", (), {"table": staticmethod(table)})()
    process.tally(IN)
    await clock.advance(61)
    process.tally(DELIVERED)
    await clock.advance(61)
    totals = await sums.read()
    assert (total(totals, "in"), total(totals, "delivered")) == (0, 1)


async def test_folding_keeps_every_number_and_leaves_a_row_for_five_minutes():
    clock, storage, processes, sums = world([f"p{n}" for n in range(MOST_OPERATIONS + 7)])
    for _ in range(3):
        for process in processes:
            process.tally(BURIED, First(at=clock.now(), type="Order", id="1"))
            process.tally(IN)
        await clock.advance(61)
    before = await sums.read()
    many = len(processes) * 3
    assert total(before, "dead_lettered") == many
    await clock.advance(60 * 10)
    await sums.fold()
    after = await sums.read()
    assert total(after, "dead_lettered") == total(after, "in") == many
    assert len(rows(storage)) == 1
    # What comes late for a time that is folded is folded in its turn.
    processes[0].tally(IN)
    await processes[0].flush()
    await clock.advance(60 * 10)
    await sums.fold()
    assert total(await sums.read(), "in") == many + 1
    assert [first.type for _, first in after.firsts("dead_lettered", "contoso")] == ["Order"] * 3


async def test_two_that_fold_at_once_count_nothing_twice():
    clock, _, processes, sums = world("ab")
    for process in processes:
        process.tally(IN)
    await clock.advance(61)
    await clock.advance(60 * 10)
    real = await sums._storage.table(COUNTS)
    batch, other = real.batch, Sums(sums._storage, clock)

    async def overtaken(partition, operations):
        real.batch = batch
        if partition != "sources":
            await other.fold()
        return await batch(partition, operations)

    await sums.fold()
    processes[0].tally(IN)
    await clock.advance(61)
    await clock.advance(60 * 10)
    real.batch = overtaken
    await sums.fold()
    assert total(await sums.read(), "in") == 3


async def test_a_row_that_cannot_be_read_counts_nothing_and_stops_nothing(caplog):
    clock, storage, (process,), sums = world()
    process.tally(IN)
    await clock.advance(61)
    table = storage.table_now(COUNTS)
    hour = f"{clock.now():%Y-%m-%dT%H}"
    await table.put({"PartitionKey": hour, "RowKey": "00-x-1", "counts0": b"rot"})
    await table.put({"PartitionKey": hour, "RowKey": "00-y-1"})
    await table.put({"PartitionKey": hour, "RowKey": "zz", "counts0": b"rot"})
    await clock.advance(60 * 10)
    await sums.fold()
    assert total(await sums.read(), "in") == 1
    assert "cannot be read" in caplog.text


async def test_a_source_is_known_since_its_latest_event_or_since_it_is_watched():
    clock, _, processes, sums = world("ab")
    began = clock.now()
    await sums.fold(watched=("erp", "quiet"))
    await clock.advance(300)
    processes[0].tally(IN)
    seen = clock.now()
    await clock.advance(61)
    await sums.fold(watched=("erp", "quiet"))
    # A row of another process that comes late says nothing older.
    await sums._sources.note({"erp": began}, (), clock.now())
    found = await sums.sources()
    assert (found["erp"].latest, found["quiet"].latest) == (seen, began)


async def test_a_thousand_organizations_fit_in_a_row():
    clock, _, (process,), sums = world()
    for number in range(1_000):
        for target in range(4):
            key = Key("dead_lettered", f"organization-{number}", f"source-{number}", f"target-{target}", "Unreachable")
            process.tally(key, First(at=clock.now(), type="x" * 200, id=f"{number}" * 40, message="m" * 300))
    await process.flush()
    assert total(await sums.read(), "dead_lettered") == 4_000


async def test_no_more_is_told_apart_than_fits(monkeypatch):
    monkeypatch.setattr(of_counts, "MOST_KEYS", 10)
    _, _, (process,), sums = world()
    for number in range(1_000):
        process.tally(Key("in", f"o{number}", "erp"))
    await process.flush()
    totals = await sums.read()
    assert total(totals, "in") == 1_000
    assert len(totals.spans[0].counts) == 11


async def test_a_day_is_read_by_hour_and_what_is_over_is_deleted():
    clock, storage, (process,), sums = world()
    for _ in range(30):
        process.tally(IN)
        await clock.advance(61)
        await clock.advance(3_600 - 61)
        await sums.fold()
    hours = (await sums.read(timedelta(hours=24))).hourly()
    assert 24 <= len(hours) <= 25
    assert {tuple(counts.items()) for counts in hours.values()} == {(("in", 1),)}
    assert await sums.retain() == 0
    await clock.advance(KEEP.total_seconds() - 10 * 3_600)
    assert await sums.retain() == 20
    assert "erp" in await sums.sources()
    assert len(rows(storage)) == 10


async def test_a_day_of_many_processes_is_read_in_few_requests_once_it_is_folded():
    clock, storage, processes, sums = world([f"p{n}" for n in range(20)])
    asked = []
    table = storage.table_now(COUNTS)
    page = table.page

    async def counted(where=(), **options):
        asked.append(where)
        return await page(where, **options)

    for _ in range(24 * 6):
        for process in processes:
            process.tally(IN)
        await clock.advance(61)
        await clock.advance(600 - 61)
        await sums.fold()
    table.page = counted
    totals = await sums.read()
    assert total(totals, "in") == 24 * 6 * 20
    assert len(asked) == 1


def test_error_rates_are_of_targets_that_were_asked():
    at = datetime(2026, 1, 1, tzinfo=UTC)
    counts = {
        DELIVERED: 6,
        Key("deferred", "contoso", "erp", "orders", "TargetUnavailable"): 2,
        Key("deferred", "contoso", "erp", "orders", "CircuitOpen"): 50,
        Key("deferred", "contoso", "erp", "orders", "Throttled"): 50,
        BURIED: 2,
        Key("dead_lettered", "contoso", "erp", "", "Unrouted"): 7,
        Key("deferred", "contoso", "erp", "crm", "CircuitOpen"): 1,
    }
    totals = Totals((Span(at, counts),))
    assert totals.error_rates() == {"orders": pytest.approx(0.4)}
    assert totals.by("dead_lettered", lambda key: key.reason) == {"Unrouted": 7, "TargetRejected": 2}
