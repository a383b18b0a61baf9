"""Service Bus in, route, Service Bus out, beside azure-servicebus alone; journal off.

Both sides receive from one queue, send the same bytes to another and complete, on the same broker, with the same
number of messages under way, in the same process, one after the other in each round.
"""

import asyncio
import gc
import json
import random
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from azure.servicebus import ServiceBusMessage, ServiceBusReceivedMessage
from azure.servicebus.aio import ServiceBusClient

from benchmarks.measure import Row, row
from emulation.service_bus import QueueConfig, ServiceBus
from integration.clock import SystemClock
from integration.config.model import Configuration, Organization, Route, ServiceBusTarget
from integration.delivery import Pipeline
from integration.delivery.bus import Namespaces
from integration.delivery.shipment import Target
from integration.delivery.targets.service_bus import ServiceBus as BusTarget
from integration.events.inbound import Inbound
from integration.routing.table import RouteTable

CONCURRENCIES = (1, 16, 64)
MESSAGES, QUICK_MESSAGES = {1: 600, 16: 2000, 64: 2000}, {1: 100, 16: 200, 64: 200}
BUDGET = 0.85
URL = "https://contoso.crm.dynamics.com"

type Handler = Callable[[ServiceBusReceivedMessage], Awaitable[None]]


def body() -> bytes:
    """Make a business event of about 1 KB."""
    fields = {
        "BusinessEventId": "SalesOrderConfirmedBusinessEvent",
        "ControlNumber": 5637611099,
        "EventId": str(uuid.uuid4()).upper(),
        "EventTime": "/Date(1767268800000)/",
        "LegalEntity": "usmf",
        "MajorVersion": 0,
        "MinorVersion": 0,
        "SalesOrderId": "SO-1",
        "OrderTotal": 1234.5,
        "Notes": "n" * 700,
    }
    return json.dumps(fields).encode()


SENT: dict[str, Any] = {
    "message_id": f"{uuid.uuid4()}:orders",
    "content_type": "application/json",
    "application_properties": {
        "cloudEvents_specversion": "1.0",
        "cloudEvents_id": str(uuid.uuid4()),
        "cloudEvents_source": f"{URL}/finance-operations",
        "cloudEvents_type": "SalesOrderConfirmedBusinessEvent",
        "cloudEvents_time": "2026-01-01T12:00:00Z",
        "cloudEvents_organization": "contoso",
        "cloudEvents_legalentity": "usmf",
        "cloudEvents_controlnumber": "5637611099",
    },
}
"""What fno-link's message holds beside the body, so that both sides send the same bytes."""


class Nothing:
    """Stands where links, rows, storage and retries stand: nothing of this is used on this way."""

    def cached(self, _name: str) -> None:
        return None


