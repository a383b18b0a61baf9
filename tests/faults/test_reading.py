"""What is read of a run: a real worker delivers to a receiver, a Storage queue and the broker."""

import asyncio
import gc
import hashlib
import json
import uuid
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from azure.servicebus import ServiceBusClient

from integration.config.model import (
    Configuration,
    Delivery,
    HttpSource,
    Organization,
    Route,
    ServiceBusTarget,
    StorageQueueTarget,
    WebhookTarget,
)
from integration.delivery.envelope import Envelope
from integration.events.event import event_key
from integration.routing.table import RouteTable
from integration.worker import Worker
from tests.faults import account, evidence, receipts
from tests.faults.evidence import Evidence, Sent
from tests.faults.oracle import judge
from tests.faults.rest import unrest

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*unclosed.*:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
ROUTES = {"to-hook": "hook", "to-box": "box", "to-bus": "bus"}
TRANSPORTS = {"hook": "webhook", "box": "storage_queue", "bus": "service_bus"}
DELIVERIES = tuple(evidence.Delivery(route, target) for route, target in ROUTES.items())


class Room:
    """A worker, and everything around it that the readers look at."""

    def __init__(self, worker, storage, bus, queue, receivers) -> None:
        self.worker, self.storage, self.bus, self.queue, self.receivers = worker, storage, bus, queue, receivers
        self.sent: list[Sent] = []

    async def send(self, body: bytes, **more) -> Sent:
        sent = Sent(organization="contoso", transport="http", source="erp", at=datetime.now(UTC).timestamp(), **more)
        self.sent.append(sent)
        await self.worker.take_envelope(Envelope(source="erp", received_at=datetime.now(UTC), body=body).encode())
        return sent

    async def send_event(self, type_="Known", id_="", **more) -> Sent:
        id_ = id_ or str(uuid.uuid4()).upper()
        body = {"BusinessEventId": type_, "EventId": id_, "ControlNumber": 1, "EventTime": "/Date(1767268800000)/"}
        return await self.send(json.dumps(body).encode(), id=id_, key=event_key("contoso", id_), **more)

    def evidence(self) -> Evidence:
        return Evidence(
            sent=tuple(self.sent),
            receipts=(
                *receipts.by_request("hook", self.receivers.received("hook"), ["to-hook"]),
                *receipts.on_storage_queue(self.storage, "box", "box", "to-box"),
                *receipts.at_broker(self.bus.control, "bus", self.queue, ["to-bus"]),
            ),
            dead=account.dead_letters(self.storage),
            parked=account.parked(self.storage),
            journal=account.journal(self.storage),
            broker_dead=tuple(receipts.given_up(self.bus.control, [self.queue])),
            transports=TRANSPORTS,
            unrest=self.unrest(),
        )

    def unrest(self) -> tuple[str, ...]:
        return unrest(self.storage, self.bus.control, queues=["erp-in"], entities=["quiet"], linked=["contoso"])


@pytest.fixture
async def room(azurite, service_bus, new_queue, receivers):
    receivers.reset()
    storage, queue = azurite.spare_account(), new_queue()
    service_bus.control.create("queue", {"name": "quiet"})
    routes = tuple(
        Route(name=route, target=target, event_types=("Known",), requires_link=False)
        for route, target in ROUTES.items()
    )
    targets = {
        "hook": WebhookTarget(name="hook", url=receivers.url("hook")),
        "box": StorageQueueTarget(name="box", queue="box"),
        "bus": ServiceBusTarget(name="bus", connection="Bus", queue=queue),
    }
    configuration = Configuration(
        organizations={
            "contoso": Organization(name="contoso", url="https://contoso.crm.dynamics.com", tenant="contoso.com")
        },
        sources={"erp": HttpSource(name="erp", organization="contoso")},
        routes=routes,
        targets=targets,
        delivery=Delivery(retry_after=(timedelta(seconds=30),)),
    )
    environ = {"AzureWebJobsStorage": storage, "Bus": service_bus.connection_string}
    worker = Worker(configuration, RouteTable.compile(routes, targets=targets), environ)
    yield Room(worker, storage, service_bus, queue, receivers)
    await worker.close()
    service_bus.control.delete("quiet")
    gc.collect()


async def test_what_a_worker_did_is_read_and_found_right(room: Room):
    first = await room.send_event(expects=DELIVERIES)
    await room.send_event(id_=first.id, kind="duplicate", expects=DELIVERIES)
    await room.send_event("Unknown", dead="Unrouted")
    broken = b"this is no JSON"
    await room.send(broken, id="", key=hashlib.sha256(broken).hexdigest(), kind="undecodable", dead="Undecodable")
    test = b'"This is a test"'
    key = hashlib.sha256(b"erp\x00test_message\x00" + test).hexdigest()
    await room.send(test, id="", key=key, kind="empty")
    found = await asyncio.to_thread(room.evidence)
    verdict = judge(found)
    assert verdict.problems == ()
    assert verdict.counts["deliveries_delivered"] == 3
    assert {each.message_id for each in found.receipts} == {f"{first.id}:to-hook", f"{first.id}:to-bus", ""}
    assert {(each.id, each.type) for each in found.receipts} == {(first.id, "Known")}
    assert sorted(each.reason for each in found.dead) == ["Undecodable", "Unrouted"]
    began = first.at - 2
    assert all(began <= each.at <= began + 60 for each in (*found.receipts,))
    (row,) = [row for row in found.journal if row.id == first.id]
    assert (row.state, row.duplicates) == ("done", 1)
    assert {(made.route, made.state) for made in row.deliveries} == {(route, "delivered") for route in ROUTES}


async def test_what_waits_is_unrest_and_what_nobody_has_is_lost(room: Room):
    room.receivers.fail("hook", 500)
    sent = await room.send_event(expects=DELIVERIES)
    found = await asyncio.to_thread(room.evidence)
    assert {problem.rule for problem in judge(found).problems} == {"lost", "restless"}
    assert f"{sent.id} is deferred" in " ".join(found.unrest)
    assert "fno-link-retries: 1 messages" in found.unrest
    assert [each.status for each in found.receipts if each.target == "hook"] == [500]


async def test_an_id_that_is_changed_on_its_way_is_seen(room: Room):
    sent = await room.send_event(expects=DELIVERIES)
    (received,) = room.receivers.received("hook")
    headers = {"webhook-id": f"{sent.id.lower()}:to-hook"}
    async with httpx.AsyncClient(trust_env=False) as client:
        await client.post(room.receivers.url("hook"), content=received.body.encode(), headers=headers)
    found = await asyncio.to_thread(room.evidence)
    assert "changed" in {problem.rule for problem in judge(found).problems}


async def test_what_the_broker_gave_up_is_read(room: Room):
    await room.send_event(expects=DELIVERIES)

    def give_up() -> None:
        with (
            ServiceBusClient.from_connection_string(room.bus.connection_string) as client,
            client.get_queue_receiver(room.queue, max_wait_time=5) as receiver,
        ):
            (message,) = receiver.receive_messages(max_message_count=1, max_wait_time=5)
            receiver.dead_letter_message(message, reason="Bored")

    await asyncio.to_thread(give_up)
    found = await asyncio.to_thread(room.evidence)
    assert [(each.entity, each.reason) for each in found.broker_dead] == [(room.queue, "Bored")]
    assert {problem.rule for problem in judge(found).problems} == {"broker_dead", "lost", "false_record"}
