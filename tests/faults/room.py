"""A worker in this process with one target of each kind, and everything around it that the readers look at."""

import base64
import gc
import json
import random
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue.aio import QueueClient

from emulation.receivers import Receivers
from emulation.service_bus import ServiceBus
from integration.clock import Clock
from integration.config.keys.model import (
    Configuration,
    Delivery,
    HttpSource,
    Organization,
    Route,
    ServiceBusTarget,
    StorageQueueTarget,
    WebhookTarget,
)
from integration.delivery.queued.envelope import Envelope
from integration.events.event import event_key
from integration.routing.table import RouteTable
from integration.storage.names import EVENTS, RETRIES
from integration.worker import Worker
from tests.faults import account, evidence, receipts
from tests.faults.evidence import Evidence, Sent
from tests.faults.rest import unrest
from tests.faults.waiting import waiting

ROUTES = {"to-hook": "hook", "to-box": "box", "to-bus": "bus"}
TRANSPORTS = {"hook": "webhook", "box": "storage_queue", "bus": "service_bus"}
DELIVERIES = tuple(evidence.Delivery(route, target) for route, target in ROUTES.items())
KIND = "Known"
WITHIN = 30.0
# One at once; then as late as a due row.
RETRY_AFTER = (timedelta(0), timedelta(hours=2), timedelta(hours=2))


class Room:
    """A worker, the sender's side and the readers' side.

    Args:
        worker: The worker.
        storage: Connection string of its account.
        bus: The broker.
        queue: The queue of the target `bus`.
        receivers: Of the target `hook`.
    """

    def __init__(self, worker: Worker, storage: str, bus: ServiceBus, queue: str, receivers: Receivers) -> None:
        self.worker, self.storage, self.bus, self.queue, self.receivers = worker, storage, bus, queue, receivers
        self.sent: list[Sent] = []
        self.began = round(datetime.now(UTC).timestamp() * 1000)

    async def send(self, body: bytes, *, taken: bool = True, **more: object) -> Sent:
        """Hand a message over, and let the worker take it, or leave it on the queue."""
        now = datetime.now(UTC)
        sent = Sent(organization="contoso", transport="http", source="erp", at=now.timestamp(), **more)
        self.sent.append(sent)
        envelope = Envelope(source="erp", received_at=now, body=body).encode()
        await (self.worker.take_envelope(envelope) if taken else self.worker.storage.queue(EVENTS).put(envelope))
        return sent

    async def send_event(self, type_: str = KIND, id_: str = "", *, filler: str = "", **more: object) -> Sent:
        """Hand an event over; one of the type KIND goes to every target."""
        id_ = id_ or str(uuid.uuid4()).upper()
        body = {"BusinessEventId": type_, "EventId": id_, "ControlNumber": 1, "EventTime": f"/Date({self.began})/"}
        body |= {"Filler": filler} if filler else {}
        return await self.send(json.dumps(body).encode(), id=id_, key=event_key("contoso", id_, group="erp"), **more)

    async def carry_on(self) -> int:
        """Take what is due from the queue of retries, as the host does; return how much it was."""
        taken = 0
        async with QueueClient.from_connection_string(self.storage, RETRIES) as queue:
            try:
                async for message in queue.receive_messages():
                    await self.worker.take_continuation(base64.b64decode(message.content))
                    await queue.delete_message(message)
                    taken += 1
            except ResourceNotFoundError:
                return 0  # nothing was ever to be tried again
        return taken

    def evidence(self, within: float = WITHIN) -> Evidence:
        """Gather everything; wait so many seconds for messages that are not due."""
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
            waiting=waiting(self.storage, queues=["erp-in"], within=within),
            unrest=self.unrest(),
        )

    def unrest(self) -> tuple[str, ...]:
        """Say what has not come to rest."""
        return unrest(self.storage, self.bus.control, queues=["erp-in"], linked=["contoso"])


@asynccontextmanager
async def opened(
    storage: str,
    bus: ServiceBus,
    queue: str,
    receivers: Receivers,
    *,
    clock: Clock | None = None,
    rng: random.Random | None = None,
) -> AsyncGenerator[Room]:
    """Build the worker, close it in the end.

    Args:
        storage: Connection string of an account of its own.
        bus: A broker.
        queue: An empty queue of it.
        receivers: Of webhooks.
        clock: The worker's; the system's when absent.
        rng: The worker's.
    """
    routes = tuple(
        Route(name=route, target=target, event_types=(KIND,), requires_link=False) for route, target in ROUTES.items()
    )
    targets = {
        "hook": WebhookTarget(name="hook", url=receivers.url("hook")),
        "box": StorageQueueTarget(name="box", queue="box"),
        "bus": ServiceBusTarget(name="bus", connection="Bus", queue=queue),
    }
    organization = Organization(name="contoso", url="https://contoso.crm.dynamics.com", tenant="contoso.com")
    configuration = Configuration(
        organizations={"contoso": organization},
        sources={"erp": HttpSource(name="erp", organization="contoso")},
        routes=routes,
        targets=targets,
        delivery=Delivery(retry_after=RETRY_AFTER),
    )
    environ = {"AzureWebJobsStorage": storage, "Bus": bus.connection_string}
    worker = Worker(configuration, RouteTable.compile(routes, targets=targets), environ, clock=clock, rng=rng)
    try:
        yield Room(worker, storage, bus, queue, receivers)
    finally:
        await worker.close()
        gc.collect()
