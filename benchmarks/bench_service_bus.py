"""Service Bus in, route, Service Bus out, beside azure-servicebus alone; without and with the journal.

Both sides take their messages from one receiver, send the same bytes by a sender of their own that is open already and
complete each message once its send is settled: same broker, same process, same number under way. A round is a pair of
short runs, one of each side, in turning order; the ratio is the median of the pairs'.

With the journal, the other sides are the same way without it, and a loop written by hand that writes the same rows to a
table of the same shape in the same Azurite, each in a request of its own: insert a row, send, replace the row under its
version, complete. The requests an event are counted while so many are under way, and of events that come alone.

The way through the functions host is shown beside the same way in this process: bus_host.py.
"""

import asyncio
import gc
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from azure.data.tables.aio import TableServiceClient
from azure.servicebus.aio import ServiceBusClient

from benchmarks import bus_host
from benchmarks.bus_sides import AT, HandRows, Work, alone, in_lots, ours, pass_through, put, quickly
from benchmarks.measure import Row, row
from emulation.azurite import Azurite
from emulation.service_bus import QueueConfig, ServiceBus
from integration.clock import SystemClock
from integration.delivery.screening.newest import REREAD_AFTER_SECONDS, Newest
from integration.delivery.screening.newest_rows import NewestRows
from integration.journal import Journal
from integration.journal.tables import PAST_EVENTS, table_of
from integration.storage import Storage

COUNTS = {1: 100, 16: 320, 64: 640}
"""How many messages each side moves in a round, by how many are under way."""

JOURNAL_COUNTS = {1: 40, 16: 160, 64: 256}
COUNTED = 20
ROUNDS, QUICK_ROUNDS = 25, 3
BUDGET, JOURNAL_BUDGET = 0.95, 0.5
REQUESTS = {1: 2.0, 16: 1.0, 64: 0.5}
"""How many table requests an event may cost, by how many are under way."""
SENT_BY = "azure.core.pipeline.policies.http_logging_policy"


class Stage:
    """The broker and the receiver that all sides share."""

    def __init__(self, bus: ServiceBus, client: ServiceBusClient, *, quick: bool) -> None:
        self.bus = bus
        self.client = client
        self.quick = quick

    async def compare(
        self, sides: Mapping[str, Work], concurrency: int, count: int, at: datetime | None = AT
    ) -> dict[str, list[float]]:
        """Run the sides in turning order; give the messages a second of each in each round."""
        samples: dict[str, list[float]] = {name: [] for name in sides}
        names = list(sides)
        count = quickly(count, concurrency) if self.quick else count
        async with self.client.get_queue_sender("in") as sender, self.client.get_queue_receiver("in") as receiver:
            for turn in range(-1, QUICK_ROUNDS if self.quick else ROUNDS):
                for name in names if turn % 2 else reversed(names):
                    await put(sender, count, at)
                    gc.collect()
                    took = await pass_through(receiver, count, concurrency, sides[name])
                    if (sent := self.bus.control.purge("out")) != count:
                        msg = f"{name}: {sent} of {count} messages arrived"
                        raise AssertionError(msg)
                    if turn >= 0:  # the first opens links
                        samples[name].append(count / took)
        return samples

    async def once(self, work: Work, at: datetime | None) -> None:
        """Take one message through a side."""
        async with self.client.get_queue_sender("in") as sender, self.client.get_queue_receiver("in") as receiver:
            await put(sender, 1, at)
            await pass_through(receiver, 1, 1, work)
        self.bus.control.purge("out")

    async def requests(self, work: Work, concurrency: int, count: int, at: datetime | None) -> float:
        """Count the HTTP requests an event while so many are under way."""
        async with self.client.get_queue_sender("in") as sender, self.client.get_queue_receiver("in") as receiver:
            await put(sender, count, at)
            with counting() as requests:
                await pass_through(receiver, count, concurrency, work)
        self.bus.control.purge("out")
        return requests.sent / count

    async def operations(self, side: "Counted", at: datetime | None, *, apart: bool = False) -> float:
        """Count the HTTP requests of one event, as the SDK logs them: over these sides they are table operations.

        What is written behind is counted with the events that it is about. They come at once, or so far `apart` that
        nothing is read or written for two of them together.
        """
        await self.once(side.work, at)  # makes its tables
        await side.written()
        count = 1 if apart else COUNTED
        with counting() as requests:
            async with self.client.get_queue_sender("in") as sender, self.client.get_queue_receiver("in") as receiver:
                for _ in range(COUNTED // count):
                    side.clock.ahead += REREAD_AFTER_SECONDS + 1
                    await put(sender, count, at)
                    await pass_through(receiver, count, 1, side.work)
                    await side.written()
        self.bus.control.purge("out")
        return requests.sent / COUNTED


async def without_journal(stage: Stage) -> list[Row]:
    found: list[Row] = []
    async with ours(stage.bus) as mine, alone(stage.client) as plain, in_lots(stage.client) as lots:
        for concurrency, count in COUNTS.items():
            sides = {"ours": mine, "alone": plain} | ({"lots": lots} if concurrency > 1 else {})
            samples = await stage.compare(sides, concurrency, count)
            name = f"Service Bus in, route, Service Bus out; {concurrency} under way"
            against = "azure-servicebus alone: receive, send the same bytes, complete"
            if concurrency == 1:
                found.append(_ratio(name, samples["ours"], samples["alone"], against, BUDGET))
                continue
            found.append(_ratio(f"{name}, for comparison", samples["ours"], samples["alone"], against, None))
            against = "azure-servicebus alone, each lot received sent as one batch"
            found.append(_ratio(name, samples["ours"], samples["lots"], against, BUDGET))
    return found


class Ahead(SystemClock):
    """The time, set ahead by hand; who sleeps is not woken."""

    ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds * 1e6)


