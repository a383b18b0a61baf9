"""Replaying dead letters: events a second, and what many of them leave behind in the process.

The dead letters are blobs of a real account (Azurite) and are replayed as the function app does it: oldest first, one
after the other, in slices under a lease, each journalled, delivered to a queue of the local broker and removed.
"""

import asyncio
import gc
import random
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.servicebus.aio import ServiceBusClient

from benchmarks.bus_sides import URL, Nothing, body, configuration, drain, pipeline
from benchmarks.measure import Row, row
from benchmarks.soak_service_bus import FIRST, resident
from emulation.azurite import Azurite
from emulation.service_bus import QueueConfig, ServiceBus
from integration.clock import SystemClock
from integration.config.keys.model import ServiceBusTarget
from integration.dead_letters import DeadLetters, Filter, Job, Record
from integration.delivery import Replays
from integration.delivery.queued.queue import RetryQueue
from integration.delivery.screening.newest import Newest
from integration.delivery.screening.newest_rows import NewestRows
from integration.delivery.targets.service_bus import Namespaces
from integration.delivery.targets.service_bus.target import ServiceBus as BusTarget
from integration.events.decode import decode
from integration.events.event import Event
from integration.events.inbound import Inbound
from integration.journal import Journal
from integration.storage import Storage

LETTERS, QUICK_LETTERS = 10_000, 200
AT_ONCE = 32
FASTEST = 1000.0
KEEP = timedelta(days=14)


def letter(number: int, at: datetime) -> Record:
    """Make the dead letter of a delivery that was refused."""
    inbound = Inbound(
        body=body(at), ingress="bus", organization="contoso", organization_url=URL, received_at=at, content_type=""
    )
    [event] = decode(inbound).items
    assert isinstance(event, Event)
    return Record(
        organization="contoso",
        reason="TargetRejected",
        message="out refused the message",
        accepted_at=at + timedelta(milliseconds=number),
        recorded_at=at,
        source="bus",
        event=event,
        route="orders",
        target="out",
        attempts=1,
    )


async def bury(dead_letters: DeadLetters, count: int, at: datetime) -> set[str]:
    """Keep so many dead letters; return the keys of their events."""
    keys: set[str] = set()
    for start in range(0, count, AT_ONCE):
        lot = [letter(number, at) for number in range(start, min(start + AT_ONCE, count))]
        await asyncio.gather(*map(dead_letters.bury, lot))
        keys.update(record.event.key[:32] for record in lot if record.event)
    return keys


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


async def replayed(replays: Replays, meter: Meter) -> Job:
    """Replay everything, slice by slice."""
    job = await replays.ask("replay", Filter(), per_second=FASTEST, order=False)
    while job.state != "done":
        after = await replays.run(job.id, seen=meter.see)
        assert after is not None, "another replay is at work"
        job = after
    return job


async def measure(count: int, bus: ServiceBus, connection_string: str) -> tuple[float, Meter]:
    """Bury and replay; make sure that each event came once. Return events a second, and the memory."""
    storage, clock = Storage({"AzureWebJobsStorage": connection_string}), SystemClock()
    namespaces = Namespaces({"Bus": bus.connection_string}, Nothing)  # type: ignore[arg-type]
    target = BusTarget(ServiceBusTarget(name="out", connection="Bus", queue="out"), namespaces)
    dead_letters, meter = DeadLetters(storage), Meter(count)
    journal, retries = Journal(storage, clock, random.Random(1), KEEP), RetryQueue(storage, clock)
    newest = Newest(NewestRows(storage), clock)
    replays = Replays(
        configuration=configuration(),
        dead_letters=dead_letters,
        pipeline=pipeline(target, journal, retries, newest),
        retries=retries,
        storage=storage,
        clock=clock,
    )
    try:
        keys = await bury(dead_letters, count, datetime.now(UTC) - timedelta(hours=1))
        started = time.perf_counter()
        job = await replayed(replays, meter)
        took = time.perf_counter() - started
        assert job.counts == {"delivered": count}, job.counts
        assert [place async for place in dead_letters.places(Filter())] == []
    finally:
        await newest.aclose()
        await target.close()
        await namespaces.close()
        await storage.close()
    assert sorted(await came(bus, count)) == sorted(f"{each}:orders:r1" for each in keys), "lost or doubled"
    return count / took, meter


async def came(bus: ServiceBus, count: int) -> list[str]:
    """Read the message ids of what was delivered."""
    assert bus.control.counts("out")["active"] == count
    found: list[str] = []

    async def note(message: Any) -> None:
        found.append(message.message_id or "")

    async with ServiceBusClient.from_connection_string(bus.connection_string) as client:
        await drain(client, "out", count, 200, note)
    return found


def rows(quick: bool = False) -> list[Row]:  # noqa: FBT001, FBT002 - the call of every benchmark
    count = QUICK_LETTERS if quick else LETTERS
    with ServiceBus() as bus, Azurite() as azurite:
        bus.control.create("queue", QueueConfig(name="out"))
        rate, meter = asyncio.run(measure(count, bus, azurite.spare_account()))
    name = f"replay of {count:,} dead letters, journalled, to Service Bus"
    return [
        row(name, rate, "events/s"),
        row(f"{name}: resident memory at its end", meter.last, "MiB"),
        row(
            f"{name}: resident memory at its end, less that after a fifth of them",
            meter.last - meter.first,
            "MiB",
        ),
    ]
