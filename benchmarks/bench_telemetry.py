"""What spans and metrics cost: without a provider beside code that has none, and with an exporter in memory.

In one process and with nothing to wait for, an event takes some hundred microseconds: there all of it shows. On the way
from Service Bus to Service Bus the two sides differ by the provider alone, without the journal and with it, as it is by
default.

What is compared is processor time beside the time of the clock, of short runs in turn: other programs of the machine
take from the clock of either side, and from the caches of both.
"""

import asyncio
import gc
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from unittest.mock import patch

from azure.servicebus.aio import ServiceBusClient

from benchmarks.bus_sides import URL, Work, body, ours, pass_through, pipeline, put, quickly
from benchmarks.measure import Row, row
from emulation.azurite import Azurite
from emulation.service_bus import QueueConfig, ServiceBus
from integration.clock import SystemClock
from integration.delivery.screening.newest import Newest
from integration.delivery.screening.newest_rows import NewestRows
from integration.delivery.shipment import Receipt, Shipment
from integration.events.inbound import Inbound
from integration.journal import Journal
from integration.storage import Storage
from integration.tally import First, Key
from integration.telemetry.carrier import here
from integration.telemetry.instruments import tell
from integration.telemetry.providers import PROVIDERS
from integration.telemetry.spans import span
from integration.worker.measured import counted

UNDER_WAY, COUNT, JOURNAL_COUNT = 16, 160, 96
EVENTS, ROUNDS, QUICK = 40, 61, 7


def tallied(key: Key, _first: First | None = None, /) -> None:
    """Count as the worker does, as far as that is telemetry."""
    counted(key)


SPANNED = ("attempts", "pipeline", "spreading")


class Taken:
    """A target that takes everything at once."""

    async def deliver(self, _shipment: Shipment) -> Receipt:
        return Receipt(202)

    async def close(self) -> None:
        pass


class Collector:
    """A provider of OpenTelemetry's SDK that keeps what it is given in memory, and forgets it now and then."""

    def __init__(self) -> None:
        from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415 - as a cold start has it: only where it is on
        from opentelemetry.sdk.metrics.export import InMemoryMetricReader  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter  # noqa: PLC0415

        self.exporter = InMemorySpanExporter()
        self.exported = 0
        self._tracers = TracerProvider(shutdown_on_exit=False)
        self._tracers.add_span_processor(BatchSpanProcessor(self.exporter))
        self._meters = MeterProvider(metric_readers=[InMemoryMetricReader()], shutdown_on_exit=False)

    @contextmanager
    def on(self) -> Iterator[None]:
        with (
            patch("opentelemetry.trace.get_tracer_provider", lambda: self._tracers),
            patch("opentelemetry.metrics.get_meter_provider", lambda: self._meters),
        ):
            PROVIDERS.forget()
            yield
        PROVIDERS.forget()
        self._tracers.force_flush()
        self.exported += len(self.exporter.get_finished_spans())
        self.exporter.clear()

    def close(self) -> None:
        assert self.exported, "spans are exported"
        self._tracers.shutdown()
        self._meters.shutdown()


@contextmanager
def without_spans() -> Iterator[None]:
    """Be the code without spans and metrics, as well as that can be had: each is one call that does nothing."""
    assert PROVIDERS.recorder() is None
    untold = span.__globals__["_UNTOLD"]
    with ExitStack() as patched:
        for name in SPANNED:
            module = f"integration.delivery.{name}"
            patched.enter_context(patch(f"{module}.span", lambda *_, **__: untold))
            patched.enter_context(patch(f"{module}.tell", lambda *_, **__: None))
        patched.enter_context(patch("integration.telemetry.carrier.here", str))
        yield


class Noted:
    """What a span was told where nobody takes it, so that it can be told again."""

    on = False

    def __init__(self) -> None:
        self.notes: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def note(self, **details: Any) -> None:
        self.notes.append(details)

    def failed(self, _code: str) -> None:
        pass

    def answered(self, _status: int) -> None:
        pass


async def calls_of(event: Callable[[], Awaitable[object]]) -> Callable[[], None]:
    """Give what calls spans and metrics as one event does, and nothing else."""
    calls: list[tuple[tuple[Any, ...], dict[str, Any], Noted]] = []
    told: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
    asked = 0

    def noted(*given: Any, **details: Any) -> Noted:
        calls.append((given, details, Noted()))
        return calls[-1][2]

    def asking() -> str:
        nonlocal asked
        asked += 1
        return ""

    with ExitStack() as patched:
        for name in SPANNED:
            module = f"integration.delivery.{name}"
            patched.enter_context(patch(f"{module}.span", noted, create=True))
            patched.enter_context(patch(f"{module}.tell", lambda *a, **k: told.append((a, k)), create=True))
        patched.enter_context(patch("integration.worker.measured.tell", lambda *a, **k: told.append((a, k))))
        patched.enter_context(patch("integration.telemetry.carrier.here", asking))
        await event()
    assert calls, "an event has spans"
    assert told, "an event is counted"

    def again() -> None:
        for given, details, notes in calls:
            with span(*given, **details) as begun:
                for each in notes.notes:
                    begun.note(**each)
        for given, details in told:
            tell(*given, **details)
        for _ in range(asked):
            here()

    return again


