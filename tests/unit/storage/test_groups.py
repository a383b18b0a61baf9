"""Writes that come together go together: what is told of each is so, whatever becomes of their requests."""

import asyncio
import itertools
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration.errors import StorageRefused, StorageUnavailable
from integration.storage.groups import COMPANY_SECONDS, LARGEST, Groups, Ride
from integration.storage.memory import MemoryStorage
from integration.storage.memory.account import Account
from integration.storage.tables import MOST_OPERATIONS, Insert, Replace
from tests.fake_clock import FakeClock, settle

TABLE = "rows"


class Fated(Account):
    """An account whose next requests fare as a test says: `done`, `lost` (done, and the answer is lost), `away`."""

    def __init__(self, clock) -> None:
        super().__init__(clock)
        self.fates = iter(())
        self.held: asyncio.Event | None = None

    async def ask(self, what, act):
        fate = next(self.fates, "done")
        if self.held is not None:
            await self.held.wait()
        self.away, self.lost_answers = fate == "away", int(fate == "lost")
        return await super().ask(what, act)


class World:
    def __init__(self, *fates) -> None:
        self.clock = FakeClock()
        self.storage = MemoryStorage(self.clock)
        self.storage.account = self.account = Fated(self.clock)
        self.account.fates = iter(fates)
        self.groups = Groups(self.storage, self.clock)

    @property
    def rows(self):
        return {row.key: row for row in self.storage.table_now(TABLE).rows.values()}

    @property
    def asked(self):
        return dict(self.account.requests)

    def hold(self):
        self.account.held = asyncio.Event()
        return self.account.held

    async def insert(self, key, partition="p", **properties):
        return await self.groups.write(TABLE, Insert(row(key, partition, **properties)))

    async def replace(self, key, etag, **properties):
        return await self.groups.write(TABLE, Replace(row(key, **properties), etag))


def row(key, partition="p", **properties):
    return {"PartitionKey": partition, "RowKey": key, **properties}


class Along:
    """Lets one row go with each request, under a version or as a new one."""

    def __init__(self, etag="") -> None:
        self.rides: list[Ride] = []
        self.etag = etag

    def riding(self, table, partition, others):
        entity = row("beside", partition, others=others)
        step = Replace(entity, self.etag) if self.etag else Insert(entity)
        self.rides.append(Ride(step, asyncio.get_running_loop().create_future()))
        return self.rides[-1:]


async def together(*writes):
    return await asyncio.gather(*writes, return_exceptions=True)


async def test_a_lone_write_is_sent_at_once_and_by_itself():
    world = World()
    etag = await world.insert("a", n=1)
    assert etag == world.rows["a"].etag
    assert await world.replace("a", etag, n=2) == world.rows["a"].etag
    assert world.asked == {"insert": 1, "replace": 1}
    assert world.clock.elapsed == 0


async def test_what_comes_together_is_one_request_a_partition():
    world = World()
    etag = await world.insert("there")
    world.account.requests.clear()
    answers = await together(
        *(world.insert(f"{n}") for n in range(20)), world.replace("there", etag), world.insert("x", "other")
    )
    assert answers == [*(world.rows[f"{n}"].etag for n in range(20)), world.rows["there"].etag, world.rows["x"].etag]
    assert world.asked == {"batch": 1, "insert": 1}
    assert world.groups.requests == 3


async def test_while_a_request_is_under_way_the_next_gather_until_it_is_answered():
    world = World()
    held = world.hold()
    first = asyncio.create_task(world.insert("first"))
    await settle()
    rest = [asyncio.create_task(world.insert(f"{n}")) for n in range(5)]
    await settle()
    assert world.groups.requests == 1
    held.set()
    assert all(await together(first, *rest))
    assert world.asked == {"insert": 1, "batch": 1}


async def test_nobody_waits_for_company_longer_than_is_said():
    world = World()
    held = world.hold()
    tasks = [asyncio.create_task(world.insert("first"))]
    await settle()
    tasks += [asyncio.create_task(world.insert(f"{n}")) for n in range(3)]
    await world.clock.advance(COMPANY_SECONDS * 0.9)
    assert world.groups.requests == 1
    await world.clock.advance(COMPANY_SECONDS * 0.1)
    assert world.groups.requests == 2
    held.set()
    assert all(await together(*tasks))
    assert world.asked == {"insert": 1, "batch": 1}


async def test_more_than_go_together_go_in_several_requests_at_once():
    world = World()
    assert all(await together(*(world.insert(f"{n}") for n in range(2 * MOST_OPERATIONS + 50))))
    assert world.asked == {"batch": 3}
    large = "x" * 30_000
    world = World()
    assert all(await together(*(world.insert(f"{n}", **{f"p{i}": large for i in range(10)}) for n in range(30))))
    assert world.asked["batch"] >= 30 * 10 * len(large) // LARGEST


async def test_two_writes_of_one_row_are_in_two_requests_and_the_first_is_first():
    world = World()
    answers = await together(*(world.insert("a", n=n) for n in range(3)), world.insert("b"))
    assert answers == [world.rows["a"].etag, None, None, world.rows["b"].etag]
    assert world.rows["a"].entity["n"] == 0


async def test_one_that_is_refused_does_not_keep_the_others_from_being_written():
    world = World()
    await world.insert("7", n="old")
    world.account.requests.clear()
    answers = await together(*(world.insert(f"{n}", n="new") for n in range(16)))
    assert [n for n, answer in enumerate(answers) if answer is None] == [7]
    assert {key: found.entity["n"] for key, found in world.rows.items()} == {
        f"{n}": "old" if n == 7 else "new" for n in range(16)
    }
    assert world.asked == {"batch": 3}


