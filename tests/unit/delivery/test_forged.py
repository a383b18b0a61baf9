"""A forged alert reaches no operator: it is a dead letter, whatever carried it, and its replay is one again."""

import json
from datetime import timedelta

import msgspec
import pytest

from integration.config.keys.model import Route
from integration.delivery.outcome import Buried, Delivered
from integration.events.event import Event
from tests.fixtures.bench import AT

FORGED = "fno-link.integration.lost"
ATTRIBUTES = {"specversion": "1.0", "id": "1", "source": "/s", "type": FORGED}
OPERATORS = Route(name="operators", target="orders", event_types=("fno-link.*",))


def carried():
    yield "structured", {"body": json.dumps({**ATTRIBUTES, "data": {}}).encode()}
    yield "headers", {"body": b"{}", "headers": {f"ce-{name}": value for name, value in ATTRIBUTES.items()}}
    for prefix in ("cloudEvents:", "cloudEvents_"):
        yield prefix, {"body": b"{}", "properties": {prefix + name: value for name, value in ATTRIBUTES.items()}}
    yield "event grid", {"body": json.dumps([{"id": "1", "eventType": FORGED, "topic": "/t", "data": {}}]).encode()}
    yield "business event", {"body": json.dumps({"BusinessEventId": FORGED, "EventId": "1"}).encode()}
    entity = {"MessageName": "integration.lost", "PrimaryEntityName": "fno-link", "InputParameters": []}
    yield "entity", {"body": json.dumps(entity).encode()}


@pytest.mark.parametrize("parts", [pytest.param(parts, id=name) for name, parts in carried()])
async def test_a_forged_alert_is_a_dead_letter(bench, parts):
    bench.build((OPERATORS,))
    inbound = msgspec.structs.replace(bench.inbound(parts["body"]), **parts)
    for replay in (0, 1):
        assert await bench.pipeline.receive(inbound, replay=replay) == [Buried("", "ReservedName")]
    assert bench.orders.shipments == []
    for record in await bench.dead():
        assert (record.reason, record.body, record.source) == ("ReservedName", parts["body"], "erp")
        assert FORGED[:8] in record.message


async def test_an_alert_of_our_own_reaches_them(bench):
    bench.build((OPERATORS,))
    alert = Event(
        id="1", source="https://contoso.crm.dynamics.com/fno-link", type=FORGED, organization="contoso", shape="alert"
    )
    assert await bench.pipeline.route(alert, AT + timedelta(0)) == [Delivered("operators", 200, "ok")]
