"""A machine's clock that is set, forward or back, while deliveries wait or are made: nothing is lost, nothing stuck."""

import asyncio
import contextlib
import json
import random
import time
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from tests.e2e.stage import until
from tests.faults.evidence import Evidence, Window
from tests.faults.oracle import judge
from tests.faults.room import DELIVERIES, RETRY_AFTER, Room, opened

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LEASE = timedelta(seconds=150)

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*unclosed.*:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


class SettableClock:
    """The machine's time; tests set its wall clock, and let time pass that nobody has to wait for."""

    def __init__(self) -> None:
        self.set_by = timedelta(0)
        self.passed = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.set_by + self.passed

    def monotonic(self) -> float:
        return time.monotonic() + self.passed.total_seconds()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Latest(random.Random):
    """Draws the longest wait there is."""

    def uniform(self, a: float, b: float) -> float:
        return max(a, b)


class Rooms:
    """Rooms of one account, queue and receiver: processes of one app, each with its own clock."""

    def __init__(self, exits, *where) -> None:
        self._exits = exits
        self._where = where

    async def open(self, clock: SettableClock) -> Room:
        return await self._exits.enter_async_context(opened(*self._where, clock=clock, rng=Latest()))


@pytest.fixture
async def rooms(azurite, service_bus, new_queue, receivers):
    receivers.reset()
    async with contextlib.AsyncExitStack() as exits:
        yield Rooms(exits, azurite.spare_account(), service_bus, new_queue(), receivers)


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
async def room(rooms, clock) -> Room:
    return await rooms.open(clock)


async def gathered(room: Room) -> Evidence:
    return await asyncio.to_thread(room.evidence)


async def rules(room: Room) -> set[str]:
    return {problem.rule for problem in judge(await gathered(room)).problems}


async def deferred(room: Room, failures: int = 2) -> None:
    """Send an event whose receiver fails at once and at the retry: the next attempt is a due row, two hours away."""
    room.receivers.fail("hook", 500, times=failures)
    await room.send_event(expects=DELIVERIES)
    assert await room.carry_on() == 1
    assert await asyncio.to_thread(room.unrest) != ()


async def due(room: Room) -> int:
    """Do what the timer and the queue of retries do; return how many deliveries went on."""
    await room.worker.move_due()
    return await room.carry_on()


@pytest.mark.parametrize("by", [3 * HOUR, 2 * DAY])
async def test_what_waits_comes_earlier_when_the_clock_is_set_forward(room, clock, by):
    await deferred(room)
    assert await due(room) == 0
    clock.set_by = by
    assert await due(room) == 1
    assert await rules(room) == set()


@pytest.mark.parametrize("by", [HOUR, 20 * HOUR])
async def test_what_waits_comes_later_by_as_much_as_the_clock_is_set_back_and_is_not_lost(room, clock, by):
    await deferred(room)
    clock.set_by = -by
    clock.passed = RETRY_AFTER[1]
    assert await due(room) == 0
    assert "fnolinkdue: 1 retries" in await asyncio.to_thread(room.unrest)
    clock.passed += by
    assert await due(room) == 1
    assert await rules(room) == set()


@pytest.mark.parametrize("by", [3 * HOUR, 3 * DAY, -3 * HOUR, -20 * HOUR])
async def test_a_clock_that_is_set_during_a_run_changes_nothing_of_its_record(room, clock, by):
    room.receivers.delay("hook", 0.5, times=1)
    under_way = asyncio.create_task(room.send_event(expects=DELIVERIES))
    await asyncio.to_thread(room.receivers.received, "hook", at_least=1, within=30)
    clock.set_by = by
    sent = await under_way
    await room.send_event(id_=sent.id, kind="duplicate", expects=DELIVERIES)
    found = await gathered(room)
    assert judge(found).problems == ()
    assert [(row.state, row.duplicates) for row in found.journal] == [("done", 1)]


