"""Who we are is asked once a day for the whole fleet, and storage is no condition for it."""

from datetime import timedelta

import pytest

from integration.config.keys.model import Organization
from integration.dataverse import Identity
from integration.errors import Unreachable
from integration.links.identities import Identities
from integration.storage.memory import MemoryStorage
from integration.storage.names import LINKS
from tests.fake_clock import PassingClock

CONTOSO = Organization(name="contoso", url="https://contoso.crm.dynamics.com", tenant="contoso.com")


class Dataverse:
    def __init__(self) -> None:
        self.calls = 0
        self.down = False

    async def who_am_i(self, organization: Organization) -> Identity:
        self.calls += 1
        if self.down:
            raise Unreachable
        return Identity("org", f"user{self.calls}", "unit")


@pytest.fixture
def storage():
    return MemoryStorage(PassingClock())


async def test_one_whoami_serves_every_instance_for_a_day_and_an_outage_longer(storage):
    dataverse, clock = Dataverse(), PassingClock()

    def instance(client_id: str = "app") -> Identities:
        return Identities(dataverse, lambda _: client_id, table=lambda: storage.table(LINKS), clock=clock)

    one, two = instance(), instance()
    assert (await one.of(CONTOSO)).user_id == "user1"
    assert (await two.of(CONTOSO)).user_id == "user1"
    assert dataverse.calls == 1
    assert (await instance("another").of(CONTOSO)).user_id == "user2"
    clock.at += timedelta(minutes=10)
    assert (await one.of(CONTOSO, younger_than=timedelta(minutes=5))).user_id == "user3"
    assert (await two.of(CONTOSO, younger_than=timedelta(minutes=5))).user_id == "user3"
    clock.at += timedelta(days=2)
    dataverse.down = True
    assert (await two.of(CONTOSO)).user_id == "user3"


async def test_what_was_never_known_is_unknown_and_a_corrupt_row_is_no_obstacle(storage):
    dataverse, clock = Dataverse(), PassingClock()
    identities = Identities(dataverse, lambda _: "app", table=lambda: storage.table(LINKS), clock=clock)
    dataverse.down = True
    with pytest.raises(Unreachable):
        await identities.of(CONTOSO)
    dataverse.down = False
    await identities.of(CONTOSO)
    table = await storage.table(LINKS)
    (row,) = [row async for row in table.select()]
    await table.put({**row.entity, "record": "no record"})
    fresh = Identities(dataverse, lambda _: "app", table=lambda: storage.table(LINKS), clock=clock)
    assert (await fresh.of(CONTOSO)).organization_id == "org"


async def test_while_the_account_is_away_each_instance_asks_for_itself_and_keeps_the_answer(storage):
    dataverse, clock = Dataverse(), PassingClock()
    storage.account.away = True
    one, two = (
        Identities(dataverse, lambda _: "app", table=lambda: storage.table(LINKS), clock=clock) for _ in range(2)
    )
    assert [(await each.of(CONTOSO)).user_id for each in (one, two, one)] == ["user1", "user2", "user1"]
    storage.account.away = False
    storage.account.lost_answers = 1  # of the read; what it would have said is not needed to go on
    fresh = Identities(dataverse, lambda _: "app", table=lambda: storage.table(LINKS), clock=clock)
    assert (await fresh.of(CONTOSO)).user_id == "user3"
