"""The pipeline on real storage, with a link and targets that the test commands."""

import contextlib
import json
import random
import uuid
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.core.exceptions import ResourceExistsError
from azure.storage.queue import TextBase64DecodePolicy
from azure.storage.queue.aio import QueueClient

from integration.config.keys.model import Configuration, Delivery, Organization, Route, Routing, StorageQueueTarget
from integration.dead_letters import DeadLetters, Record
from integration.dead_letters.store import DEAD_LETTERS, PARKED
from integration.delivery import Pipeline, Releases
from integration.delivery.queued.queue import QUEUE, RetryQueue
from integration.delivery.shipment import Receipt, Shipment
from integration.errors import DeliveryFailed, LinkUnknown
from integration.events.inbound import Inbound
from integration.journal import Journal, Payloads
from integration.links.values import Link, Linked, NotLinked
from integration.routing.table import RouteTable
from integration.storage import Storage
from integration.storage.names import PAYLOADS

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LINKED = Linked(url="https://one.operations.dynamics.com", tenant_id="t", id="one", trusted=True, checked_at=AT)
MOVED = Linked(url="https://two.operations.dynamics.com", tenant_id="t", id="two", trusted=True, checked_at=AT)
NOT_LINKED = NotLinked(code="0x80048d0b", message="Dataverse instance isn't integrated", checked_at=AT, last=LINKED)


class FakeClock:
    def __init__(self) -> None:
        self.at = AT
        self.seconds = 0.0

    def now(self) -> datetime:
        return self.at + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class CommandedLinks:
    """A resolver that answers what the test says."""

    def __init__(self) -> None:
        self.answer: Link | LinkUnknown = LINKED
        self.remembered: Link | None = None
        """What this process still serves, while Dataverse answers otherwise."""

    async def resolve(self, name: str) -> Link:
        return self.remembered or await self.refresh(name)

    async def refresh(self, name: str) -> Link:
        assert name == "contoso"
        self.remembered = None
        if isinstance(self.answer, LinkUnknown):
            raise self.answer
        return self.answer

    def cached(self, name: str) -> Link | None:
        assert name == "contoso"
        return None if isinstance(self.answer, LinkUnknown) else self.answer


class CommandedRows:
    """A Dataverse that answers what the test says."""

    def __init__(self) -> None:
        self.answer: dict[str, Any] | LinkUnknown | ValueError | None = {"name": "as it is now"}
        self.asked: list[tuple[str, str, str]] = []

    async def read_row(self, organization: Organization, table: str, row_id: str) -> dict[str, Any] | None:
        self.asked.append((organization.name, table, row_id))
        if isinstance(self.answer, LinkUnknown | ValueError):
            raise self.answer
        return self.answer


class CommandedTarget:
    """A target that records, and fails as the test says."""

    def __init__(self) -> None:
        self.shipments: list[Shipment] = []
        self.failures: list[DeliveryFailed] = []

    async def deliver(self, shipment: Shipment) -> Receipt:
        if self.failures:
            raise self.failures.pop(0)
        self.shipments.append(shipment)
        return Receipt(200, "ok")

    async def close(self) -> None:
        pass


class CommandedTargets:
    def __init__(self, targets: Mapping[str, CommandedTarget]) -> None:
        self._targets = targets

    def get(self, name: str) -> CommandedTarget:
        return self._targets[name]


class Bench:
    """What a test of the pipeline works with."""

    def __init__(self, storage: Storage, routes: tuple[Route, ...], connection: str) -> None:
        self.storage = storage
        self.connection = connection
        self.clock = FakeClock()
        self.links = CommandedLinks()
        self.rows = CommandedRows()
        self.orders, self.others = CommandedTarget(), CommandedTarget()
        self.targets: Any = CommandedTargets({"orders": self.orders, "others": self.others})
        self.dead_letters = DeadLetters(storage)
        self.retries = RetryQueue(storage, self.clock)
        self.journal: Journal | None = None
        self.payloads = Payloads(storage, self.clock, timedelta(days=14))
        self.keep_payload = False
        self.transitions = list
        self.build(routes)

    def build(self, routes: tuple[Route, ...], routing: Routing | None = None) -> None:
        queue = StorageQueueTarget(name="orders", queue="orders")
        self.configuration = Configuration(
            organizations={
                "contoso": Organization(name="contoso", url="https://contoso.crm.dynamics.com", tenant="contoso.com")
            },
            sources={},
            routes=routes,
            targets={"orders": queue, "others": queue},
            delivery=Delivery(retry_after=(timedelta(0), timedelta(0))),
            routing=routing or Routing(),
        )
        self.pipeline = Pipeline(
            configuration=self.configuration,
            table=RouteTable.compile(routes),
            links=self.links,
            rows=self.rows,
            targets=self.targets,
            dead_letters=self.dead_letters,
            retries=self.retries,
            clock=self.clock,
            rng=random.Random(1),
            journal=self.journal,
            payloads=self.payloads if self.keep_payload else None,
            transitions=self.transitions,
        )
        self.releases = Releases(
            configuration=self.configuration,
            links=self.links,
            dead_letters=self.dead_letters,
            pipeline=self.pipeline,
            retries=self.retries,
            clock=self.clock,
        )

    def inbound(self, body: bytes) -> Inbound:
        return Inbound(
            body=body,
            ingress="erp",
            organization="contoso",
            organization_url="https://contoso.crm.dynamics.com",
            received_at=AT,
        )

    async def records(self, container: str) -> dict[str, Record]:
        blobs = self.storage.blobs(container)
        found = {}
        async for blob in blobs.list(""):
            if not blob.path.startswith("leases/"):
                body = await blobs.get(blob.path)
                assert body is not None
                found[blob.path] = Record.decode(body)
        return found

    async def dead(self) -> list[Record]:
        return list((await self.records(DEAD_LETTERS)).values())

    async def parked(self) -> list[Record]:
        return list((await self.records(PARKED)).values())

    async def claim_checks(self) -> list[str]:
        """List the claim-checks that hold something."""
        blobs = self.storage.blobs(PAYLOADS)
        return [blob.path async for blob in blobs.list("payloads/") if await blobs.get(blob.path)]

    async def continuations(self) -> list[bytes]:
        """Take what waits on the retry queue and is due."""
        policy = TextBase64DecodePolicy()
        async with QueueClient.from_connection_string(self.connection, QUEUE) as queue:
            taken = []
            with contextlib.suppress(ResourceExistsError):
                await queue.create_queue()
            async for message in queue.receive_messages(max_messages=32):
                taken.append(policy.decode(message.content, None).encode())
                await queue.delete_message(message)
            return taken


def business_event(**changes: object) -> bytes:
    fields = {
        "BusinessEventId": "SalesOrderConfirmedBusinessEvent",
        "ControlNumber": 5637611099,
        "EventId": str(uuid.uuid4()).upper(),
        "EventTime": "/Date(1767268800000)/",
        "LegalEntity": "usmf",
    }
    return json.dumps({**fields, **changes}).encode()


ORDERS = Route(name="orders", target="orders", event_types=("SalesOrder*",))
OTHERS = Route(name="others", target="others", event_types=("SalesOrder*",), requires_link=False)


@pytest.fixture
async def bench(azurite) -> AsyncIterator[Bench]:
    # Containers and queues have fixed names, so every test gets an account of its own.
    connection = azurite.spare_account()
    storage = Storage({"AzureWebJobsStorage": connection})
    yield Bench(storage, (ORDERS, OTHERS), connection)
    await storage.close()
