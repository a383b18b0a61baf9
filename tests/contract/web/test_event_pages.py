"""The journal over HTTP: events listed and shown with their deliveries, payloads only on request, outages told."""

import json
import random
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from integration.dead_letters import DeadLetters, Place, Record
from integration.events.event import Event
from integration.journal import Entry, Journal, Listing, Payloads, Run, Subject, Wanted
from integration.journal.scope import NO_ROUTE, ByRoute
from integration.operations.events import EventOperations
from integration.storage import Storage
from integration.web.events import EventPages
from integration.web.message import Request
from tests.fake_clock import FakeClock

AT = datetime(2026, 1, 1, tzinfo=UTC)
ORDER = Event(
    id="order-1",
    source="https://contoso.crm.dynamics.com/finance-operations",
    type="Order",
    organization="contoso",
    subject="SO-1",
    time=AT,
    extensions={"legalentity": "usmf"},
    ingress="erp",
)


@pytest.fixture
async def storage(azurite):
    opened = Storage({"AzureWebJobsStorage": azurite.spare_account()})
    yield opened
    await opened.close()


def kept(storage) -> Payloads:
    return Payloads(storage, FakeClock(), timedelta(days=14))


@pytest.fixture
def pages(storage) -> EventPages:
    clock = FakeClock()
    groups = {"contoso": ("erp",), "fabrikam": ("erp",)}
    return EventPages(
        EventOperations(Listing(storage, clock), DeadLetters(storage), kept(storage), groups, clock), None
    )


async def journalled(storage, event, *entries, accepted_at=AT):
    journal = Journal(storage, FakeClock(), random.Random(event.id), timedelta(days=14))
    run = await journal.claim(Subject.of(event), "source", accepted_at=accepted_at)
    assert isinstance(run, Run)
    await journal.end(run, entries)


def an_event(**changes):
    return Event(**{"id": "order-1", "source": "s", "type": "Order", "organization": "contoso", "time": AT, **changes})


def record(event, reason, route="orders", at=AT):
    return Record(
        organization=event.organization,
        reason=reason,
        message="m",
        accepted_at=at,
        recorded_at=at,
        event=event,
        route=route,
    )


def body(response, status=200):
    assert response.status == status, response.body
    return json.loads(response.body)


async def test_an_event_is_listed_and_shown_with_its_deliveries(pages, storage):
    letters = DeadLetters(storage)
    letter = await letters.bury(record(ORDER, "RetriesExhausted"))
    parked = await letters.park(record(ORDER, "NotLinked", "stock"))
    sent = Entry(slot=ByRoute("crm"), state="delivered", target="hook", attempt=2, status=202, response="ok", ms=31)
    failed = Entry(
        slot=ByRoute("orders"), state="dead_lettered", attempt=8, status=500, code="RetriesExhausted", letter=letter
    )
    waits = Entry(slot=ByRoute("stock"), state="parked", target="erp", code="NotLinked")
    await journalled(storage, ORDER, sent, failed, waits)
    (listed,) = body(await pages.list(Request(query={"organization": "contoso", "legalEntity": "usmf"})))["events"]
    assert (listed["id"], listed["key"], listed["state"]) == ("order-1", ORDER.key, "parked")
    assert (listed["source"], listed["subject"], listed["legalEntity"]) == ("erp", "SO-1", "usmf")
    assert listed["deliveries"][0] == {"route": "crm", "target": "hook", "state": "delivered"}
    for id_ in ("order-1", ORDER.key):
        crm, orders, stock = body(await pages.show(id_, Request()))["deliveries"]
        assert (crm["attempts"], crm["status"], crm["response"], crm["durationMs"]) == (2, 202, "ok", 31)
        assert (orders["code"], Place.of_id(orders["deadLetter"]).path) == ("RetriesExhausted", letter)
        assert Place.of_id(stock["parked"]).path == parked
    await letters.unpark(parked)
    *_, stock = body(await pages.show("order-1", Request()))["deliveries"]
    assert stock["parked"] is None


