"""Purges and replays of journalled events: only what was meant is forgotten, even in a crash or beside writers."""

import json
import random
from datetime import UTC, datetime, timedelta

import pytest

from integration.config.keys.model import Configuration
from integration.dead_letters import DeadLetters
from integration.delivery import EventReplays, Replays
from integration.delivery.queued.queue import RetryQueue
from integration.errors import InvalidRequest, StorageUnavailable
from integration.events.event import Event
from integration.events.record import store
from integration.journal import Entry, Journal, Listing, Payloads, Run, Subject
from integration.journal.scope import ByRoute
from integration.operations.event_orders import EventOrders, read_purge
from integration.operations.events import EventOperations
from integration.storage import Storage
from integration.storage.names import KEPT_PAYLOADS
from integration.web.events import EventPages
from integration.web.message import Request
from tests.fake_clock import FakeClock

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
async def storage(azurite):
    opened = Storage({"AzureWebJobsStorage": azurite.spare_account()})
    yield opened
    await opened.close()


@pytest.fixture
def orders(storage) -> EventPages:
    clock = FakeClock()
    listing = Listing(storage, clock)
    payloads = kept(storage)
    letters = DeadLetters(storage)
    events = EventOperations(listing, letters, payloads, {"contoso": ("erp",)}, clock)
    replays = Replays(
        configuration=Configuration(organizations={}, sources={}, routes=(), targets={}),
        dead_letters=letters,
        pipeline=None,
        retries=None,
        storage=storage,
        clock=clock,
    )
    return EventPages(
        events,
        EventOrders(
            events=events,
            listing=listing,
            replays=replays,
            event_replays=EventReplays(payloads, RetryQueue(storage)),
            payloads=payloads,
            clock=clock,
        ),
    )


def kept(storage) -> Payloads:
    return Payloads(storage, FakeClock(), timedelta(days=14))


async def journalled(storage, number, state="delivered", *, organization="contoso", ended=True):
    journal = Journal(storage, FakeClock(), random.Random(number), timedelta(days=14))
    subject = Subject(organization=organization, key=f"{number:064x}"[::-1], time=AT, id=f"e{number}", type="Order")
    run = await journal.claim(subject, "source", accepted_at=AT + timedelta(minutes=number))
    assert isinstance(run, Run)
    if ended:
        await journal.end(run, (Entry(slot=ByRoute("orders"), state=state),))
    return subject


async def left(storage):
    found, _ = await Listing(storage, FakeClock()).page(read_purge({"all": "true"}).wanted, 1000)
    return {row.row.subject.id for row in found}


async def purged(orders, **query):
    response = await orders.purge(Request(method="DELETE", query=query))
    assert response.status == 200, response.body
    return json.loads(response.body)


async def test_only_what_is_over_is_forgotten(orders, storage):
    for number, state in enumerate(("delivered", "dead_lettered", "unrouted", "deferred", "parked")):
        await journalled(storage, number, state)
    await journalled(storage, 5, ended=False)
    counted = {"dryRun": True, "matching": 3, "kept": 3, "next": None}
    assert await purged(orders, organization="contoso") == counted
    assert len(await left(storage)) == 6
    assert await purged(orders, organization="contoso", dryRun="false") == {
        "dryRun": False,
        "purged": 3,
        "kept": 3,
        "next": None,
    }
    assert await left(storage) == {"e3", "e4", "e5"}


async def test_an_organization_or_a_time_is_forgotten_and_nothing_else(orders, storage):
    for number in range(6):
        await journalled(storage, number, organization="contoso" if number % 2 else "fabrikam")
    await purged(orders, organization="fabrikam", dryRun="false")
    assert await left(storage) == {"e1", "e3", "e5"}
    await purged(orders, since="2026-01-01T00:03:00Z", until="2026-01-01T00:05:00Z", dryRun="false")
    assert await left(storage) == {"e1", "e5"}


