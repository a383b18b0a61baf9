"""A batch of CloudEvents, as the library writes them: each is an event of its own, whatever its neighbours are."""

import json

import msgspec
import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from integration.config.keys.model import Route
from integration.delivery.outcome import Buried, Deferred, Delivered, Ignored
from integration.errors import TargetRejected, TargetUnavailable
from tests.fixtures.journaled import journaled

BATCH = "application/cloudevents-batch+json; charset=UTF-8"
MOVED = Route(name="moved", target="orders", event_types=("com.example.moved",), requires_link=False)


@pytest.fixture
def bench(bench):
    journaled(bench)
    bench.build((MOVED,))
    return bench


def written(number, data=None, **attributes):
    given = {"id": f"m-{number}", "source": "/warehouse/7", "type": "com.example.moved", "specversion": "1.0"}
    return JSONFormat().write(CloudEvent({**given, **attributes}, {"pallet": number} if data is None else data))


def batch(*elements):
    return b"[" + b",".join(elements) + b"]"


async def receive(bench, body, content_type=BATCH):
    return await bench.pipeline.receive(msgspec.structs.replace(bench.inbound(body), content_type=content_type))


def ids(bench):
    return [shipment.event.id for shipment in bench.orders.shipments]


@pytest.mark.parametrize("content_type", [BATCH, BATCH.upper(), "application/json", ""])
async def test_each_event_is_delivered_for_itself_also_where_no_content_type_comes_along(bench, content_type):
    body = batch(written(1), written(2, "<a/>", datacontenttype="application/xml"), written(3, b"\x00\xff"))
    assert [type(each) for each in await receive(bench, body, content_type)] == [Delivered] * 3
    assert ids(bench) == ["m-1", "m-2", "m-3"]
    assert [bytes(each.event.data) for each in bench.orders.shipments] == [b'{"pallet": 1}', b"<a/>", b"\x00\xff"]
    assert len({each.event.key for each in bench.orders.shipments}) == 3


BROKEN = {
    "no id": b'{"specversion": "1.0", "source": "/s", "type": "com.example.moved"}',
    "another version": b'{"specversion": "9.0", "id": "1", "source": "/s", "type": "com.example.moved"}',
    "bad base64": b'{"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "data_base64": "?"}',
    "a number": b"7",
    "no json": b'{"specversion": "1.0", "id": 01}',
    "no text": b'{"specversion": "1.0", "id": "\xff"}',
    "claims to be ours": b'{"specversion": "1.0", "id": "1", "source": "/s", "type": "fno-link.integration.lost"}',
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
async def test_one_that_is_broken_is_a_dead_letter_alone_with_its_own_bytes(bench, broken):
    outcomes = await receive(bench, batch(written(1), broken, written(2)))
    assert [type(each) for each in outcomes] == [Delivered, Buried, Delivered]
    assert ids(bench) == ["m-1", "m-2"]
    [letter] = await bench.dead()
    assert letter.body == broken


async def test_outcomes_are_each_events_own(bench):
    bench.orders.failures = [TargetRejected("no"), TargetUnavailable("later")]
    outcomes = await receive(bench, batch(*(written(number) for number in range(4))))
    assert sorted(type(each).__name__ for each in outcomes) == ["Buried", "Deferred", "Delivered", "Delivered"]
    assert {type(each) for each in outcomes} == {Buried, Deferred, Delivered}
    [letter] = await bench.dead()
    assert letter.event.id not in ids(bench)


async def test_a_batch_that_comes_again_with_others_in_it_delivers_those_alone(bench):
    await receive(bench, batch(written(1), written(2)))
    outcomes = await receive(bench, batch(written(2), written(3), written(1), written(3)))
    assert ids(bench) == ["m-1", "m-2", "m-3"]
    assert len(outcomes) == 4


@pytest.mark.parametrize("body", [b"[]", b" [ ] "])
async def test_an_empty_batch_is_acknowledged_and_leaves_nothing(bench, body):
    assert await receive(bench, body) == [Ignored("empty")]
    assert await bench.dead() == []


async def test_a_batch_above_the_limits_is_one_dead_letter_whole(bench):
    body = b"[" + b",".join([b'{"specversion":"1.0"}'] * 5_001) + b"]"
    assert await receive(bench, body) == [Buried("", "TooLarge")]
    [letter] = await bench.dead()
    assert letter.body == body
    assert "5001 events; the limit is 5000" in letter.message


async def test_one_event_under_the_content_type_of_a_batch_is_read(bench):
    await receive(bench, written(1))
    await receive(bench, json.dumps(json.loads(batch(written(2)))).encode(), "application/cloudevents+json")
    assert ids(bench) == ["m-1", "m-2"]