@pytest.mark.parametrize("by", [12 * DAY, -20 * HOUR])
async def test_a_duplicate_is_one_at_any_time_at_which_its_table_is_looked_into(room, clock, by):
    sent = await room.send_event(expects=DELIVERIES)
    clock.set_by = by
    await room.send_event(id_=sent.id, kind="duplicate", expects=DELIVERIES)
    assert await rules(room) == set()


# A week back is another week whatever day it is; six days back is the same one on a Sunday.
@pytest.mark.parametrize("by", [40 * DAY, -7 * DAY])
async def test_a_duplicate_beyond_that_is_delivered_again_rather_than_lost(room, clock, by):
    sent = await room.send_event(expects=DELIVERIES)
    clock.set_by = by
    await room.send_event(id_=sent.id, kind="duplicate", expects=DELIVERIES)
    assert await rules(room) == {"twice"}


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(minutes=2), -HOUR])
async def test_a_lease_is_honoured_by_a_process_whose_clock_is_not_ahead_by_it(rooms, room, ahead):
    other_clock = SettableClock()
    other_clock.set_by = ahead
    other = await rooms.open(other_clock)
    room.receivers.delay("hook", 1.5, times=1)
    under_way = asyncio.create_task(room.send_event(expects=DELIVERIES))
    (asked,) = await asyncio.to_thread(room.receivers.received, "hook", at_least=1, within=30)
    other.began = room.began
    await other.send_event(id_=json.loads(asked.body)["id"], expects=DELIVERIES)
    await under_way
    found = await asyncio.to_thread(room.evidence, 3.0)  # what waits does so for longer than anybody would look
    assert [each.target for each in found.receipts].count("hook") == 1
    # What the other process left behind waits for the end of the lease, which it then finds to be over.
    assert {problem.rule for problem in judge(found).problems} == {"restless"}
    assert [(row.state, row.generation) for row in found.journal] == [("done", 1)]


@pytest.mark.parametrize("ahead", [3 * HOUR, 2 * DAY])
async def test_what_a_process_with_a_clock_ahead_left_behind_is_taken_over_at_the_latest_by_its_time(
    rooms, room, clock, ahead
):
    clock.set_by = ahead
    room.receivers.hang("hook", times=1)
    dies = asyncio.create_task(room.send_event(expects=DELIVERIES))
    (asked,) = await asyncio.to_thread(room.receivers.received, "hook", at_least=1, within=30)
    await asyncio.to_thread(until, lambda: room.bus.control.messages(room.queue))
    dies.cancel()
    await asyncio.gather(dies, return_exceptions=True)
    killed = Window(fault="host_kill", start=time.time(), end=time.time())
    right = SettableClock()
    other = await rooms.open(right)
    other.began = room.began
    await other.send_event(id_=json.loads(asked.body)["id"], kind="duplicate", expects=DELIVERIES)
    assert await due(other) == 0
    right.passed = ahead + 2 * LEASE
    assert await due(other) == 1
    found = msgspec.structs.replace(await gathered(other), windows=(killed,))
    assert judge(found).problems == ()
    assert {made.state for row in found.journal for made in row.deliveries} == {"delivered"}


async def test_a_delivery_that_looks_too_old_to_a_clock_ahead_is_a_dead_letter_and_not_lost(room, clock):
    await deferred(room, failures=3)
    clock.set_by = 4 * DAY
    assert await due(room) == 1
    found = await gathered(room)
    assert [(each.reason, each.route, each.attempts) for each in found.dead] == [("RetriesExhausted", "to-hook", 3)]
    assert {problem.rule for problem in judge(found).problems} == {"needless"}


async def test_a_target_is_not_left_alone_for_longer_when_the_clock_is_set_back(room, clock):
    room.receivers.fail("hook", 500, times=5)
    for _ in range(5):
        await room.send_event(expects=DELIVERIES)
    await room.send_event(expects=DELIVERIES)
    assert len(room.receivers.received("hook")) == 5
    clock.set_by = -5 * HOUR
    clock.passed = timedelta(seconds=31)
    await room.send_event(expects=DELIVERIES)
    assert [each.status for each in room.receivers.received("hook")][5:] == [200]
