"""The newest control numbers go with the rows of events, and cost no request of their own."""

import asyncio
import random
from datetime import timedelta

import pytest

from integration.delivery.screening.newest import OUT_OF_ORDER, REREAD_AFTER_SECONDS, WRITE_BEHIND_SECONDS, Newest
from integration.delivery.screening.newest_row import WantedKinds
from integration.delivery.screening.newest_rows import NewestRows
from integration.journal import Journal, Listing, Wanted
from integration.storage.memory import MemoryStorage
from tests.fake_clock import FakeClock
from tests.fixtures.bench import ORDERS, OTHERS, Bench, business_event

MOST = 2
"""Table requests of an event that comes alone and is delivered at its first attempt."""


class Instance:
    """A process of the fleet: what it asks of the account is counted."""

    def __init__(self, storage, clock, seed) -> None:
        self.storage = storage
        self.newest = Newest(NewestRows(storage), clock)
        self.bench = Bench(storage, (ORDERS, OTHERS), lambda _: None)
        self.bench.clock = clock
        self.bench.journal = Journal(storage, clock, random.Random(seed), timedelta(days=14))
        self.bench.journal.take_along(self.newest)
        self.bench.newest = self.newest
        self.bench.build((ORDERS, OTHERS))

    async def receive(self, number, type_="T", *, at="/Date(1767225600000)/", id_=""):
        body = business_event(
            BusinessEventId=f"SalesOrder{type_}", EventId=id_ or f"{number:08}", EventTime=at, ControlNumber=number
        )
        return await self.bench.pipeline.receive(self.bench.inbound(body))

    async def cost(self, *args, **more):
        """Receive an event, and count the requests that it takes with all that is written behind."""
        before = sum(self.storage.account.requests.values())
        await self.receive(*args, **more)
        await self.newest.flush()
        return sum(self.storage.account.requests.values()) - before

    def marked(self):
        return [
            int(each.event.extensions["controlnumber"])
            for each in self.bench.orders.shipments
            if OUT_OF_ORDER in each.event.extensions
        ]


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def storage(clock):
    return MemoryStorage(clock)


@pytest.fixture
async def fleet(storage, clock):
    opened = [Instance(storage, clock, seed) for seed in range(2)]
    yield opened
    for each in opened:
        await each.newest.aclose()


async def test_an_event_that_comes_alone_costs_two_requests_however_rare_its_kind_is(fleet, clock):
    one, _ = fleet
    await one.receive(1)  # opens the week
    await one.newest.flush()
    assert await one.cost(2) <= MOST
    for number in range(3, 9):
        await clock.advance(REREAD_AFTER_SECONDS * 10)
        assert await one.cost(number) <= MOST
    assert await one.cost(9, "New") <= MOST  # nobody has ever seen its kind
    await clock.advance(REREAD_AFTER_SECONDS + 1)
    assert await one.cost(10, "Newer") <= MOST


async def test_an_event_without_a_time_of_its_own_costs_no_more(fleet, clock):
    one, _ = fleet
    await one.receive(1, at="")
    for number in range(2, 6):
        assert await one.cost(number, at="") <= MOST
    for number in range(6, 12):
        await clock.advance(REREAD_AFTER_SECONDS * 10)
        assert await one.cost(number, at="") <= MOST
    assert await one.cost(12, "New", at="") <= MOST
    await one.receive(3, "New", at="", id_="late")
    assert one.marked() == [3]


async def test_what_goes_along_is_seen_by_others_and_after_a_restart(fleet, clock, storage):
    one, other = fleet
    await one.receive(100)
    await clock.advance(REREAD_AFTER_SECONDS + 1)
    await other.receive(99)
    await clock.advance(REREAD_AFTER_SECONDS + 1)
    await one.receive(98)
    await other.receive(101)
    await clock.advance(REREAD_AFTER_SECONDS + 1)
    await one.receive(97)
    assert (one.marked(), other.marked()) == ([98, 97], [99])
    [row] = await NewestRows(storage).listed(WantedKinds())
    assert row.number == "101"


async def test_an_event_between_two_of_another_instance_costs_no_more_than_a_read_and_a_claim_more(fleet, clock):
    one, other = fleet
    await one.receive(1)
    await other.receive(2)
    for number in range(3, 13):
        await clock.advance(REREAD_AFTER_SECONDS + 1)
        assert await (one if number % 2 else other).cost(number) <= MOST + 2
    assert one.marked() == other.marked() == []


async def test_a_duplicate_is_not_made_dearer_by_what_goes_along(fleet, clock):
    one, _ = fleet
    await one.receive(1)
    await clock.advance(REREAD_AFTER_SECONDS + 1)
    assert await one.cost(1) <= MOST + 1
    assert len(one.bench.orders.shipments) == 1


async def test_of_many_at_once_few_rows_go_along_and_the_last_is_written_behind(fleet, clock, storage):
    one, _ = fleet
    await one.receive(1)
    await asyncio.gather(*(one.receive(number) for number in range(2, 34)))
    await clock.advance(WRITE_BEHIND_SECONDS)
    await one.newest._writes.join("behind", one.newest.flush)
    [row] = await NewestRows(storage).listed(WantedKinds())
    assert row.number == "33"


async def test_a_reset_is_followed_by_who_only_lets_rows_go_along(fleet, clock, storage):
    one, _ = fleet
    await one.receive(500)
    await clock.advance(REREAD_AFTER_SECONDS + 1)
    await NewestRows(storage).reset(WantedKinds(), clock.now())
    await one.receive(7)
    assert one.marked() == []
    [row] = await NewestRows(storage).listed(WantedKinds())
    assert row.number == "7"


async def test_what_goes_along_is_no_event(fleet, clock):
    one, _ = fleet
    await one.receive(1)
    found, _ = await Listing(one.storage, clock).page(Wanted(), 10)
    assert [each.row.subject.id for each in found if each.row] == ["00000001"]
