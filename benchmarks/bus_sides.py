"""The sides of the Service Bus benchmarks: fno-link, and azure-servicebus alone, without and with a journal."""

import asyncio
import hashlib
import itertools
import json
import random
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.core import MatchConditions
from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableClient
from azure.servicebus import ServiceBusMessage, ServiceBusReceivedMessage
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver, ServiceBusSender

from emulation.service_bus import ServiceBus
from integration.clock import SystemClock
from integration.config.keys.model import Configuration, Organization, Route, ServiceBusTarget
from integration.dead_letters import DeadLetters
from integration.delivery import Pipeline
from integration.delivery.queued.queue import RetryQueue
from integration.delivery.screening.newest import Newest
from integration.delivery.shipment import Target
from integration.delivery.targets.service_bus import Namespaces
from integration.delivery.targets.service_bus.target import ServiceBus as BusTarget
from integration.events.inbound import Inbound
from integration.journal import Journal
from integration.routing.table import RouteTable
from integration.tally import Tally, uncounted

URL = "https://contoso.crm.dynamics.com"

AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
KEEP = timedelta(days=14)
NUMBERS = itertools.count(5637611099)
"""Control numbers: they rise, so that each event is newer than what was delivered before."""

type Handler = Callable[[ServiceBusReceivedMessage], Awaitable[None]]
type Work = Callable[[ServiceBusReceiver, list[ServiceBusReceivedMessage]], Awaitable[None]]