async def test_a_dead_letter_that_is_gone_is_not_named(pages, storage):
    letters = DeadLetters(storage)
    letter = await letters.bury(record(ORDER, "Unrouted", ""))
    await journalled(storage, ORDER, Entry(slot=NO_ROUTE, state="unrouted", letter=letter))
    (delivery,) = body(await pages.show("order-1", Request()))["deliveries"]
    place = Place.of_id(delivery["deadLetter"])
    assert place.path == letter
    _, version = await letters.read(place)
    await letters.remove(place, version)
    (delivery,) = body(await pages.show("order-1", Request()))["deliveries"]
    assert delivery["deadLetter"] is None


async def test_a_kept_payload_is_shown_when_it_is_asked_for_and_only_then(pages, storage):
    await journalled(storage, ORDER)
    assert body(await pages.show("order-1", Request(query={"payload": "true"})))["payload"] is None
    (found, _) = await Listing(storage, FakeClock()).page(Wanted(), 10)
    sent = msgspec.structs.replace(ORDER, data=msgspec.Raw(b'{"Lines":[1,2]}'))
    await kept(storage).put(found[0].table, sent)
    shown = body(await pages.show(ORDER.key, Request(query={"payload": "true"})))["payload"]
    assert (shown["id"], shown["data"]) == ("order-1", {"Lines": [1, 2]})
    for query in ({}, {"payload": "false"}):
        assert "payload" not in body(await pages.show("order-1", Request(query=query)))
    assert "Lines" not in (await pages.list(Request())).body.decode()
    assert body(await pages.show("order-1", Request(query={"payload": "yes"})), 400)["code"] == "InvalidRequest"
    assert body(await pages.list(Request(query={"payload": "true"})), 400)["code"] == "InvalidRequest"


async def test_several_events_of_one_id_are_told_apart_by_organization_or_key(pages, storage):
    other = an_event(organization="fabrikam")
    await journalled(storage, ORDER)
    await journalled(storage, other)
    answer = body(await pages.show("order-1", Request()), 409)
    assert (answer["code"], other.key in answer["detail"]) == ("AmbiguousEvent", True)
    shown = body(await pages.show("order-1", Request(query={"organization": "fabrikam"})))
    assert (shown["organization"], shown["key"]) == ("fabrikam", other.key)
    assert body(await pages.show(other.key, Request()))["organization"] == "fabrikam"


async def test_a_foreign_event_is_found_by_its_id(pages, storage):
    foreign = an_event(id="a/b", source="https://shop.example", foreign=True)
    await journalled(storage, foreign)
    assert body(await pages.show("a/b", Request()))["key"] == foreign.key
    await journalled(storage, an_event(id="a/b", source="https://other.example", foreign=True))
    assert body(await pages.show("a/b", Request()), 409)["code"] == "AmbiguousEvent"


@pytest.mark.parametrize("id_", ["", "nothing", "0" * 64, "\x00", "'", "x" * 3000])
async def test_what_never_came_in_is_404(pages, storage, id_):
    await journalled(storage, ORDER)
    assert body(await pages.show(id_, Request()), 404)["code"] == "UnknownEvent"


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "201"},
        {"state": "lost"},
        {"since": "yesterday"},
        {"until": "2026-01-02"},
        {"after": "x"},
        {"org": "contoso"},
        {"type": "a\x00b"},
    ],
)
async def test_a_query_that_is_none_is_refused(pages, query):
    assert body(await pages.list(Request(query=query)), 400)["code"] == "InvalidRequest"


async def test_a_storage_that_is_away_is_503():
    nowhere = "http://127.0.0.1:1/devstoreaccount1"
    settings = f"AccountName=devstoreaccount1;AccountKey=a2V5;TableEndpoint={nowhere}"
    settings = f"{settings};QueueEndpoint={nowhere};BlobEndpoint={nowhere}"
    storage = Storage({"AzureWebJobsStorage": settings})
    operations = EventOperations(
        Listing(storage, FakeClock()), DeadLetters(storage), kept(storage), {"contoso": ("erp",)}, FakeClock()
    )
    pages = EventPages(operations, None)
    response = await pages.list(Request())
    assert (body(response, 503)["code"], response.headers["Retry-After"]) == ("StorageUnavailable", "10")
    await storage.close()
