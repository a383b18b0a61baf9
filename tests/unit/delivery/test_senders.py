"""No sender speaks for another: who may send to one source cannot claim, replace or undo what comes by the next."""

import json
import uuid

import msgspec
import pytest

from integration.delivery.outcome import Delivered
from integration.events.decode import decode
from tests.fixtures.bench import ORDERS, OTHERS, business_event
from tests.fixtures.journaled import DELIVERED, DUPLICATE, journaled

GUID = "4EF5A7C0-11D2-4C5B-9D77-3B1F0C2A9E10"


@pytest.fixture
def bench(bench):
    return journaled(bench)


def by(bench, source, body, **more):
    return msgspec.structs.replace(bench.inbound(body), ingress=source, **more)


@pytest.mark.parametrize("own", [{"EventId": GUID}, {"EventId": None, "ControlNumber": 5637611099}])
async def test_an_id_that_another_source_has_claimed_before_takes_nothing_from_the_real_event(bench, own):
    forged, real = business_event(**own, OrderTotal=1), business_event(**own, OrderTotal=1000)
    assert await bench.pipeline.receive(by(bench, "shop", forged)) == DELIVERED
    assert await bench.pipeline.receive(by(bench, "erp", real)) == DELIVERED
    assert [each.event.payload["OrderTotal"] for each in bench.orders.shipments] == [1, 1000]
    assert await bench.pipeline.receive(by(bench, "erp", real)) == DUPLICATE


@pytest.mark.parametrize("spelled", [GUID, GUID.lower(), f"{{{GUID}}}", f"{{{GUID.lower()}}}"])
async def test_in_a_group_an_event_is_the_same_by_whichever_source_it_comes(bench, spelled):
    first, again = business_event(EventId=GUID), business_event(EventId=spelled)
    assert await bench.pipeline.receive(by(bench, "erp-http", first, group="erp")) == DELIVERED
    assert await bench.pipeline.receive(by(bench, "erp-bus", again, group="erp")) == DUPLICATE
    assert len(bench.orders.shipments) == 1


async def test_four_events_that_share_a_cloud_events_id_have_four_message_ids(bench):
    bench.build((msgspec.structs.replace(ORDERS, event_types=()), OTHERS))
    id_ = str(uuid.uuid4())
    for number in range(4):
        body = {"specversion": "1.0", "id": id_, "source": f"/shop/{number}", "type": "sold", "data": {"n": number}}
        assert await bench.pipeline.receive(bench.inbound(json.dumps(body).encode())) == [
            Delivered("orders", 200, "ok")
        ]
    assert len({each.message_id for each in bench.orders.shipments}) == 4
    assert len({each.delivery_id for each in bench.orders.shipments}) == 4
    assert {each.event.id for each in bench.orders.shipments} == {id_}


async def test_a_message_id_is_made_of_the_events_key(bench):
    body = business_event()
    (event,) = decode(bench.inbound(body)).events
    await bench.pipeline.receive(bench.inbound(body))
    assert bench.orders.shipments[0].message_id == f"{event.key[:32]}:orders"
