"""Circuits of several processes on a storage account: what each page shows, and who tells of it."""

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from azure.data.tables.aio import TableServiceClient

from integration.delivery.breaking.circuit_rows import TABLE, CircuitRows
from integration.delivery.breaking.circuits import Transition
from integration.errors import StorageUnavailable
from integration.storage import Storage

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
        table = service.get_table_client(TABLE)
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
