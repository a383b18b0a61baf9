"""What an operator sees of parked deliveries, and what a release by hand does."""

import json
from datetime import timedelta

import msgspec
import pytest

from integration.delivery import Release, decode_continuation
from integration.errors import TargetRejected, Unreachable
from integration.operations.parked import ParkedOperations
from integration.web.message import Request
from integration.web.parked import ParkedPages
from tests.fixtures.bench import AT, LINKED, MOVED, NOT_LINKED, ORDERS, business_event


@pytest.fixture
async def pages(bench) -> ParkedPages:
    bench.build((ORDERS,))
    bench.links.answer = NOT_LINKED
    for number in range(3):
        inbound = bench.inbound(business_event(EventId=f"{number:08}"))
        await bench.pipeline.receive(msgspec.structs.replace(inbound, received_at=AT + timedelta(seconds=number)))
    return ParkedPages(ParkedOperations(bench.dead_letters, bench.releases))


def body(response, status=200):
    assert response.status == status, response.body
    return json.loads(response.body)


def post(**order):
    return Request(method="POST", body=json.dumps(order).encode())


async def ids(pages):
    return [each["id"] for each in body(await pages.list(Request()))["parked"]]


async def test_they_are_listed_oldest_first_page_by_page_and_shown_with_their_event(pages):
    page = body(await pages.list(Request(query={"limit": "2", "reason": "NotLinked"})))
    assert [each["eventId"] for each in page["parked"]] == ["00000000", "00000001"]
    page = body(await pages.list(Request(query={"after": page["next"]})))
    assert ([each["eventId"] for each in page["parked"]], page["next"]) == (["00000002"], None)
    shown = body(await pages.show(page["parked"][0]["id"]))
    assert (shown["reason"], shown["route"], shown["event"]["id"]) == ("NotLinked", "orders", "00000002")
    assert body(await pages.list(Request(query={"route": "others"})))["parked"] == []


async def test_those_that_are_named_go_on_at_once(pages, bench):
    first, second, third = await ids(pages)
    bench.links.answer = LINKED
    bench.orders.failures = [TargetRejected("no", status=400)]
    done = body(await pages.release(post(ids=[second, first])))
    assert done == {"released": {second: ["delivered"], first: ["deadLettered"]}, "left": []}
    assert [shipment.event.id for shipment in bench.orders.shipments] == ["00000001"]
    assert await ids(pages) == [third]
    assert body(await pages.release(post(ids=[first]))) == {"released": {first: []}, "left": []}
    assert body(await pages.show(first), 404)["code"] == "UnknownDeadLetter"


async def test_what_cannot_go_on_stays_parked(pages, bench):
    first, *_ = await ids(pages)
    assert body(await pages.release(post(ids=[first])))["released"] == {first: ["parked"]}
    bench.links.answer = Unreachable("no route to host")
    answer = await pages.release(post(ids=[first]))
    assert (body(answer, 503)["code"], answer.headers["Retry-After"]) == ("Unreachable", "10")
    assert len(await ids(pages)) == 3


async def test_another_environment_gets_only_what_is_sent_there_by_name(pages, bench):
    bench.links.answer = MOVED
    await bench.releases.run(Release(organization="contoso"))
    first, *others = await ids(pages)
    assert body(await pages.release(post(ids=[first])))["released"] == {first: ["parked"]}
    assert bench.orders.shipments == []
    done = body(await pages.release(post(ids=[first], currentEnvironment=True)))
    assert done["released"] == {first: ["delivered"]}
    (shipment,) = bench.orders.shipments
    assert (shipment.event.id, shipment.event.extensions["fnoid"]) == ("00000000", "two")
    assert await ids(pages) == others


async def test_those_of_an_organization_are_ordered(pages, bench):
    assert body(await pages.release(post(organization="contoso")), 202) == {"ordered": True}
    (message,) = await bench.continuations()
    assert decode_continuation(message) == Release(organization="contoso", held=True)
    assert body(await pages.release(post(organization="fabrikam")), 202) == {"ordered": False}


async def test_a_release_leaves_what_it_has_no_time_for(pages, bench):
    first, second, third = await ids(pages)
    bench.links.answer = LINKED
    delivered = bench.orders.deliver

    async def slowly(shipment):
        bench.clock.seconds += 45
        return await delivered(shipment)

    bench.orders.deliver = slowly
    assert body(await pages.release(post(ids=[third, second, first])))["left"] == [third]


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"organization": "contoso", "ids": ["x"]},
        {"organization": "contoso", "currentEnvironment": True},
        {"organization": "../x"},
        {"ids": ["x"] * 21},
        {"identifiers": []},
        [],
    ],
)
async def test_an_order_that_cannot_be_meant_is_refused(pages, order):
    response = await pages.release(Request(method="POST", body=json.dumps(order).encode()))
    assert body(response, 400)["code"] == "InvalidRequest"


async def test_what_is_none_is_404(pages):
    assert body(await pages.release(post(ids=["x"])), 404)["code"] == "UnknownDeadLetter"
    assert body(await pages.show("x"), 404)["code"] == "UnknownDeadLetter"
