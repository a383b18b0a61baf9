"""What the account has done although its answer never came: the journal on the twin."""

import random
from datetime import timedelta

import pytest

from integration.errors import StorageUnavailable
from integration.journal import Duplicate, Entry, Journal, Run, Subject, Wait
from integration.journal.scope import ByRoute
from integration.storage.memory import MemoryStorage
from tests.fake_clock import FakeClock

KEEP = timedelta(days=14)
DONE = (Entry(slot=ByRoute("orders"), state="delivered"),)


class World:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.storage = MemoryStorage(self.clock)
        self.journal = Journal(self.storage, self.clock, random.Random(1), KEEP)
        time = self.clock.now() - timedelta(minutes=1)
        self.subject = Subject(organization="contoso", key="0" * 64, time=time, id="1", type="T")

    async def claim(self, owner):
        return await self.journal.claim(self.subject, "source", accepted_at=self.clock.now(), owner=owner)

    def lose_the_answer(self):
        self.storage.account.lost_answers = 1


async def test_a_claim_that_was_made_although_its_answer_was_lost_is_the_same_run():
    world = World()
    await world.journal.find(world.subject)  # asks which tables there are, once
    world.lose_the_answer()
    with pytest.raises(StorageUnavailable):
        await world.claim("mine")
    assert isinstance(await world.claim("another's"), Wait)
    run = await world.claim("mine")
    assert isinstance(run, Run)
    assert (run.decision.whole, run.row.generation) == (True, 1)
    assert await world.journal.end(run, DONE)
    assert await world.claim("another's") == Duplicate()


async def test_an_end_that_was_made_although_its_answer_was_lost_is_made_once():
    world = World()
    run = await world.claim("mine")
    world.lose_the_answer()
    with pytest.raises(StorageUnavailable):
        await world.journal.end(run, DONE)
    assert await world.journal.end(run, DONE)
    row = await world.journal.find(world.subject)
    assert (row.state, [each.route for each in row.deliveries]) == ("done", ["orders"])


async def test_nothing_is_claimed_while_the_account_is_away():
    world = World()
    world.storage.account.away = True
    with pytest.raises(StorageUnavailable):
        await world.claim("mine")
    world.storage.account.away = False
    assert await world.journal.find(world.subject) is None