def body(at: datetime | None = AT) -> bytes:
    """Make a business event of about 1 KB.

    Args:
        at: Its own time; None: it has none.
    """
    fields = {
        "BusinessEventId": "SalesOrderConfirmedBusinessEvent",
        "ControlNumber": next(NUMBERS),
        "EventId": str(uuid.uuid4()).upper(),
        "EventTime": f"/Date({int(at.timestamp() * 1000)})/" if at else "",
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


def configuration() -> Configuration:
    """Configure one route of two data filters."""
    filters = (
        {"operator": "StringIn", "key": "data.LegalEntity", "values": ["usmf", "demf"]},
        {"operator": "NumberGreaterThan", "key": "data.OrderTotal", "value": 1000},
    )
    route = Route(name="orders", target="out", event_types=("SalesOrder*",), filters=filters, requires_link=False)
    return Configuration(
        organizations={"contoso": Organization(name="contoso", url=URL, tenant="contoso.com")},
        sources={},
        routes=(route,),
        targets={"out": ServiceBusTarget(name="out", queue="out")},
    )


def pipeline(
    target: Target,
    journal: Journal | None = None,
    retries: RetryQueue | None = None,
    newest: Newest | None = None,
    tally: Tally = uncounted,
    *,
    dead_letters: DeadLetters | None = None,
) -> Pipeline:
    """Build the pipeline of that configuration; with a journal the worker has a shared `newest` too."""
    configured = configuration()
    nothing: Any = Nothing()
    return Pipeline(
        configuration=configured,
        table=RouteTable.compile(configured.routes),
        links=nothing,
        rows=nothing,
        targets=OneTarget(target),
        dead_letters=dead_letters or nothing,
        retries=retries or nothing,
        clock=SystemClock(),
        rng=random.Random(1),
        journal=journal,
        newest=newest,
        tally=tally,
    )


async def drain(client: ServiceBusClient, queue: str, count: int, concurrency: int, handle: Handler) -> float:
    """Receive, handle and complete so many messages with so many under way; return the seconds it took."""
    async with client.get_queue_receiver(queue) as receiver:
        return await pass_through(receiver, count, concurrency, one_by_one(handle))


async def pass_through(receiver: ServiceBusReceiver, count: int, concurrency: int, work: Work) -> float:
    """Receive so many messages, at most so many at once, and work on each lot; return the seconds it took."""
    started, done = time.perf_counter(), 0
    while done < count:
        messages = await receiver.receive_messages(min(concurrency, count - done), max_wait_time=10)
        await work(receiver, messages)
        done += len(messages)
    return time.perf_counter() - started


def quickly(count: int, concurrency: int) -> int:
    """Say how many messages of a quick run stand for so many: on a busy machine a side must not wait for long.

    Azurite closes a connection that is idle for 5 seconds, and an insert on one that is just being closed fails.
    """
    return max(concurrency, count // 4)


def one_by_one(handle: Handler) -> Work:
    """Handle and complete each message of a lot by itself, all at once."""

    async def work(receiver: ServiceBusReceiver, messages: list[ServiceBusReceivedMessage]) -> None:
        async def one(message: ServiceBusReceivedMessage) -> None:
            await handle(message)
            await receiver.complete_message(message)

        await asyncio.gather(*map(one, messages))

    return work


async def fill(client: ServiceBusClient, queue: str, count: int, at: datetime | None = AT) -> None:
    """Put so many messages on a queue."""
    async with client.get_queue_sender(queue) as sender:
        await put(sender, count, at)


async def put(sender: ServiceBusSender, count: int, at: datetime | None) -> None:
    for start in range(0, count, 100):
        lot = range(start, min(start + 100, count))
        await sender.send_messages([ServiceBusMessage(body(at), content_type="application/json") for _ in lot])


@asynccontextmanager
async def ours(
    bus: ServiceBus, journal: Journal | None = None, newest: Newest | None = None, tally: Tally = uncounted
) -> AsyncIterator[Work]:
    """Open fno-link's own way."""
    namespaces = Namespaces({"Bus": bus.connection_string}, Nothing)  # type: ignore[arg-type]
    target = BusTarget(ServiceBusTarget(name="out", connection="Bus", queue="out"), namespaces)
    chain = pipeline(target, journal, newest=newest, tally=tally)

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

    try:
        yield one_by_one(handle)
    finally:
        await target.close()
        await namespaces.close()


class HandRows:
    """What a program written by hand would keep of each event: a row inserted first, replaced at the end.

    Args:
        table: Where.
        sample: A row of fno-link's own, so that both sides write the same bytes.
    """

    def __init__(self, table: TableClient, sample: Mapping[str, Any]) -> None:
        self._table = table
        self._done = dict(sample)
        self._begun = {name: value for name, value in self._done.items() if name != "deliveries"}

    async def claim(self, content: bytes) -> tuple[str, str]:
        """Insert an event's row; return its key and version."""
        key = hashlib.sha256(f"contoso\0{json.loads(content)['EventId']}".encode()).hexdigest()
        answer = await self._table.create_entity({**self._begun, "RowKey": key})
        return key, str(answer["etag"])

    async def end(self, key: str, etag: str) -> None:
        """Replace the row, if it is still the one that was inserted."""
        await self._table.update_entity(
            {**self._done, "RowKey": key},
            mode=UpdateMode.REPLACE,
            etag=etag,
            match_condition=MatchConditions.IfNotModified,
        )


@asynccontextmanager
async def alone(client: ServiceBusClient, rows: HandRows | None = None) -> AsyncIterator[Work]:
    """Open azure-servicebus alone: its sender may be used by one at a time, so a lock guards it."""
    async with client.get_queue_sender("out") as sender:
        lock = asyncio.Lock()

        async def handle(message: ServiceBusReceivedMessage) -> None:
            content = b"".join(message.body)
            claimed = await rows.claim(content) if rows else None
            async with lock:
                await sender.send_messages(ServiceBusMessage(content, **SENT))
            if rows and claimed:
                await rows.end(*claimed)

        yield one_by_one(handle)


@asynccontextmanager
async def in_lots(client: ServiceBusClient) -> AsyncIterator[Work]:
    """Open azure-servicebus alone as a program would use it that handles no message by itself: a batch a lot."""
    async with client.get_queue_sender("out") as sender:

        async def work(receiver: ServiceBusReceiver, messages: list[ServiceBusReceivedMessage]) -> None:
            await sender.send_messages([ServiceBusMessage(b"".join(each.body), **SENT) for each in messages])
            await asyncio.gather(*map(receiver.complete_message, messages))

        yield work
