"""Batches to a webhook: what is under way at once goes together, and each delivery has the outcome that is its own."""

import asyncio
import json
from itertools import chain

import httpx
import msgspec
import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from integration.config.keys.model import WebhookTarget
from integration.delivery.shipment import Receipt, Shipment
from integration.delivery.targets.batches import MOST_BYTES, MOST_EVENTS
from integration.delivery.targets.webhook import Webhook
from integration.errors import TargetRejected, TargetUnavailable
from integration.events.event import Event


def event(number, data=b"{}"):
    return Event(id=f"e{number}", source="/s", type="t", organization="contoso", data=msgspec.Raw(data))


class Receiver:
    """Answers as a test says, and lets nobody in before it may."""

    def __init__(self) -> None:
        self.requests = []
        self.judge = lambda events: 202
        self.gate = asyncio.Event()
        self.came = asyncio.Event()

    async def __call__(self, request) -> httpx.Response:
        self.requests.append(request)
        self.came.set()
        await self.gate.wait()
        return httpx.Response(self.judge(json.loads(request.content)), stream=httpx.ByteStream(b"said"))

    @property
    def batches(self):
        return [[each["id"] for each in json.loads(request.content)] for request in self.requests]


@pytest.fixture
async def receiver():
    return Receiver()


@pytest.fixture
async def target(receiver):
    async with httpx.AsyncClient(transport=httpx.MockTransport(receiver)) as http:
        target = Webhook(WebhookTarget(name="hook", url="https://a.example/{type}", mode="batch"), http)
        yield target
        await target.close()


async def deliver(target, receiver, events):
    """Deliver all at once; the first is under way before the others come."""
    tasks = [asyncio.create_task(target.deliver(Shipment(each, "route"))) for each in events]
    await receiver.came.wait()
    receiver.gate.set()
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_one_alone_is_a_batch_of_one_and_the_library_reads_it(target, receiver):
    assert await deliver(target, receiver, [event(1, b'{"a": 1}')]) == [Receipt(202, "said")]
    [request] = receiver.requests
    assert request.headers["content-type"] == "application/cloudevents-batch+json; charset=utf-8"
    [element] = json.loads(request.content)
    read = JSONFormat().read(CloudEvent, json.dumps(element))
    assert (read.get_id(), read.get_data()) == ("e1", {"a": 1})


async def test_what_comes_at_once_goes_together_and_no_batch_is_too_large(target, receiver):
    done = await deliver(target, receiver, [event(number) for number in range(250)])
    assert done == [Receipt(202, "said")] * 250
    assert [len(batch) for batch in receiver.batches] == [100, 100, 50]
    assert sorted(chain.from_iterable(receiver.batches)) == sorted(f"e{number}" for number in range(250))
    assert MOST_EVENTS == 100
    receiver.requests.clear()
    large = b'"' + b"x" * (MOST_BYTES // 3) + b'"'
    await deliver(target, receiver, [event(number, large) for number in range(5)])
    assert [len(batch) for batch in receiver.batches] == [2, 2, 1]
    receiver.requests.clear()
    await deliver(target, receiver, [event(1, b'"' + b"x" * MOST_BYTES + b'"'), event(2)])
    assert receiver.batches == [["e1"], ["e2"]]


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_one_that_is_refused_takes_none_with_it(target, receiver, status):
    receiver.judge = lambda events: status if any(each["id"] == "e5" for each in events) else 202
    done = await deliver(target, receiver, [event(number) for number in range(16)])
    assert isinstance(done[5], TargetRejected)
    assert done[5].status == status
    assert [each for number, each in enumerate(done) if number != 5] == [Receipt(202, "said")] * 15
    assert len(receiver.batches) == 9


@pytest.mark.parametrize(("status", "error"), [(503, TargetUnavailable), (401, TargetRejected), (302, TargetRejected)])
async def test_what_is_for_all_is_each_ones_own_error(target, receiver, status, error):
    receiver.judge = lambda events: status
    done = await deliver(target, receiver, [event(number) for number in range(16)])
    assert {(type(each), each.status, each.response) for each in done} == {(error, status, "said")}
    assert len({id(each) for each in done}) == 16
    assert len(receiver.batches) == 1


async def test_each_url_has_batches_of_its_own_and_a_fault_of_one_leaves_the_target_usable(target, receiver):
    other = msgspec.structs.replace(event(2), type="other")
    await deliver(target, receiver, [event(1), other])
    assert sorted(str(request.url) for request in receiver.requests) == [
        "https://a.example/other",
        "https://a.example/t",
    ]
    receiver.judge = lambda events: events[7]
    [broken] = await deliver(target, receiver, [event(1)])
    assert isinstance(broken, IndexError)
    receiver.judge = lambda events: 202
    assert await deliver(target, receiver, [event(1)]) == [Receipt(202, "said")]


async def test_at_the_end_who_waits_is_told_that_it_may_be_tried_again(target, receiver):
    waiting = [asyncio.create_task(target.deliver(Shipment(event(number), "route"))) for number in range(3)]
    await receiver.came.wait()
    await target.close()
    done = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(each) for each in done} == {TargetUnavailable}