def inbound() -> Inbound:
    return Inbound(
        body=body(None), ingress="bus", organization="contoso", organization_url=URL, received_at=datetime.now(UTC)
    )


async def alone(*, quick: bool) -> list[Row]:
    chain, message, collector = pipeline(Taken(), tally=tallied), inbound(), Collector()

    async def event() -> None:
        await chain.receive(message)

    again = await calls_of(event)

    async def calls() -> None:
        again()

    sides = {
        "bare": (without_spans, event),
        "off": (nullcontext, event),
        "calls": (nullcontext, calls),
        "on": (collector.on, event),
    }
    samples: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(-1, QUICK if quick else ROUNDS):
        for name in list(sides) if turn % 2 else reversed(sides):
            around, work = sides[name]
            with around():
                await work()
                gc.collect()
                gc.disable()
                start = time.process_time()
                for _ in range(EVENTS):
                    await work()
                took = time.process_time() - start
                gc.enable()
            if turn >= 0:
                samples[name].append(took / EVENTS * 1e6)
    collector.close()
    name, off = "one event through the pipeline, nothing to wait for", samples["off"]
    without = "the same without spans"
    return [
        row(
            "the calls of one event's spans and metrics, no provider",
            samples["calls"],
            "µs",
            base=off,
            against="all of the event",
            budget=0.1,
            paired=True,
        ),
        row(f"{name}, no provider", off, "µs", base=samples["bare"], against=without, budget=1.1, paired=True),
        row(f"{name}, exporter in memory", samples["on"], "µs", base=off, against="no provider", paired=True),
    ]


async def compared(
    bus: ServiceBus, client: ServiceBusClient, work: Work, around: Mapping[str, Any], count: int, *, quick: bool
) -> dict[str, list[tuple[float, float]]]:
    """Take messages through in turn; give events a second and processor time an event of each run."""
    samples: dict[str, list[tuple[float, float]]] = {name: [] for name in around}
    count = quickly(count, UNDER_WAY) if quick else count
    async with client.get_queue_sender("in") as sender, client.get_queue_receiver("in") as receiver:
        for turn in range(-1, QUICK if quick else ROUNDS):
            for name in list(around) if turn % 2 else reversed(around):
                await put(sender, count, datetime.now(UTC))
                gc.collect()
                with around[name]():
                    start = time.process_time()
                    took = await pass_through(receiver, count, UNDER_WAY, work)
                    spent = time.process_time() - start
                if (sent := bus.control.purge("out")) != count:
                    msg = f"{name}: {sent} of {count} messages arrived"
                    raise AssertionError(msg)
                if turn >= 0:  # the first opens links
                    samples[name].append((count / took, count / spent))
    return samples


async def over_service_bus(*, quick: bool) -> list[Row]:
    collector = Collector()
    around = {"off": nullcontext, "on": collector.on}
    found: list[Row] = []
    with ServiceBus() as bus, Azurite() as azurite:
        for queue in ("in", "out"):
            bus.control.create("queue", QueueConfig(name=queue))
        async with ServiceBusClient.from_connection_string(bus.connection_string) as client, AsyncExitStack() as opened:
            storage = Storage({"AzureWebJobsStorage": azurite.spare_account()})
            opened.push_async_callback(storage.close)
            newest = Newest(NewestRows(storage), SystemClock())
            opened.push_async_callback(newest.aclose)
            journal = Journal(storage, SystemClock(), random.Random(1), timedelta(days=14))
            journal.take_along(newest)
            for way, work, count in (
                ("route", await opened.enter_async_context(ours(bus, tally=tallied)), COUNT),
                (
                    "journal, route",
                    await opened.enter_async_context(ours(bus, journal, newest, tallied)),
                    JOURNAL_COUNT,
                ),
            ):
                samples = await compared(bus, client, work, around, count, quick=quick)
                name = f"Service Bus in, {way}, Service Bus out, exporter in memory; {UNDER_WAY} under way"
                found += [_ratio(f"{name}{what}", samples, which) for which, what in enumerate(WHAT)]
    collector.close()
    return found


WHAT = ("", ", a second of processor time")


def _ratio(name: str, samples: Mapping[str, list[tuple[float, float]]], which: int) -> Row:
    on, off = ([each[which] for each in samples[side]] for side in ("on", "off"))
    against = "no provider, same run"
    return row(name, on, "events/s", base=off, against=against, budget=0.85, direction="at_least", paired=True)


def rows(*, quick: bool = False) -> list[Row]:
    return [*asyncio.run(alone(quick=quick)), *asyncio.run(over_service_bus(quick=quick))]
