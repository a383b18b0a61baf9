"""The newest business event delivered, shared by instances and kept over restarts."""

import asyncio
from datetime import timedelta

import pytest

from integration.delivery.screening.newest import JUMP, OUT_OF_ORDER, REREAD_AFTER_SECONDS, WRITE_BEHIND_SECONDS, Newest
from integration.delivery.screening.newest_row import FIRST, Seen, WantedKinds, step_of
from integration.delivery.screening.newest_rows import NewestRows
from integration.errors import StorageUnavailable
from integration.events.event import Event
from integration.journal.tables import table_of
from integration.storage.memory import MemoryStorage
from integration.storage.names import NEWEST
from tests.fake_clock import FakeClock, settle

KIND = ("contoso", "erp", "usmf", "T")
WEEK = table_of(FakeClock().now())
OPENING = 5
"""Operations that a week's first reading of an organization takes: looked at, carried over, looked at again."""


@pytest.fixture
def storage(clock):
    return MemoryStorage(clock)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
async def instances(storage, clock):
    """Open as many instances as the test wants; close what it has left open."""
    opened: list[Newest] = []

    def open_one() -> Newest:
        newest = Newest(NewestRows(storage), clock)
        opened.append(newest)
        return newest

    yield open_one
    for each in opened:
        await each.aclose()


def an_event(number, *, entity="usmf", type_="T"):
    return Event(
        id="1",
        source="s",
        type=type_,
        organization="contoso",
        group="erp",
        shape="business_event",
        time=FakeClock().now(),
        extensions={"legalentity": entity, "controlnumber": str(number)},
    )


async def marked(newest, number, **kind) -> bool:
    return OUT_OF_ORDER in (await newest.mark(an_event(number, **kind))).extensions


async def test_what_was_delivered_is_known_after_a_restart(instances):
    first = instances()
    first.delivered(an_event(9))
    await first.aclose()
    second = instances()
    assert await marked(second, 8)
    assert not await marked(second, 9)
    assert not await marked(second, 8, entity="demf")
    assert not await marked(second, 8, type_="U")


async def test_it_is_written_behind_without_anybody_asking(instances, storage, clock):
    first = instances()
    await marked(first, 9)
    first.delivered(an_event(9))
    await settle()
    assert (await NewestRows(storage).read(KIND, WEEK)).number == -1
    await clock.advance(WRITE_BEHIND_SECONDS)
    await first._writes.join("behind", first.flush)  # the round that is under way
    assert (await NewestRows(storage).read(KIND, WEEK)).number == 9
    assert await marked(instances(), 8)


async def test_another_instance_learns_of_it_once_what_it_has_read_is_old(instances, clock):
    first, second = instances(), instances()
    assert not await marked(second, 1)
    first.delivered(an_event(9))
    await first.flush()
    assert not await marked(second, 8)
    await clock.advance(REREAD_AFTER_SECONDS + 1)
    assert await marked(second, 8)


async def test_the_row_never_falls_whoever_writes_last(storage, clock):
    rows = [NewestRows(storage) for _ in range(6)]
    numbers = [3, 90, 7, 41, 8, 12]
    seen = await asyncio.gather(
        *(each.lift(KIND, WEEK, number, Seen(), clock.now(), JUMP) for each, number in zip(rows, numbers, strict=True))
    )
    assert (await rows[0].read(KIND, WEEK)).number == 90
    assert all(each.number >= number for each, number in zip(seen, numbers, strict=True))
    outdated = await rows[0].read(KIND, WEEK)
    await rows[0].lift(KIND, WEEK, 91, outdated, clock.now(), JUMP)
    assert (await rows[1].lift(KIND, WEEK, 5, outdated, clock.now(), JUMP)).number == 91
    assert (await rows[0].read(KIND, WEEK)).number == 91


async def test_an_instance_that_lags_learns_by_writing(instances):
    first, second = instances(), instances()
    await marked(second, 1)
    first.delivered(an_event(9))
    await first.flush()
    second.delivered(an_event(5))
    await second.flush()
    assert await marked(second, 8)


