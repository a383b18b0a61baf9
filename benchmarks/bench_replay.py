"""Replaying dead letters beside the pipeline itself, and what many of them leave behind in the process.

The dead letters are what the pipeline has made of events that the target refused, rows in the journal and blobs of a
real account (Azurite). They are replayed as the function app does it: in slices under a lease, so many under way at
once, each read, claimed, delivered to a queue of the local broker, journalled and removed. In the same round as many
other events go from queue to queue by the pipeline with its journal, as many under way at once.
"""

import asyncio
import gc
import logging
import random
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver, ServiceBusSender

from benchmarks.bus_sides import URL, Nothing, Work, body, configuration, one_by_one, pass_through, pipeline, put
from benchmarks.measure import Row, row
from benchmarks.soak_service_bus import FIRST, resident
from emulation.azurite import Azurite
from emulation.service_bus import QueueConfig, ServiceBus
from integration.clock import SystemClock
from integration.config.keys.model import ServiceBusTarget
from integration.dead_letters import DeadLetters, Filter, Job
from integration.delivery import Pipeline, Replays
from integration.delivery.queued.queue import RetryQueue
from integration.delivery.screening.newest import Newest
from integration.delivery.screening.newest_rows import NewestRows
from integration.delivery.shipment import Receipt, Shipment, Target
from integration.delivery.targets.service_bus import Namespaces
from integration.delivery.targets.service_bus.target import ServiceBus as BusTarget
from integration.errors import TargetRejected
from integration.events.inbound import Inbound
from integration.journal import Journal
from integration.storage import Storage

LETTERS, QUICK_LETTERS = 10_000, 400
ROUNDS, QUICK_ROUNDS = 7, 2
A_ROUND, QUICK_A_ROUND = 500, 100
UNDER_WAY = 16
FASTEST = 1e6
KEEP = timedelta(days=14)
BUDGET = 0.8
"""Of the events a second that the pipeline makes with as many under way."""


