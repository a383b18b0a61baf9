"""The same way through the functions host: the real app of this project in a process of its own, its journal off.

There is no budget: the local host is not Azure's. The rows show when the app's own part of the way becomes slower.
The clock starts before the messages are put, as the host takes the first while the last are still put.
"""

import asyncio
import gc
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from azure.servicebus.aio import ServiceBusClient, ServiceBusSender

from benchmarks.bus_sides import AT, URL, ours, pass_through, put, quickly
from benchmarks.measure import Row, row
from emulation.functions_host.process import FunctionsHost
from emulation.service_bus import ServiceBus

ROOT = Path(__file__).parent.parent
COUNTS = {1: 40, 16: 160, 64: 320}
ROUNDS, QUICK_ROUNDS = 9, 2
WITHIN, LOOK = 60.0, 0.005
IN, OUT = "host-in", "out"
CONFIGURATION = f"""
[[organizations]]
name = "contoso"
url = "{URL}"
tenant = "contoso.com"
[sources.bus]
kind = "service_bus"
organization = "contoso"
queue = "{IN}"
[targets.out]
kind = "service_bus"
queue = "{OUT}"
[[routes]]
name = "orders"
target = "out"
event_types = ["SalesOrder*"]
filters = [
  {{ operator = "StringIn", key = "data.LegalEntity", values = ["usmf", "demf"] }},
  {{ operator = "NumberGreaterThan", key = "data.OrderTotal", value = 1000 }},
]
requires_link = false
[journal]
enabled = false
[health]
schedule = "0 0 0 1 1 *"
"""


def settings(bus: str, storage: str, configuration: Path) -> dict[str, str]:
    """Write the app settings; nothing of Dataverse is asked on this way."""
    return {
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "FNO_LINK_CONFIG": str(configuration),
        "FNO_LINK_CONTOSO_CLIENT_ID": "0a1b2c3d-0000-4000-8000-00000000de40",
        "FNO_LINK_CONTOSO_CLIENT_SECRET": "secret",
        "AzureWebJobsStorage": storage,
        "ServiceBus": bus,
    }


@contextmanager
def running(bus: str, storage: str, concurrency: int) -> Iterator[FunctionsHost]:
    """Run the app with so many messages of a queue under way."""
    with TemporaryDirectory() as scratch:
        configuration, values = Path(scratch) / "fno-link.toml", Path(scratch) / "local.settings.json"
        configuration.write_text(CONFIGURATION)
        values.write_text(json.dumps({"IsEncrypted": False, "Values": settings(bus, storage, configuration)}))
        limit = {"AzureFunctionsJobHost__extensions__serviceBus__maxConcurrentCalls": str(concurrency)}
        with FunctionsHost(ROOT, env=limit, settings=values) as host:
            yield host


async def hosted(bus: ServiceBus, sender: ServiceBusSender, count: int, host: FunctionsHost) -> float:
    """Let the host move so many messages, each completed; return the seconds it took."""
    started = time.perf_counter()
    await put(sender, count, AT)
    while True:
        entities = bus.control.state()["entities"]
        if entities[OUT]["active"] >= count and not any(entities[IN].values()):
            return time.perf_counter() - started
        if time.perf_counter() - started > WITHIN:
            msg = f"the host moved {entities[OUT]['active']} of {count} messages; its log ends: {host.log[-2000:]}"
            raise AssertionError(msg)
        await asyncio.sleep(LOOK)


async def through_host(bus: ServiceBus, client: ServiceBusClient, storage: str, *, quick: bool) -> list[Row]:
    """Measure pairs of short runs: through the host, and in this process without it."""
    found: list[Row] = []
    async with (
        ours(bus) as mine,
        client.get_queue_sender("in") as to_us,
        client.get_queue_receiver("in") as receiver,
        client.get_queue_sender(IN) as to_host,
    ):
        for concurrency, count in COUNTS.items():
            samples: dict[str, list[float]] = {"host": [], "ours": []}
            count = quickly(count, concurrency) if quick else count  # noqa: PLW2901 - the same for both sides
            with running(bus.connection_string, storage, concurrency) as host:
                for turn in range(-1, QUICK_ROUNDS if quick else ROUNDS):
                    for name in samples if turn % 2 else reversed(samples):
                        gc.collect()
                        if name == "host":
                            took = await hosted(bus, to_host, count, host)
                        else:
                            await put(to_us, count, AT)
                            took = await pass_through(receiver, count, concurrency, mine)
                        assert (sent := bus.control.purge(OUT)) == count, f"{name}: {sent} of {count} arrived"
                        if turn >= 0:  # the first opens links and imports
                            samples[name].append(count / took)
            title = f"Service Bus in, functions host, Service Bus out; {concurrency} under way"
            against = "the same in this process, without the host"
            found.append(row(title, samples["host"], "events/s", base=samples["ours"], against=against, paired=True))
    return found
