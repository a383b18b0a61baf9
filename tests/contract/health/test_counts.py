"""Counts and history on a storage account, by the real SDK, and as the worker writes them."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from integration.config.keys.model import Configuration, HttpSource, Organization, Route, StorageQueueTarget
from integration.delivery import Envelope
from integration.errors import StorageUnavailable
from integration.health.counts import Counts
from integration.health.history import History, Transition
from integration.health.sums import KEEP, Sums
from integration.routing.table import RouteTable
from integration.storage import Storage
from integration.tally import First, Key
from integration.worker import Worker
from tests.fake_clock import FakeClock

IN = Key("in", "contoso", "erp")
BURIED = Key("dead_lettered", "contoso", "erp", "orders", "TargetRejected")


@pytest.fixture
async def storage(azurite):
    opened = Storage({"AzureWebJobsStorage": azurite.spare_account()})
    yield opened
    await opened.close()


def total(totals, what):
    return sum(totals.by(what, lambda _: "").values())


async def test_what_many_processes_wrote_is_folded_read_and_deleted(storage):
    clock = FakeClock()
    sums = Sums(storage, clock)
    assert (await sums.read()).spans == ()
    await sums.fold()
    for name in range(120):
        process = Counts(storage, clock, f"p{name}")
        process.tally(IN)
        process.tally(BURIED, First(at=clock.now(), type="Bestellung_ä", id="1", message="x" * 300))
        await process.flush()
    seen = clock.now()
    await clock.advance(900)
    await sums.fold(watched=("erp", "quiet"))
    totals = await sums.read()
    assert (total(totals, "in"), total(totals, "dead_lettered")) == (120, 120)
    assert len(totals.spans) == 1
    assert [first.type for _, first in totals.firsts("dead_lettered", "contoso")] == ["Bestellung_ä"] * 3
    assert await sums.read_all() == (totals, await sums.sources())
    sources = await sums.sources()
    assert (sources["erp"].at, sources["quiet"].at, sources["quiet"].begun) == (seen, None, clock.now())
    await clock.advance(KEEP.total_seconds() + 3_600)
    assert await sums.retain() == 1
    assert (await sums.read(KEEP * 2)).spans == ()
    assert set(await sums.sources()) == {"erp", "quiet"}


async def test_the_largest_minute_fits_into_its_row(storage):
    clock = FakeClock()
    process = Counts(storage, clock, "p")
    for number in range(20_100):
        process.tally(Key("dead_lettered", f"organization-{number % 1000}", f"s{number}", f"t{number}", "Unreachable"))
    await process.flush()
    assert total(await Sums(storage, clock).read(), "dead_lettered") == 20_100


async def test_history_is_kept_read_by_subject_and_deleted_by_month(storage):
    clock = FakeClock()
    history = History(storage, clock)
    assert await history.read() == []
    noted = [
        Transition(at=clock.now() + timedelta(minutes=n), kind="integration", subject=f"o{n % 3}", phase="firing")
        for n in range(150)
    ]
    await history.note(noted)
    await history.note(noted)
    assert await history.read() == noted
    ours = [each for each in noted[100:] if each.subject == "o1"]
    assert await history.read(subject="o1", since=noted[100].at) == ours
    await clock.advance(200 * 86_400)
    assert await history.retain() == 150
    assert await history.read(since=noted[0].at) == []


BODY = json.dumps({"BusinessEventId": "X", "EventId": "5B7A6E4B-0000-4000-8000-000000000001"}).encode()
CONFIGURATION = Configuration(
    organizations={
        "contoso": Organization(name="contoso", url="https://contoso.crm.dynamics.com", tenant="contoso.com")
    },
    sources={"erp": HttpSource(name="erp", organization="contoso")},
    routes=(Route(name="all", target="orders", requires_link=False),),
    targets={"orders": StorageQueueTarget(name="orders", queue="orders")},
)


def worker_of(account):
    table = RouteTable.compile(CONFIGURATION.routes, targets=CONFIGURATION.targets)
    return Worker(CONFIGURATION, table, {"AzureWebJobsStorage": account})


async def test_a_worker_writes_what_it_has_counted_when_it_ends(azurite):
    account = azurite.spare_account()
    first = worker_of(account)
    await first.take_envelope(Envelope(source="erp", received_at=datetime.now(UTC), body=BODY).encode())
    await first.close()
    second = worker_of(account)
    totals = await second.sums.read()
    assert totals.by("in", lambda key: key.source) == {"erp": 1}
    assert totals.by("delivered", lambda key: key.target) == {"orders": 1}
    await second.history.note([Transition(at=datetime(2020, 1, 1, tzinfo=UTC), kind="k", subject="s", phase="ok")])
    await second.retain()
    assert await second.history.read(since=datetime(2019, 1, 1, tzinfo=UTC)) == []
    await second.close()


async def test_a_message_that_has_to_go_back_counts_against_its_source():
    nowhere = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;"
    nowhere += "".join(f"{service}Endpoint=http://127.0.0.1:9/a;" for service in ("Blob", "Queue", "Table"))
    worker = worker_of(nowhere)
    counted = []
    worker.tally = lambda key, first=None: counted.append(key)

    async def away(*_, **__):
        raise StorageUnavailable

    worker.pipeline.receive = away
    with pytest.raises(StorageUnavailable):
        await worker.take("erp", BODY, received_at=datetime.now(UTC))
    assert counted == [Key("failed", "contoso", "erp", "", "StorageUnavailable")]
    await worker.close()
