"""Contexts that Dataverse cut for their size are completed with the row as it is now."""

import json
import random
from datetime import timedelta
from pathlib import Path

import pytest

from integration.config.keys.model import Route, Routing
from integration.delivery import decode_continuation
from integration.delivery.outcome import Buried, Deferred, Delivered
from integration.errors import Forbidden, TargetRejected, Unreachable
from integration.journal import Journal

SAMPLES = Path(__file__).parents[3] / "emulation" / "samples"
STRIPPED = json.loads((SAMPLES / "plugin-update-stripped.json").read_text())
ID = STRIPPED["PrimaryEntityId"]
ACCOUNTS = Route(name="orders", target="orders", event_types=("account.*",), requires_link=False)


def message(**changes) -> bytes:
    return json.dumps({**STRIPPED, **changes}).encode()


@pytest.fixture
def stripped(bench):
    bench.build((ACCOUNTS,), Routing())
    return bench


async def test_the_row_is_read_and_stands_in_the_data(stripped):
    [outcome] = await stripped.pipeline.receive(stripped.inbound(message()))
    assert isinstance(outcome, Delivered)
    assert stripped.rows.asked == [("contoso", "account", ID)]
    [shipment] = stripped.orders.shipments
    assert shipment.event.payload["row"] == {"name": "as it is now"}
    assert shipment.event.payload["messageName"] == "Update"
    assert shipment.event.extensions["contextstripped"] is True


async def test_routes_can_filter_on_the_row(stripped):
    by_row = {"operator": "StringIn", "key": "data.row.name", "values": ["as it is now"]}
    other = {"operator": "StringIn", "key": "data.row.name", "values": ["another"]}
    stripped.build(
        (
            Route(name="by-row", target="orders", filters=(by_row,), requires_link=False),
            Route(name="other", target="others", filters=(other,), requires_link=False),
        )
    )
    await stripped.pipeline.receive(stripped.inbound(message()))
    assert (len(stripped.orders.shipments), len(stripped.others.shipments)) == (1, 0)


async def test_a_row_that_is_gone_is_null_and_the_event_goes_on(stripped):
    stripped.rows.answer = None
    await stripped.pipeline.receive(stripped.inbound(message()))
    assert stripped.orders.shipments[0].event.payload["row"] is None


async def test_a_deleted_row_is_not_asked_for(stripped):
    await stripped.pipeline.receive(stripped.inbound(message(MessageName="Delete")))
    assert stripped.rows.asked == []
    assert stripped.orders.shipments[0].event.payload["row"] is None


@pytest.mark.parametrize("trouble", [Unreachable("no answer"), Forbidden("no privilege")])
async def test_dataverse_out_of_reach_defers_the_event_and_it_goes_on_later(stripped, trouble):
    stripped.rows.answer = trouble
    [outcome] = await stripped.pipeline.receive(stripped.inbound(message()))
    assert isinstance(outcome, Deferred)
    assert outcome.code == trouble.code
    [waiting] = await stripped.continuations()
    stripped.rows.answer = {"name": "read later"}
    [outcome] = await stripped.pipeline.resume(decode_continuation(waiting))
    assert isinstance(outcome, Delivered)
    assert stripped.orders.shipments[0].event.payload["row"] == {"name": "read later"}


@pytest.fixture
def rejected(stripped):
    """A bench with a journal, whose first delivery is refused for good."""
    stripped.journal = Journal(stripped.storage, stripped.clock, random.Random(1), timedelta(days=14))
    stripped.build((ACCOUNTS,), Routing())
    stripped.orders.failures = [TargetRejected("no", status=400)]
    return stripped


async def test_what_a_resend_reopens_is_delivered_with_the_row_that_was_read_then(rejected):
    inbound = rejected.inbound(message())
    assert await rejected.pipeline.receive(inbound) == [Buried("orders", "TargetRejected")]
    asked = list(rejected.rows.asked)
    rejected.rows.answer = Unreachable("no answer")
    assert await rejected.pipeline.receive(inbound) == [Delivered("orders", 200, "ok")]
    assert rejected.rows.asked == asked
    [shipment] = rejected.orders.shipments
    assert shipment.event.payload["row"] == {"name": "as it is now"}


async def test_an_event_that_was_never_complete_is_completed_when_it_is_sent_again(rejected):
    rejected.orders.failures = []
    inbound = rejected.inbound(message())
    rejected.rows.answer = ValueError("not the id of a row")
    assert await rejected.pipeline.receive(inbound) == [Buried("", "ContextStripped")]
    rejected.rows.answer = Unreachable("no answer")
    [outcome] = await rejected.pipeline.receive(inbound)
    assert isinstance(outcome, Deferred)
    assert outcome.code == "Unreachable"
    assert rejected.orders.shipments == []
    [waiting] = await rejected.continuations()
    rejected.rows.answer = {"name": "read later"}
    [outcome] = await rejected.pipeline.resume(decode_continuation(waiting))
    assert isinstance(outcome, Delivered)
    [shipment] = rejected.orders.shipments
    assert shipment.event.payload["row"] == {"name": "read later"}
    assert await rejected.dead() == []


async def test_trouble_that_stays_ends_as_a_dead_letter_with_its_reason(stripped):
    stripped.rows.answer = Forbidden("no privilege")
    [outcome] = await stripped.pipeline.receive(stripped.inbound(message()))
    while isinstance(outcome, Deferred):
        [waiting] = await stripped.continuations()
        [outcome] = await stripped.pipeline.resume(decode_continuation(waiting))
    assert isinstance(outcome, Buried)
    [record] = await stripped.dead()
    assert (record.reason, record.attempts) == ("Forbidden", 3)
    assert record.event is not None


async def test_what_names_no_row_is_a_dead_letter(stripped):
    stripped.rows.answer = ValueError("not the id of a row: 'x'")
    [outcome] = await stripped.pipeline.receive(stripped.inbound(message()))
    assert outcome == Buried("", "ContextStripped")
    [outcome] = await stripped.pipeline.receive(
        stripped.inbound(message(PrimaryEntityId="00000000-0000-0000-0000-000000000000"))
    )
    assert outcome == Buried("", "ContextStripped")
    assert [record.reason for record in await stripped.dead()] == ["ContextStripped"] * 2


async def test_a_context_that_was_not_cut_is_not_read_again(stripped):
    body = (SAMPLES / "plugin-update.json").read_bytes()
    await stripped.pipeline.receive(stripped.inbound(body))
    assert stripped.rows.asked == []