class Refusing:
    """A target that refuses while it is told to."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self.refuses = False

    async def deliver(self, shipment: Shipment) -> Receipt:
        if self.refuses:
            msg = "out refused the message"
            raise TargetRejected(msg, status=400)
        return await self._target.deliver(shipment)

    async def close(self) -> None:
        await self._target.close()


class Meter:
    """Notes the memory after a fifth of the dead letters, and after all of them."""

    def __init__(self, count: int) -> None:
        self._fifth = max(1, round(count * FIRST))
        self._count = count
        self.first = self.last = 0.0

    def see(self, job: Job) -> None:
        done = job.counts.get("delivered", 0)
        if done in (self._fifth, self._count):
            gc.collect()
            self.last = resident()
            if done == self._fifth:
                self.first = self.last


class Stage(msgspec.Struct, frozen=True):
    """What is measured."""

    bus: ServiceBus
    target: Refusing
    chain: Pipeline
    replays: Replays
    dead_letters: DeadLetters
    sender: ServiceBusSender
    receiver: ServiceBusReceiver

    async def bury(self, count: int) -> None:
        """Let the target refuse so many events."""
        self.target.refuses = True
        for start in range(0, count, 2 * UNDER_WAY):
            await asyncio.gather(
                *(self.chain.receive(_inbound(body(_now()))) for _ in range(min(2 * UNDER_WAY, count - start)))
            )
        self.target.refuses = False

    async def replay(self, count: int, meter: Meter) -> float:
        """Replay all that is there, slice by slice; give the seconds it took."""
        gc.collect()
        started = time.perf_counter()
        job = await self.replays.ask("replay", Filter(), per_second=FASTEST, order=False)
        while job.state != "done":
            after = await self.replays.run(job.id, seen=meter.see)
            assert after is not None, "another replay is at work"
            job = after
        took = time.perf_counter() - started
        assert job.counts == {"delivered": count}, job.counts
        assert [place async for place in self.dead_letters.places(Filter())] == []
        assert self.bus.control.purge("out") == count, "lost or doubled"
        return took

    async def pipe(self, count: int) -> float:
        """Take so many other events from queue to queue; give the seconds it took."""
        await put(self.sender, count, _now())
        gc.collect()
        took = await pass_through(self.receiver, count, UNDER_WAY, self._work())
        assert self.bus.control.purge("out") == count
        return took

    def _work(self) -> Work:
        async def handle(message: Any) -> None:
            await self.chain.receive(_inbound(b"".join(message.body)))

        return one_by_one(handle)


@asynccontextmanager
async def staged(bus: ServiceBus, connection_string: str) -> AsyncGenerator[Stage]:
    storage, clock = Storage({"AzureWebJobsStorage": connection_string}), SystemClock()
    namespaces = Namespaces({"Bus": bus.connection_string}, Nothing)  # type: ignore[arg-type]
    target = Refusing(BusTarget(ServiceBusTarget(name="out", connection="Bus", queue="out"), namespaces))
    dead_letters = DeadLetters(storage)
    journal, retries = Journal(storage, clock, random.Random(1), KEEP), RetryQueue(storage, clock)
    newest = Newest(NewestRows(storage), clock)
    journal.take_along(newest)
    chain = pipeline(target, journal, retries, newest, dead_letters=dead_letters)
    replays = Replays(
        configuration=configuration(),
        dead_letters=dead_letters,
        pipeline=chain,
        retries=retries,
        storage=storage,
        clock=clock,
    )
    try:
        async with (
            ServiceBusClient.from_connection_string(bus.connection_string) as client,
            client.get_queue_sender("in") as sender,
            client.get_queue_receiver("in") as receiver,
        ):
            yield Stage(bus, target, chain, replays, dead_letters, sender, receiver)
    finally:
        await newest.aclose()
        await target.close()
        await namespaces.close()
        await storage.close()


async def measure(bus: ServiceBus, connection_string: str, *, quick: bool) -> list[Row]:
    """Measure both in turn, then one long replay."""
    a_round, letters = (QUICK_A_ROUND, QUICK_LETTERS) if quick else (A_ROUND, LETTERS)
    ours: list[float] = []
    theirs: list[float] = []
    async with staged(bus, connection_string) as stage:
        for turn in range(-1, QUICK_ROUNDS if quick else ROUNDS):
            await stage.bury(a_round)
            if turn % 2:
                piped = await stage.pipe(a_round)
                replayed = await stage.replay(a_round, Meter(a_round))
            else:
                replayed = await stage.replay(a_round, Meter(a_round))
                piped = await stage.pipe(a_round)
            if turn >= 0:  # the first opens connections
                ours.append(a_round / replayed)
                theirs.append(a_round / piped)
        meter = Meter(letters)
        await stage.bury(letters)
        rate = letters / await stage.replay(letters, meter)
    name = f"replay of {letters:,} dead letters"
    against = f"the pipeline, journal on, {UNDER_WAY} under way"
    return [
        row(
            f"replay of dead letters, {UNDER_WAY} under way",
            ours,
            "events/s",
            base=theirs,
            against=against,
            budget=BUDGET,
            direction="at_least",
            paired=True,
        ),
        row(f"{name} in one job", rate, "events/s"),
        row(f"{name}: resident memory at its end", meter.last, "MiB"),
        row(f"{name}: resident memory at its end, less that after a fifth of them", meter.last - meter.first, "MiB"),
    ]


def _now() -> datetime:
    return datetime.now(UTC)


def _inbound(content: bytes) -> Inbound:
    return Inbound(
        body=content,
        ingress="bus",
        organization="contoso",
        organization_url=URL,
        received_at=_now() - timedelta(seconds=1),
        content_type="application/json",
    )


def rows(quick: bool = False) -> list[Row]:  # noqa: FBT001, FBT002 - the call of every benchmark
    logging.disable(logging.WARNING)  # else every dead letter is named
    try:
        with ServiceBus() as bus, Azurite() as azurite:
            for name in ("in", "out"):
                bus.control.create("queue", QueueConfig(name=name))
            return asyncio.run(measure(bus, azurite.spare_account(), quick=quick))
    finally:
        logging.disable(logging.NOTSET)
