"""Many are under way at once: those of one subject in turn, and the mark only moves over what is done.

Who does what next is decided by a generator with a seed: each thing waits for a number of turns of the loop.
"""

import asyncio
import random

import msgspec
import pytest

from integration.delivery.resuming import window as module
from integration.delivery.resuming.window import Ready, Window
from integration.errors import StorageUnavailable, Unforeseen
from integration.storage.turn import Ended
from tests.fake_clock import PassingClock


class Thing(msgspec.Struct, frozen=True):
    number: int
    subjects: frozenset[str]


class Killed(BaseException):
    """What kill -9 is to a test in one process."""


class Work:
    """A duty that notes what happens, and lasts as long as its generator says."""

    def __init__(self, seed: int = 1, *, most_turns: int = 12) -> None:
        self.rng = random.Random(seed)
        self.most_turns = most_turns
        self.under_way: set[Thing] = set()
        self.read = 0
        self.begun: list[Thing] = []
        self.over: list[Thing] = []
        self.marks: list[Thing] = []
        self.widest = self.furthest = 0
        self.ends: Ended | None = None
        self.fails: dict[int, BaseException] = {}
        self.nothing: set[int] = set()
        self.waits: dict[int, asyncio.Event] = {}
        self.let_go: list[int] = []
        self.checks = 0

    async def turns(self) -> None:
        for _ in range(self.rng.randrange(self.most_turns)):
            await asyncio.sleep(0)

    async def look(self, thing: Thing) -> Ready[int] | None:
        self.read += 1
        self.furthest = max(self.furthest, self.read - len(self.begun))
        await self.turns()
        return None if thing.number in self.nothing else Ready(thing.subjects, lambda: self.act(thing))

    async def act(self, thing: Thing) -> int:
        assert not any(each.subjects & thing.subjects for each in self.under_way)
        self.begun.append(thing)
        self.under_way.add(thing)
        self.widest = max(self.widest, len(self.under_way))
        try:
            await self.turns()
            if thing.number in self.waits:
                await self.waits[thing.number].wait()
            if thing.number in self.fails:
                raise self.fails[thing.number]
        except asyncio.CancelledError:
            self.let_go.append(thing.number)
            raise
        finally:
            self.under_way.discard(thing)
        return thing.number

    async def check(self, at: float) -> Ended | None:
        self.checks += 1
        return self.ends

    def done(self, thing: Thing, result: int) -> None:
        assert result == thing.number
        self.over.append(thing)

    def passed(self, thing: Thing) -> None:
        settled = {each.number for each in self.over} | self.nothing
        assert settled.issuperset(range(thing.number + 1)), "the mark moved over what is not done"
        self.marks.append(thing)


def things(count: int, subjects: int, seed: int = 1) -> list[Thing]:
    rng = random.Random(seed)
    names = [f"s{number}" for number in range(subjects)]
    return [Thing(number, frozenset(rng.sample(names, rng.randrange(min(3, subjects + 1))))) for number in range(count)]


async def listed(of: list[Thing]):
    for each in of:
        await asyncio.sleep(0)
        yield each


async def until(what) -> None:
    """Give others turns of the loop until something is so."""
    for _ in range(100_000):
        if what():
            return
        await asyncio.sleep(0)
    pytest.fail("it never came to that")


def window(work: Work, clock=None, **options) -> Window[Thing, int]:
    return Window(work, clock or PassingClock(), **{"at_once": 16, **options})


@pytest.mark.parametrize("seed", range(12))
async def test_all_are_done_once_in_turn_with_so_many_under_way(seed):
    work, all_of_them = Work(seed), things(300, subjects=1 + seed * 3, seed=seed)
    work.nothing = set(work.rng.sample(range(300), 20))
    assert await window(work).run(listed(all_of_them)) is None
    assert work.marks == all_of_them
    assert sorted(each.number for each in work.over) == sorted(set(range(300)) - work.nothing)
    for subject in {each for thing in all_of_them for each in thing.subjects}:
        numbers = [each.number for each in work.begun if subject in each.subjects]
        assert numbers == sorted(numbers), subject
    assert work.widest <= 16
    assert work.furthest <= 16 * module.AHEAD + len(work.nothing)
    if seed > 3:
        assert work.widest > 5


async def test_one_under_way_at_once_is_one_after_the_other():
    work = Work()
    await window(work, at_once=1).run(listed(things(40, 0)))
    assert [each.number for each in work.begun] == list(range(40))
    assert work.widest == 1


async def test_a_slow_one_holds_up_those_of_its_subject_alone_and_the_mark():
    work, all_of_them = Work(), [Thing(n, frozenset({"slow"} if n in {0, 5} else {f"s{n}"})) for n in range(60)]
    work.waits[0] = asyncio.Event()
    running = asyncio.create_task(window(work).run(listed(all_of_them)))
    await until(lambda: len(work.over) == 58)
    assert work.marks == []
    assert {each.number for each in work.begun} == set(range(60)) - {5}
    work.waits[0].set()
    assert await running is None
    assert [each.number for each in work.over][-2:] == [0, 5]
    assert work.marks == all_of_them


async def test_what_is_done_ahead_of_a_slow_one_is_bounded(monkeypatch):
    monkeypatch.setattr(module, "SPAN", 100)
    work = Work(most_turns=2)
    work.waits[0] = asyncio.Event()
    running = asyncio.create_task(window(work).run(listed(things(500, 0))))
    await until(lambda: len(work.over) == 99)
    for _ in range(100):
        await asyncio.sleep(0)
    assert len(work.over) == 99
    work.waits[0].set()
    assert await running is None
    assert len(work.over) == 500