class OneTarget:
    """Gives the one target."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def get(self, _name: str) -> Target:
        return self._target


def pipeline(target: Target) -> Pipeline:
    """Build the pipeline with one route of two data filters."""
    filters = (
        {"operator": "StringIn", "key": "data.LegalEntity", "values": ["usmf", "demf"]},
        {"operator": "NumberGreaterThan", "key": "data.OrderTotal", "value": 1000},
    )
    route = Route(name="orders", target="out", event_types=("SalesOrder*",), filters=filters, requires_link=False)
    nothing: Any = Nothing()
    return Pipeline(
        configuration=Configuration(
            organizations={"contoso": Organization(name="contoso", url=URL, tenant="contoso.com")},
            sources={},
            routes=(route,),
            targets={"out": ServiceBusTarget(name="out", queue="out")},
        ),
        table=RouteTable.compile((route,)),
        links=nothing,
        rows=nothing,
        targets=OneTarget(target),
        dead_letters=nothing,
        retries=nothing,
        clock=SystemClock(),
        rng=random.Random(1),
    )


async def drain(client: ServiceBusClient, queue: str, count: int, concurrency: int, handle: Handler) -> float:
    """Receive, handle and complete so many messages with so many under way; return the seconds it took."""
    async with client.get_queue_receiver(queue) as receiver:

        async def one(message: ServiceBusReceivedMessage) -> None:
            await handle(message)
            await receiver.complete_message(message)

        started, done = time.perf_counter(), 0
        while done < count:
            messages = await receiver.receive_messages(min(concurrency, count - done), max_wait_time=10)
            await asyncio.gather(*map(one, messages))
            done += len(messages)
        return time.perf_counter() - started


async def fill(client: ServiceBusClient, queue: str, count: int) -> None:
    """Put so many messages on a queue."""
    async with client.get_queue_sender(queue) as sender:
        for start in range(0, count, 100):
            batch = [ServiceBusMessage(body(), content_type="application/json") for _ in range(min(100, count - start))]
            await sender.send_messages(batch)


async def ours(bus: ServiceBus, client: ServiceBusClient, count: int, concurrency: int) -> float:
    """Run fno-link's own way."""
    namespaces = Namespaces({"Bus": bus.connection_string}, Nothing)  # type: ignore[arg-type]
    target = BusTarget(ServiceBusTarget(name="out", connection="Bus", queue="out"), namespaces)
    chain = pipeline(target)

    async def handle(message: ServiceBusReceivedMessage) -> None:
        inbound = Inbound(
            body=b"".join(message.body),
            ingress="bus",
            organization="contoso",
            organization_url=URL,
            received_at=message.enqueued_time_utc,
            content_type=message.content_type or "",
            properties={"message-id": message.message_id or ""},
        )
        await chain.receive(inbound)

    await fill(client, "warm", 5)
    await drain(client, "warm", 5, concurrency, handle)
    try:
        return await drain(client, "in", count, concurrency, handle)
    finally:
        await target.close()
        await namespaces.close()


async def alone(client: ServiceBusClient, count: int, concurrency: int) -> float:
    """Run azure-servicebus alone: its sender may be used by one at a time, so a lock guards it."""
    async with client.get_queue_sender("out") as sender:
        lock = asyncio.Lock()

        async def handle(message: ServiceBusReceivedMessage) -> None:
            async with lock:
                await sender.send_messages(ServiceBusMessage(b"".join(message.body), **SENT))

        await fill(client, "warm", 5)
        await drain(client, "warm", 5, concurrency, handle)
        return await drain(client, "in", count, concurrency, handle)


async def _rows(*, quick: bool) -> list[Row]:
    found: list[Row] = []
    queues = tuple(QueueConfig(name=name) for name in ("in", "out", "warm"))
    with ServiceBus() as bus:
        for queue in queues:
            bus.control.create("queue", queue)
        async with ServiceBusClient.from_connection_string(bus.connection_string) as client:
            for concurrency in CONCURRENCIES:
                count = (QUICK_MESSAGES if quick else MESSAGES)[concurrency]
                samples: dict[str, list[float]] = {"ours": [], "alone": []}
                for turn in range(1 if quick else 5):
                    for name in ("ours", "alone") if turn % 2 else ("alone", "ours"):
                        await fill(client, "in", count)
                        gc.collect()
                        took = await (
                            ours(bus, client, count, concurrency)
                            if name == "ours"
                            else alone(client, count, concurrency)
                        )
                        samples[name].append(count / took)
                        sent = bus.control.purge("out")
                        if sent < count:
                            msg = f"{name}: {sent} of {count} messages arrived"
                            raise AssertionError(msg)
                found.append(
                    row(
                        f"Service Bus in, route, Service Bus out; {concurrency} under way",
                        samples["ours"],
                        "events/s",
                        base=samples["alone"],
                        against="azure-servicebus alone: receive, send the same bytes, complete",
                        budget=BUDGET,
                        direction="at_least",
                    )
                )
    return found


def rows(quick: bool = False) -> list[Row]:  # noqa: FBT001, FBT002 - the call of every benchmark
    return asyncio.run(_rows(quick=quick))
