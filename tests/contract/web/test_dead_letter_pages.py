"""Dead letters over HTTP: pages without gap or repetition, one shown whole, replays and purges ordered and followed."""

import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from integration.config.keys.model import Configuration, Organization
from integration.dead_letters import DeadLetters, Record
from integration.delivery import Replays
from integration.delivery.queued.queue import RetryQueue
from integration.events.event import Event
from integration.operations.dead_letters import DeadLetterOperations
from integration.storage import Storage
from integration.storage.names import DEAD_LETTERS, RETRIES
from integration.web.dead_letters import DeadLetterPages
from integration.web.message import Request
from tests.fake_clock import PassingClock

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
async def storage(azurite):
    opened = Storage({"AzureWebJobsStorage": azurite.spare_account()})
    yield opened
    await opened.close()


@pytest.fixture
def pages(storage) -> DeadLetterPages:
    contoso = Organization(name="contoso", url="https://contoso.crm.dynamics.com", tenant="contoso.com")
    replays = Replays(
        configuration=Configuration(organizations={"contoso": contoso}, sources={}, routes=(), targets={}),
        dead_letters=DeadLetters(storage),
        pipeline=None,
        retries=RetryQueue(storage),
        storage=storage,
        clock=PassingClock(AT + timedelta(days=1)),
    )
    return DeadLetterPages(DeadLetterOperations(DeadLetters(storage), replays))


async def bury(storage, number: int, **changes) -> str:
    event = Event(
        id=f"e{number}", source="s", type="T", organization="contoso", data=msgspec.Raw(b'{"a":1}'), ingress="erp"
    )
    fields = {
        "organization": "contoso",
        "reason": "TargetRejected",
        "message": "answered 400",
        "accepted_at": AT + timedelta(minutes=number),
        "recorded_at": AT,
        "event": event,
        "route": "orders",
    }
    return await DeadLetters(storage).bury(Record(**{**fields, **changes}))


def body(response):
    return json.loads(response.body)


async def test_pages_follow_one_another_without_gap_or_repetition(pages, storage):
    for number in range(5):
        await bury(storage, number)
    seen, after = [], ""
    for _ in range(3):
        query = {"limit": "2"} | ({"after": after} if after else {})
        response = await pages.list(Request(query=query))
        assert response.status == 200
        seen += [each["eventId"] for each in body(response)["deadLetters"]]
        after = body(response)["next"]
    assert seen == ["e0", "e1", "e2", "e3", "e4"]
    assert after is None


async def test_one_is_shown_with_its_event_or_its_body(pages, storage):
    await bury(storage, 1)
    await bury(storage, 2, event=None, body=b"<xml/>", content_type="text/xml", route="")
    await bury(storage, 3, event=None, body=b"\xff\x00", route="")
    listed = body(await pages.list(Request()))["deadLetters"]
    one, two, three = [body(await pages.show(each["id"])) for each in listed]
    assert (one["event"]["id"], one["event"]["data"], one["reason"]) == ("e1", {"a": 1}, "TargetRejected")
    assert (two["body"], two["contentType"]) == ("<xml/>", "text/xml")
    assert three["bodyBase64"] == "/wA="


async def test_what_cannot_be_read_is_shown_as_it_is(pages, storage):
    path = await bury(storage, 1)
    await storage.blobs(DEAD_LETTERS).put(path, b"no record")
    (listed,) = body(await pages.list(Request()))["deadLetters"]
    assert listed["unreadable"] is True
    assert body(await pages.show(listed["id"]))["body"] == "no record"


@pytest.mark.parametrize(
    "query",
    [{"limit": "0"}, {"limit": "201"}, {"limit": "x"}, {"since": "yesterday"}, {"since": "2026-01-02"}, {"org": "x"}],
)
async def test_a_query_that_is_none_is_refused(pages, query):
    response = await pages.list(Request(query=query))
    assert (response.status, body(response)["code"]) == (400, "InvalidRequest")


async def test_an_unknown_id_is_404(pages):
    assert (await pages.show("bGVhc2VzL2NvbnRvc28")).status == 404
    assert (await pages.list(Request(query={"after": "x"}))).status == 404
    assert (await pages.job("x")).status == 404
    assert (await pages.job("0" * 32)).status == 404


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"filter": {}},
        {"ids": ["x"], "filter": {"reason": "Poison"}},
        {"filter": {"reazon": "Poison"}},
        {"all": True, "perSecond": 0},
        {"filter": {"organization": "../x"}},
        [],
        {"ids": ["x"] * 101},
    ],
)
async def test_an_order_that_cannot_be_meant_is_refused(pages, order):
    for handler in (pages.replay, pages.purge):
        response = await handler(Request(method="POST", body=json.dumps(order).encode()))
        assert (response.status, body(response)["code"]) == (400, "InvalidRequest")


async def test_a_replay_is_ordered_and_its_progress_can_be_asked_for(pages, storage):
    await bury(storage, 1)
    response = await pages.replay(Request(method="POST", body=b'{"filter": {"reason": "TargetRejected"}}'))
    assert response.status == 202
    job = body(response)
    assert response.headers["Location"] == f"/api/dead-letters/jobs/{job['id']}"
    assert body(await pages.job(job["id"])) == job
    assert (job["kind"], job["state"], job["filter"]) == ("replay", "queued", {"reason": "TargetRejected"})
    assert await storage.queue(RETRIES).depth() == 1


async def test_a_purge_counts_unless_it_is_told_to_purge(pages, storage):
    for number in range(3):
        await bury(storage, number)
    await bury(storage, 9, reason="Poison")
    response = await pages.purge(Request(method="POST", body=b'{"all": true}'))
    assert (response.status, body(response)) == (
        200,
        {"dryRun": True, "matching": 4, "complete": True, "byReason": {"Poison": 1, "TargetRejected": 3}},
    )
    assert await storage.queue(RETRIES).depth() == 0
    response = await pages.purge(Request(method="POST", body=b'{"filter": {"reason": "Poison"}, "dryRun": false}'))
    assert response.status == 202
    assert body(response)["kind"] == "purge"
    assert await storage.queue(RETRIES).depth() == 1