async def nothing() -> None:
    """Write nothing: a side that writes nothing behind."""


class Counted(NamedTuple):
    """A side whose operations are counted: `written` writes what it would write behind."""

    work: Work
    clock: Ahead = Ahead()
    written: Callable[[], Awaitable[None]] = nothing


class Journaled(NamedTuple):
    """Both sides, and ours once more for counting."""

    ours: Work
    alone: Work
    counted: Counted


@asynccontextmanager
async def journaled(stage: Stage, connection_string: str) -> AsyncIterator[Journaled]:
    """Open both sides with a table each; the rows written by hand are like fno-link's own."""
    now = datetime.now(UTC)
    async with AsyncExitStack() as opened:
        service = await opened.enter_async_context(TableServiceClient.from_connection_string(connection_string))
        by_hand = await service.create_table("byhand")
        storage = Storage({"AzureWebJobsStorage": connection_string})
        opened.push_async_callback(storage.close)

        async def open_ours(clock: SystemClock) -> tuple[Work, Newest]:
            journal = Journal(storage, SystemClock(), random.Random(1), timedelta(days=14))
            newest = Newest(NewestRows(storage), clock)
            journal.take_along(newest)
            opened.push_async_callback(newest.aclose)
            return await opened.enter_async_context(ours(stage.bus, journal, newest)), newest

        mine, newest = await open_ours(SystemClock())
        await stage.once(mine, now)
        await newest.flush()  # else it is written while the other's operations are counted
        rows = service.get_table_client(table_of(now)).query_entities(f"RowKey lt '{PAST_EVENTS}'")
        [sample] = [entity async for entity in rows]
        plain = await opened.enter_async_context(alone(stage.client, HandRows(by_hand, sample)))
        work, newest = await open_ours(clock := Ahead())
        yield Journaled(mine, plain, Counted(work, clock, newest.flush))


async def with_journal(stage: Stage, connection_string: str) -> list[Row]:
    found: list[Row] = []
    now = datetime.now(UTC)
    async with journaled(stage, connection_string) as (mine, plain, counted), ours(stage.bus) as off:
        for about, at in (("", now), (" without a time of its own", None)):
            operations = await stage.operations(counted, at)
            name = f"table requests of an event{about} that comes alone and is delivered at its first attempt"
            found.append(row(name, operations, "requests", budget=REQUESTS[1]))
        operations = await stage.operations(counted, now, apart=True)
        name = f"the same of an event that is the only one of its kind in {REREAD_AFTER_SECONDS:g} s"
        found.append(row(name, operations, "requests", budget=REQUESTS[1]))
        by_hand = await stage.operations(Counted(plain), now)
        found.append(row("the same of the loop written by hand", by_hand, "requests"))
        for concurrency, count in JOURNAL_COUNTS.items():
            samples = await stage.compare({"ours": mine, "alone": plain, "off": off}, concurrency, count, now)
            name = f"Service Bus in, journal, route, Service Bus out; {concurrency} under way"
            budget = JOURNAL_BUDGET if concurrency > 1 else None
            found.append(_ratio(name, samples["ours"], samples["off"], "the same without a journal", budget))
            against = "a loop written by hand with two table requests an event"
            found.append(_ratio(f"{name}, for comparison", samples["ours"], samples["alone"], against, None))
            if concurrency > 1:
                requests = await stage.requests(mine, concurrency, count, now)
                about = f"table requests of an event, {concurrency} under way"
                found.append(row(about, requests, "requests", budget=REQUESTS[concurrency]))
    return found


class Requests(logging.Handler):
    """Counts the requests that the Azure SDK says it has sent, its own repetitions among them."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.sent += record.getMessage().startswith("Request URL")


@contextmanager
def counting() -> Iterator["Requests"]:
    """Count what the Azure SDK sends meanwhile."""
    log, requests = logging.getLogger(SENT_BY), Requests()
    level = log.level
    log.addHandler(requests)
    log.setLevel(logging.INFO)
    try:
        yield requests
    finally:
        log.setLevel(level)
        log.removeHandler(requests)


def _ratio(name: str, mine: list[float], base: list[float], against: str, budget: float | None) -> Row:
    return row(name, mine, "events/s", base=base, against=against, budget=budget, direction="at_least", paired=True)


async def _rows(*, quick: bool) -> list[Row]:
    with ServiceBus() as bus, Azurite() as azurite:
        for name in ("in", "out", bus_host.IN):
            bus.control.create("queue", QueueConfig(name=name))
        async with ServiceBusClient.from_connection_string(bus.connection_string) as client:
            stage = Stage(bus, client, quick=quick)
            return [
                *await without_journal(stage),
                *await with_journal(stage, azurite.spare_account()),
                *await bus_host.through_host(bus, client, azurite.spare_account(), quick=quick),
            ]


def rows(quick: bool = False) -> list[Row]:  # noqa: FBT001, FBT002 - the call of every benchmark
    return asyncio.run(_rows(quick=quick))
