"""Circuits of several processes on a storage account: what each page shows, and who tells of it."""

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from azure.data.tables.aio import TableServiceClient

from integration.config.keys.model import Breaker
from integration.delivery.breaking.circuit import PROBE_LASTS
from integration.delivery.breaking.circuit_rows import CircuitRows
from integration.delivery.breaking.circuits import Circuits, Transition
from integration.delivery.shipment import Receipt, Shipment
from integration.errors import StorageUnavailable
from integration.events.alerts import Failed
from integration.events.event import Event
from integration.storage import Storage
from integration.storage.names import CIRCUITS
from tests.fake_clock import FakeClock

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
MOVED = Transition(
    target="orders",
    state="opened",
    at=NOW,
    since=NOW,
    code="TargetUnavailable",
    organization="contoso",
    source="https://contoso.crm.dynamics.com/fno-link",
    until=NOW + timedelta(seconds=30),
    opened=1,
)


def moved(state, **more):
    return msgspec.structs.replace(MOVED, state=state, **more)


@pytest.fixture
def account(azurite):
    return azurite.spare_account()


@pytest.fixture
async def processes(account):
    """Three processes: each with connections of its own."""
    storages = [Storage({"AzureWebJobsStorage": account}) for _ in range(3)]
    yield [CircuitRows(storage) for storage in storages]
    for storage in storages:
        await storage.close()


async def test_every_process_knows_what_one_has_found_out_and_one_tells_of_it(processes):
    first, second, third = processes
    assert await third.open() == {}
    assert await first.note(MOVED) == MOVED
    assert await second.note(moved("opened", at=NOW + timedelta(seconds=5), since=NOW + timedelta(seconds=5))) is None
    (standing,) = (await third.open()).values()
    assert (standing.since, standing.code, standing.opened) == (NOW, "TargetUnavailable", 1)
    told = await third.note(moved("answered", at=NOW + timedelta(minutes=1), since=NOW + timedelta(minutes=1)))
    assert (told.state, told.since) == ("closed", NOW)
    assert await first.note(moved("closed")) is None
    assert await second.open() == {}
    assert (await second.note(moved("reopened"))).state == "opened"


class Taking:
    """Takes every delivery."""

    async def deliver(self, _shipment) -> Receipt:
        return Receipt(200)

    async def close(self) -> None:
        """Nothing to close."""


class One:
    def get(self, _name: str) -> Taking:
        return Taking()


async def test_another_process_makes_the_trial_of_one_that_is_gone(processes):
    gone, heir, page = processes
    await gone.note(MOVED)  # and never heard of again: it was killed during its probe
    clock = FakeClock(skew=(NOW - FakeClock().now()).total_seconds())
    circuits = Circuits(One(), Breaker(), clock)
    event = Event(id="e1", source=MOVED.source, type="T", organization="contoso", data=msgspec.Raw(b"{}"))

    async def serve() -> list[str]:
        await circuits.get("orders").deliver(Shipment(event, "r"))
        told = [await heir.note(each) for each in circuits.take_transitions()]
        return [each.state for each in told if each is not None]

    assert await serve() == []  # the probe is due in 30 s, and whoever opened it may make it
    assert list(await page.open()) == ["orders"]
    await clock.advance(30 + PROBE_LASTS.total_seconds())
    assert await serve() == ["closed"]
    assert await page.open() == {}


async def test_the_row_says_what_failed_first_and_whether_that_was_told(processes):
    first, second, _ = processes
    failure = (Failed(type="Order", id="1", code="TargetUnavailable", message="it answered 503", route="large"),)
    news = await first.note(moved("opened", failed=failure))
    later = (Failed(type="Order", id="2", code="TargetUnavailable", message="another"),)
    assert await second.note(moved("opened", failed=later)) is None
    row = (await second.all())["orders"]
    assert (row.failed, row.told) == (failure, False)
    await first.tell(news)
    # What happens to an open circuit leaves it told; that it is closed is news, and says what had failed.
    await second.note(moved("reopened", failed=later))
    assert (await second.all())["orders"].told is True
    news = await second.note(moved("answered"))
    assert (news.state, news.failed) == ("closed", failure)
    row = (await first.all())["orders"]
    assert (row.state, row.told) == ("closed", False)
    # One that was opened meanwhile is not what was told; and what came from outside fits into a row.
    later = tuple(Failed(type="t" * 99_999, id="i" * 99_999, code="c", message="m" * 99_999) for _ in range(10))
    await first.note(moved("opened", failed=later))
    await second.tell(news)
    row = (await first.all())["orders"]
    assert (row.state, [len(each.id) for each in row.failed], row.told) == ("open", [500] * 3, False)


async def test_of_many_at_once_one_tells(processes):
    for state in ("opened", "closed"):
        told = await asyncio.gather(*(rows.note(moved(state)) for rows in processes * 3))
        assert [each.state for each in told if each is not None] == [state]


async def test_targets_are_told_apart_whatever_their_names(processes):
    names = ("a/b", "a#b", "a?b", "ü", "orders")
    for name in names:
        assert await processes[0].note(moved("opened", target=name)) is not None
    assert set(await processes[1].open()) == set(names)


async def test_a_row_that_cannot_be_read_says_nothing_and_is_written_anew(processes, account):
    await processes[0].note(MOVED)
    async with TableServiceClient.from_connection_string(account) as service:
        table = service.get_table_client(CIRCUITS)
        (row,) = [row async for row in table.list_entities()]
        for text in ("", "{", '{"v": 2}', "\ud83d", row["circuit"].replace('"v":1', '"v":9')):
            await table.update_entity({**row, "circuit": text})
            assert await processes[1].open() == {}
            assert (await processes[1].note(MOVED)).state == "opened"
            assert list(await processes[2].open()) == ["orders"]


async def test_storage_that_is_away_is_said_so():
    storage = Storage(
        {
            "AzureWebJobsStorage": "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:9/a"
        }
    )
    rows = CircuitRows(storage)
    with pytest.raises(StorageUnavailable):
        await rows.note(MOVED)
    with pytest.raises(StorageUnavailable):
        await rows.open()
    await storage.close()