async def test_the_rate_counts_what_begins_and_reading_is_not_far_ahead_of_it():
    work, clock, starts = Work(), PassingClock(), []
    act = work.act

    async def noted(thing):
        starts.append(clock.monotonic())
        return await act(thing)

    work.act = noted
    work.nothing = {1, 2, 3}
    await window(work, clock, per_second=2.0).run(listed(things(20, 0)))
    assert len(starts) == 17
    assert clock.monotonic() == pytest.approx(16 * 0.5)
    assert work.furthest <= 16 + len(work.nothing)


@pytest.mark.parametrize("ended", [Ended.TIME, Ended.CALLED_OFF])
async def test_at_the_end_nothing_begins_any_more_and_what_is_under_way_comes_to_its_end(ended):
    work = Work()

    async def check(at):
        return ended if len(work.over) >= 50 else None

    work.check = check
    assert await window(work).run(listed(things(400, 9))) is ended
    assert work.begun
    assert len(work.over) == len(work.begun) < 400
    assert work.let_go == []
    assert len(work.marks) <= len(work.over)


async def test_what_does_not_come_to_its_end_is_let_go_after_a_while():
    work = Work()
    work.waits[3] = asyncio.Event()  # nobody sets it

    async def check(at):
        return Ended.CALLED_OFF if len(work.over) >= 20 else None

    work.check = check
    assert await window(work, drain=0.05).run(listed(things(400, 0))) is Ended.CALLED_OFF
    assert work.let_go == [3]
    assert [each.number for each in work.marks] == [0, 1, 2]


async def test_a_lost_lease_stops_all_at_once_even_while_all_are_slow():
    work = Work()
    work.waits = {number: asyncio.Event() for number in range(16)}  # nobody sets them

    async def check(at):
        return Ended.LOST if len(work.under_way) == 16 else None

    work.check = check
    assert await window(work, heartbeat=0.01, drain=3600).run(listed(things(400, 0))) is Ended.LOST
    assert sorted(work.let_go) == list(range(16))
    assert work.over == work.marks == []


async def test_the_lease_is_kept_while_what_is_under_way_comes_to_its_end():
    work = Work()
    work.waits[0] = asyncio.Event()

    async def check(at):
        work.checks += 1
        if work.checks == 60:
            work.waits[0].set()
        return Ended.TIME if work.checks > 30 else None

    work.check = check
    assert await window(work, heartbeat=0.001).run(listed(things(100, 0))) is Ended.TIME
    assert work.checks >= 60
    assert work.over


@pytest.mark.parametrize("where", ["act", "look", "listing", "check"])
async def test_an_outage_lets_nothing_begin_and_what_is_under_way_comes_to_its_end(where):
    work, all_of_them = Work(), things(200, 5)

    async def away(*_):
        raise StorageUnavailable

    async def breaks_off():
        async for each in listed(all_of_them[:60]):
            yield each
        raise StorageUnavailable

    found = breaks_off() if where == "listing" else listed(all_of_them)
    if where == "act":
        work.fails[30] = StorageUnavailable()
    elif where != "listing":
        usual = getattr(work, where)

        async def sometimes(given):
            return await (away() if len(work.begun) > 30 else usual(given))

        setattr(work, where, sometimes)
    with pytest.raises(StorageUnavailable):
        await window(work).run(found)
    assert work.let_go == []
    assert len(work.begun) - len(work.over) == (where == "act")
    assert len(work.begun) < 200


@pytest.mark.parametrize("where", ["act", "look", "listing", "check"])
async def test_a_cancellation_that_a_library_lets_through_is_a_failure(where):
    """Taken for a task that ended well, what it stands for would count as looked at, and be left."""
    work, all_of_them = Work(), things(200, 5)

    async def strays(given):
        raise asyncio.CancelledError

    async def breaks_off():
        async for each in listed(all_of_them[:60]):
            yield each
        raise asyncio.CancelledError

    if where != "listing":
        setattr(work, where, strays)
    with pytest.raises(Unforeseen):
        await window(work).run(breaks_off() if where == "listing" else listed(all_of_them))
    assert len(asyncio.all_tasks()) == 1


async def test_who_drops_it_leaves_nothing_running():
    work = Work()
    work.waits = {number: asyncio.Event() for number in range(16)}
    running = window(work).run(listed(things(200, 0)))
    turn = running.send(None)
    await until(lambda: len(work.under_way) == 16)
    assert turn is not None
    running.close()
    await until(lambda: len(asyncio.all_tasks()) == 1)
    assert work.over == []


async def test_a_kill_lets_go_of_all_that_is_under_way():
    work = Work()
    work.fails[40] = Killed()
    work.fails[41] = StorageUnavailable()
    with pytest.raises(Killed):
        await window(work, drain=3600).run(listed(things(200, 5)))
    assert work.under_way == set()
    assert len(work.begun) - len(work.over) <= 16
    assert 40 not in {each.number for each in work.marks}


async def test_who_is_cancelled_leaves_nothing_running():
    work = Work()
    work.waits = {number: asyncio.Event() for number in range(16)}
    running = asyncio.create_task(window(work).run(listed(things(200, 0))))
    await until(lambda: len(work.under_way) == 16)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert work.under_way == set()
    assert len(asyncio.all_tasks()) == 1