async def test_a_row_that_is_written_meanwhile_is_kept_and_one_that_cannot_be_read_is_not(storage):
    listing = Listing(storage, FakeClock())
    subject = await journalled(storage, 1)
    found = await listing.get("contoso", subject.key)
    assert found is not None
    journal = Journal(storage, FakeClock(), random.Random(9), timedelta(days=14))
    await journal.claim(subject, "source", accepted_at=AT)  # a duplicate, counted on the row
    assert await listing.remove([found]) == 0
    table = await storage.table(found.table)
    await table.put({"PartitionKey": found.partition, "RowKey": subject.key, "v": 99})
    found = await listing.get("contoso", subject.key)
    assert found is not None
    assert await listing.remove([found]) == 1
    assert await listing.get("contoso", subject.key) is None


def event_of(subject) -> Event:
    return Event(
        id=subject.id, source="s", type="Order", organization=subject.organization, time=AT, ingress="erp", foreign=True
    )


async def test_what_was_kept_of_an_event_is_forgotten_with_its_row_and_nothing_else(orders, storage):
    blobs = storage.blobs(KEPT_PAYLOADS)
    paths = {}
    for number, state in enumerate(("delivered", "dead_lettered", "parked")):
        subject = await journalled(storage, number, state)
        found = await Listing(storage, FakeClock()).get("contoso", subject.key)
        paths[state] = f"{found.table}/contoso/{subject.key}.json"
        await blobs.put(paths[state], store(event_of(subject)))
    await purged(orders, all="true")
    assert {path async for path in blobs.names("")} == set(paths.values())
    assert (await purged(orders, all="true", dryRun="false"))["purged"] == 2
    assert {path async for path in blobs.names("")} == {paths["parked"]}
    assert await left(storage) == {"e2"}


async def test_a_purge_that_dies_between_payload_and_row_leaves_nothing_when_it_is_made_again(
    orders, storage, monkeypatch
):
    subject = await journalled(storage, 1)
    found = await Listing(storage, FakeClock()).get("contoso", subject.key)
    blobs = storage.blobs(KEPT_PAYLOADS)
    await blobs.put(f"{found.table}/contoso/{subject.key}.json", store(event_of(subject)))

    async def away(self, found):
        raise StorageUnavailable

    with monkeypatch.context() as patched:
        patched.setattr(Listing, "remove", away)
        response = await orders.purge(Request(method="DELETE", query={"all": "true", "dryRun": "false"}))
        assert response.status == 503
    assert await left(storage) == {"e1"}
    assert (await purged(orders, all="true", dryRun="false"))["purged"] == 1
    assert [path async for path in blobs.names("")] == []


async def test_what_takes_longer_says_where_to_go_on(orders, storage, monkeypatch):
    for number in range(7):
        await journalled(storage, number)
    monkeypatch.setattr("integration.operations.event_orders._ROWS", 3)
    monkeypatch.setattr("integration.operations.event_orders.PURGE_BUDGET_SECONDS", -1.0)
    counts, after = [], {}
    while True:
        part = await purged(orders, all="true", dryRun="false", **after)
        counts.append(part["purged"])
        if part["next"] is None:
            break
        after = {"after": part["next"]}
    assert sum(counts) == 7
    assert max(counts) <= 3
    assert await left(storage) == set()


async def test_an_event_without_a_dead_letter_whose_payload_was_not_kept_is_not_replayed(orders, storage):
    subject = await journalled(storage, 1)
    for id_ in ("e1", subject.key):
        response = await orders.replay(id_, Request(method="POST", query={"organization": "contoso"}))
        problem = json.loads(response.body)
        assert (response.status, problem["code"]) == (409, "PayloadNotKept")
        assert problem["detail"] == f"the event {id_!r} has no dead letter, and its payload was not kept"
    assert (await orders.replay("e2", Request(method="POST"))).status == 404


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"dryRun": "false"},
        {"all": "yes"},
        {"organization": "contoso", "dryRun": "no"},
        {"all": "true", "after": "x"},
    ],
)
def test_a_purge_that_cannot_be_meant_is_refused(query):
    with pytest.raises(InvalidRequest):
        read_purge(query)
