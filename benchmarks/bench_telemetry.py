"""What spans and metrics cost: without a provider beside code that has none, and with an exporter in memory.

In one process and with nothing to wait for, an event takes some hundred microseconds: there all of it shows. On the way
from Service Bus to Service Bus the two sides differ by the provider alone.
"""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from unittest.mock import patch

from azure.servicebus.aio import ServiceBusClient

from benchmarks.bench_service_bus import Stage
from benchmarks.bus_sides import URL, Work, body, ours, pipeline
from benchmarks.measure import Row, row, side_by_side_async
from emulation.service_bus import QueueConfig, ServiceBus
from integration.delivery.shipment import Receipt, Shipment
from integration.events.inbound import Inbound
from integration.telemetry.providers import PROVIDERS
from integration.telemetry.spans import span

UNDER_WAY, COUNT = 16, 320
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
        self.exporter.clear()

    def close(self) -> None:
        self._tracers.force_flush()
        assert self.exporter.get_finished_spans(), "spans are exported"
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


def inbound() -> Inbound:
    return Inbound(
        body=body(None), ingress="bus", organization="contoso", organization_url=URL, received_at=datetime.now(UTC)
    )


async def alone(*, quick: bool) -> list[Row]:
    chain, message, collector = pipeline(Taken()), inbound(), Collector()

    async def off() -> None:
        await chain.receive(message)

    async def bare() -> None:
        with without_spans():
            for _ in range(50):
                await chain.receive(message)

    async def fifty() -> None:
        for _ in range(50):
            await chain.receive(message)

    async def on() -> None:
        with collector.on():
            for _ in range(50):
                await chain.receive(message)

    await off()
    sides = {"bare": bare, "off": fifty, "on": on}
    samples = await side_by_side_async(sides, rounds=5 if quick else 21)
    collector.close()
    each = {name: [taken / 50 * 1e6 for taken in values] for name, values in samples.items()}
    name = "one event through the pipeline, nothing to wait for"
    return [
        row(f"{name}, no provider", each["off"], "µs", base=each["bare"], against="the same without spans", budget=1.1),
        row(f"{name}, exporter in memory", each["on"], "µs", base=each["off"], against="no provider"),
    ]


async def over_service_bus(*, quick: bool) -> list[Row]:
    collector = Collector()
    with ServiceBus() as bus:
        for queue in ("in", "out"):
            bus.control.create("queue", QueueConfig(name=queue))
        async with ServiceBusClient.from_connection_string(bus.connection_string) as client, ours(bus) as work:
            stage = Stage(bus, client, quick=quick)

            async def on(receiver: object, messages: list[object]) -> None:
                with collector.on():
                    await work(receiver, messages)  # type: ignore[arg-type]

            sides: dict[str, Work] = {"off": work, "on": on}  # type: ignore[dict-item]
            samples = await stage.compare(sides, UNDER_WAY, COUNT)
    collector.close()
    name = f"Service Bus in, route, Service Bus out, exporter in memory; {UNDER_WAY} under way"
    against = "no provider, same run"
    found = row(
        name,
        samples["on"],
        "events/s",
        base=samples["off"],
        against=against,
        budget=0.85,
        direction="at_least",
        paired=True,
    )
    return [found]


def rows(*, quick: bool = False) -> list[Row]:
    return [*asyncio.run(alone(quick=quick)), *asyncio.run(over_service_bus(quick=quick))]