async def test_operations_do_not_grow_with_events(storage, clock):
    rows = NewestRows(storage)
    newest = Newest(rows, clock)
    for number in range(100):
        await marked(newest, number)
        newest.delivered(an_event(number))
    assert rows.operations == OPENING  # at first use, shared by all
    await newest.flush()
    assert rows.operations == OPENING + 1
    newest.delivered(an_event(200))
    await newest.flush()
    assert rows.operations == OPENING + 2
    await newest.aclose()


async def test_what_was_written_lately_is_not_read_again(storage, clock):
    rows = NewestRows(storage)
    newest = Newest(rows, clock)
    for number in range(4):
        await marked(newest, number)
        newest.delivered(an_event(number))
        await newest.flush()
        await clock.advance(REREAD_AFTER_SECONDS - 1)
    assert rows.operations == OPENING + 4
    await clock.advance(2)
    await marked(newest, 4)
    assert rows.operations == OPENING + 1 + 4
    await newest.aclose()


async def test_many_at_once_read_once(storage, clock):
    rows = NewestRows(storage)
    newest = Newest(rows, clock)
    await asyncio.gather(*(marked(newest, number) for number in range(32)))
    assert rows.operations == OPENING


async def test_without_storage_events_go_on_by_what_the_process_knows(storage, clock, caplog):
    class Away(NewestRows):
        async def load(self, organization, table):
            raise StorageUnavailable

        async def read(self, kind, table):
            raise StorageUnavailable

        async def lift(self, *_):
            raise StorageUnavailable

    newest = Newest(Away(storage), clock)
    assert not await marked(newest, 9)
    newest.delivered(an_event(9))
    assert await marked(newest, 8)
    await newest.flush()
    assert "not told to the others" in caplog.text
    assert "are what this process knows" in caplog.text
    await clock.advance(REREAD_AFTER_SECONDS + 1)
    assert await marked(newest, 8)
    assert "is what this process knows" in caplog.text
    await newest.aclose()


async def test_a_row_that_cannot_be_read_is_written_anew(storage, clock, caplog):
    rows = NewestRows(storage)
    await rows.lift(KIND, WEEK, 7, Seen(), clock.now(), JUMP)
    table = await storage.table(WEEK)
    async for row in table.select():
        await table.put({**row.entity, "number": "nonsense"})
    seen = await rows.read(KIND, WEEK)
    assert seen == Seen(-1, seen.etag)
    assert "cannot be read" in caplog.text
    assert (await rows.lift(KIND, WEEK, 3, Seen(), clock.now(), JUMP)).number == 3
    assert (await rows.read(KIND, WEEK)).number == 3


BOGUS = 2**63 - 1


async def test_one_wrong_number_marks_nothing_and_an_operator_can_reset_it(instances, storage, clock):
    """One message with a huge ControlNumber marked all later events for good."""
    first, second = instances(), instances()
    first.delivered(an_event(BOGUS))
    await first.flush()
    for number in (100, 101, 102):
        assert not await marked(second, number)
        second.delivered(an_event(number))
    await second.flush()
    rows = NewestRows(storage)
    (seen,) = await rows.listed(WantedKinds(organization="contoso"))
    assert (seen.number, seen.group, seen.type, seen.resets) == (str(BOGUS), "erp", "T", 0)
    assert await rows.reset(WantedKinds(group="other"), clock.now()) == []
    assert await rows.reset(WantedKinds(type="T"), clock.now()) == [seen]
    assert [(each.number, each.resets) for each in await rows.listed(WantedKinds())] == [(None, 1)]
    await clock.advance(REREAD_AFTER_SECONDS + 1)
    for newest in (first, second):
        assert not await marked(newest, 100)
    second.delivered(an_event(103))
    await second.flush()
    await clock.advance(REREAD_AFTER_SECONDS + 1)
    assert await marked(first, 102)
    assert await marked(instances(), 102)


async def test_a_wrong_number_beyond_the_newest_is_ignored_by_all(instances, storage, clock):
    first, second = instances(), instances()
    await marked(first, 100)
    first.delivered(an_event(100))
    await first.flush()
    first.delivered(an_event(100 + JUMP + 1))
    second.delivered(an_event(BOGUS))  # it has not read the row yet
    await first.flush()
    await second.flush()
    assert (await NewestRows(storage).read(KIND, WEEK)).number == 100
    for newest in (first, second, instances()):
        assert await marked(newest, 99)
        assert not await marked(newest, 101)


