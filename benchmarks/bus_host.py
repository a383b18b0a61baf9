"""The same way through the functions host: the real app of this project in a process of its own, its journal off.

Both sides begin with all messages on their queue: the host is frozen while they are put, so that nobody's time for
putting is in a rate. What Microsoft's worker library takes for a call is measured in the same rounds, with a function
that does nothing: a host that cost nothing itself would take as long as this process and that together, for host and
worker are one process of Python here.
"""

import asyncio
import gc
import json
import subprocess
import sys
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
COUNTS = {1: 60, 16: 320, 64: 640}
ROUNDS, QUICK_ROUNDS = 9, 2
WITHIN, LOOK = 60.0, 0.01
BUDGET = 0.6
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


@contextmanager
def worker_alone(bus: str, queue: str) -> Iterator[subprocess.Popen[str]]:
    """Run Microsoft's worker library without a host; the queue holds a message for it."""
    with TemporaryDirectory() as folder:
        options = json.dumps({"bus": bus, "queue": queue, "folder": folder})
        command = [sys.executable, "-m", "benchmarks.worker_alone", options]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
            try:
                assert answer(process) == "ready"
                yield process
            finally:
                process.kill()


def answer(process: subprocess.Popen[str], question: str = "") -> str:
    """Write a line, if there is one, and read one."""
    assert process.stdin is not None
    assert process.stdout is not None
    if question:
        print(question, file=process.stdin, flush=True)
    if not (line := process.stdout.readline()):
        msg = f"the worker library alone ended with {process.wait()}"
        raise AssertionError(msg)
    return line.strip()


async def hosted(bus: ServiceBus, sender: ServiceBusSender, count: int, host: FunctionsHost) -> float:
    """Let the host move so many messages, each completed; return the seconds it took."""
    host.pause()
    try:
        await put(sender, count, AT)
    finally:
        host.resume()
    started = time.perf_counter()
    while True:
        entities = bus.control.state()["entities"]
        if entities[OUT]["active"] >= count and not any(entities[IN].values()):
            return time.perf_counter() - started
        if time.perf_counter() - started > WITHIN:
            msg = f"the host moved {entities[OUT]['active']} of {count} messages; its log ends: {host.log[-2000:]}"
            raise AssertionError(msg)
        await asyncio.sleep(LOOK)


async def through_host(bus: ServiceBus, client: ServiceBusClient, storage: str, *, quick: bool) -> list[Row]:
    """Measure short runs in turn: through the host, in this process without it, and the worker library alone."""
    found: list[Row] = []
    async with (
        ours(bus) as mine,
        client.get_queue_sender("in") as to_us,
        client.get_queue_receiver("in") as receiver,
        client.get_queue_sender(IN) as to_host,
    ):
        await put(to_us, 1, AT)
        with worker_alone(bus.connection_string, "in") as worker:
            for concurrency, count in COUNTS.items():
                samples: dict[str, list[float]] = {"host": [], "ours": []}
                calls: list[float] = []
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
                        call = float(answer(worker, "again"))
                        if turn >= 0:
                            calls.append(call)
                found += _rows(concurrency, samples["host"], samples["ours"], calls)
    return found


def _rows(concurrency: int, host: list[float], mine: list[float], calls: list[float]) -> list[Row]:
    title = f"Service Bus in, functions host, Service Bus out; {concurrency} under way"
    free = [1 / (1 / rate + call) for rate, call in zip(mine, calls, strict=True)]
    library = f"Microsoft's worker library alone, a call that does nothing; beside {concurrency} under way"
    in_process = "the same in this process, without the host"
    ceiling = "the same in this process and Microsoft's worker library: a host that costs nothing itself"
    budget = BUDGET if concurrency > 1 else None
    return [
        row(library, [1 / call for call in calls], "calls/s", base=mine, against=in_process, paired=True),
        row(title, host, "events/s", base=mine, against=in_process, budget=budget, direction="at_least", paired=True),
        row(f"{title}, of what is possible", host, "events/s", base=free, against=ceiling, paired=True),
    ]