async def test_where_all_are_refused_each_is_told_and_none_comes_after_the_other():
    world = World()
    await together(*(world.insert(f"{n}") for n in range(64)))
    world.account.requests.clear()
    assert await together(*(world.insert(f"{n}") for n in range(64))) == [None] * 64
    assert world.asked["batch"] + world.asked.get("insert", 0) <= 64


async def test_what_no_table_takes_fails_alone():
    world = World()
    answers = await together(*(world.insert(f"{n}", text="x" * (40_000 if n == 2 else 4)) for n in range(6)))
    assert [n for n, answer in enumerate(answers) if isinstance(answer, StorageRefused)] == [2]
    assert sorted(world.rows) == ["0", "1", "3", "4", "5"]


async def test_of_a_request_that_is_not_answered_nobody_is_told_that_it_was_refused_or_written():
    for fate in ("lost", "away"):
        world = World(fate)
        answers = await together(*(world.insert(f"{n}") for n in range(5)))
        assert all(isinstance(answer, StorageUnavailable) for answer in answers), answers
        assert len({id(answer) for answer in answers}) == 5  # each raises one of its own
        assert len(world.rows) == (5 if fate == "lost" else 0)


async def test_who_has_gone_before_it_was_sent_is_not_written_for():
    world = World()
    held = world.hold()
    first = asyncio.create_task(world.insert("first"))
    await settle()
    gone, stays = (asyncio.create_task(world.insert(key)) for key in ("gone", "stays"))
    await settle()
    gone.cancel()
    held.set()
    await together(first, gone, stays)
    assert sorted(world.rows) == ["first", "stays"]


async def test_a_partition_that_is_not_written_to_is_forgotten():
    world = World()
    await together(*(world.insert("a", f"p{n}") for n in range(50)))
    await settle()
    assert world.groups._partitions == {}


WRITES = st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 3)), min_size=1, max_size=12)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(WRITES, min_size=1, max_size=12),
    st.lists(st.sampled_from(["done", "done", "done", "lost", "away"]), max_size=30),
)
def test_what_is_told_of_a_write_is_so(callers, fates):
    """Each caller makes its writes one after the other: an insert, or a replacement of the version it has seen last.

    Every write has a word of its own, and the table keeps every version, so that afterwards it is known which writes
    were made, and in which order.
    """
    asyncio.run(_told_truly(callers, fates))


async def _told_truly(callers, fates):
    world, words = World(*fates), itertools.count()
    versions, told = {}, []
    table = world.storage.table_now(TABLE)
    do = table._do

    def kept(partition, step):
        etag = do(partition, step)
        versions[etag] = (step.entity["RowKey"], step.entity["word"], getattr(step, "etag", ""))
        return etag

    table._do = kept

    async def call(writes):
        for key, turns in writes:
            for _ in range(turns):
                await asyncio.sleep(0)
            seen = table.rows.get(("p", key))
            word = next(words)
            write = world.replace(key, seen.etag, word=word) if seen else world.insert(key, word=word)
            [answer] = await together(write)
            told.append((key, word, answer))

    await asyncio.wait_for(together(*map(call, callers)), 60)
    made = Counter(word for _, word, _ in versions.values())
    assert set(made.values()) <= {1}
    for key, word, answer in told:
        if isinstance(answer, StorageUnavailable):
            continue
        assert not isinstance(answer, BaseException), answer
        assert (answer is not None) == (word in made)
        if answer is not None:
            assert versions[answer][:2] == (key, word)
    # Each version was written in the place of the one before it: nobody wrote over what he had not seen.
    last = {}
    for etag, (key, _, before) in versions.items():
        assert before == last.get(key, "")
        last[key] = etag
    assert world.groups.requests <= 2 * len(told)


@pytest.mark.parametrize("size", [1, 99, 100, 101])
async def test_of_so_many_each_is_told_its_own_version(size):
    world = World()
    answers = await together(*(world.insert(f"{n}", n=n) for n in range(size)))
    assert answers == [world.rows[f"{n}"].etag for n in range(size)]


async def test_what_goes_along_costs_no_request_and_is_told_its_version():
    world = World()
    world.groups.rider = along = Along()
    etags = await together(*(world.insert(key) for key in "abc"))
    assert etags == [world.rows[key].etag for key in "abc"]
    assert await along.rides[0].done == world.rows["beside"].etag
    assert world.rows["beside"].entity["others"] == 3
    assert world.asked == {"batch": 1}


async def test_what_goes_along_and_is_refused_leaves_the_others_together():
    world = World()
    world.groups.rider = along = Along("another version")
    assert None not in await together(*(world.insert(key) for key in "abc"))
    assert await along.rides[0].done is None
    assert world.asked == {"batch": 2}
    assert "beside" not in world.rows


async def test_what_goes_with_a_row_that_is_refused_is_not_sent_for_itself():
    world = World()
    await world.insert("a")
    world.groups.rider = along = Along()
    assert await world.insert("a") is None
    await settle()
    assert along.rides[0].done.cancelled()
    assert "beside" not in world.rows
    assert world.asked == {"insert": 1, "batch": 1}


@pytest.mark.parametrize("fate", ["away", "lost"])
async def test_what_goes_along_is_told_that_nobody_knows(fate):
    world = World(fate)
    world.groups.rider = along = Along()
    [answer] = await together(world.insert("a"))
    assert isinstance(answer, StorageUnavailable)
    assert isinstance(along.rides[0].done.exception(), StorageUnavailable)


async def test_where_there_is_no_room_nothing_goes_along():
    world = World()
    world.groups.rider = along = Along()
    assert None not in await together(*(world.insert(str(number)) for number in range(MOST_OPERATIONS)))
    assert along.rides == []
    assert world.asked == {"batch": 1}