async def test_a_process_that_has_not_seen_the_reset_does_not_undo_it(instances, storage, clock):
    first = instances()
    await marked(first, 1)
    first.delivered(an_event(500))
    await first.flush()
    await NewestRows(storage).reset(WantedKinds(), clock.now())
    first.delivered(an_event(501))
    await first.flush()
    assert (await NewestRows(storage).read(KIND, WEEK)).number == -1
    first.delivered(an_event(7))
    await first.flush()
    assert (await NewestRows(storage).read(KIND, WEEK)).number == 7


async def test_a_row_of_before_there_were_groups_is_left_alone(storage, clock):
    table = await storage.table(NEWEST)
    old = {"PartitionKey": "contoso", "RowKey": "a" * 64, "v": 1, "legal_entity": "usmf", "type": "T", "number": "9"}
    await table.insert(old)
    assert await NewestRows(storage).listed(WantedKinds()) == []
    assert await NewestRows(storage).reset(WantedKinds(), clock.now()) == []


async def stored(storage, table):
    return {row.key: row.entity async for row in (await storage.table(table)).select()}


async def test_a_new_week_begins_with_what_the_one_before_knew(instances, storage, clock):
    first = instances()
    for number, type_ in enumerate("ABC"):
        first.delivered(an_event(10 + number, type_=type_))
    await first.aclose()
    await clock.advance(timedelta(weeks=1).total_seconds())
    second = instances()
    for number, type_ in enumerate("ABC"):
        assert await marked(second, 9 + number, type_=type_)
        assert not await marked(second, 10 + number, type_=type_)
    assert [each.number for each in await NewestRows(storage).listed(WantedKinds())] == ["10", "11", "12"]
    assert await stored(storage, WEEK) != {}
    assert len(await stored(storage, table_of(clock.now()))) == 1 + 3


async def test_a_process_that_lives_on_into_a_new_week_keeps_what_it_knows(instances, clock):
    first, other = instances(), instances()
    first.delivered(an_event(9))
    await clock.advance(timedelta(weeks=1).total_seconds())
    assert await marked(first, 8)
    first.delivered(an_event(10))
    await first.flush()
    assert await marked(other, 9)


async def test_two_processes_that_carry_over_at_once_agree(storage, clock):
    rows = NewestRows(storage)
    await rows.load("contoso", WEEK)
    for number in range(150):  # two transactions
        await rows.lift(("contoso", "erp", "usmf", f"T{number}"), WEEK, number, Seen(), clock.now(), JUMP)
    following = table_of(clock.now() + timedelta(weeks=1))
    loaded = await asyncio.gather(*(NewestRows(storage).load("contoso", following) for _ in range(4)))
    for each in loaded:
        assert each.complete
        assert sorted(seen.number for seen in each.rows.values()) == list(range(150))


async def test_what_an_earlier_version_wrote_is_carried_over_and_a_reset_outdoes_it(instances, storage, clock):
    """Until November 2026 the rows lay in a table of their own."""
    table = await storage.table(NEWEST)
    earlier = step_of(KIND, 500, Seen(), clock.now()).entity
    await table.insert({**earlier, "RowKey": earlier["RowKey"].removeprefix(FIRST)})
    rows = NewestRows(storage)
    assert [each.number for each in await rows.listed(WantedKinds())] == ["500"]
    assert await marked(instances(), 499)
    assert [each.number for each in await rows.reset(WantedKinds(), clock.now())] == ["500"]
    await clock.advance(timedelta(weeks=1).total_seconds())
    assert not await marked(instances(), 499)
    assert [(each.number, each.resets) for each in await rows.listed(WantedKinds())] == [(None, 1)]


async def test_what_lies_in_a_table_that_is_dropped_is_carried_over_first(instances, storage, clock):
    keep = timedelta(days=14)
    first = instances()
    first.delivered(an_event(9))
    await first.aclose()
    await clock.advance(timedelta(weeks=5).total_seconds())
    await NewestRows(storage).retain(clock.now(), keep)
    await storage.drop_table(WEEK)
    assert await marked(instances(), 8)
