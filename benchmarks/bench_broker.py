"""The local Service Bus broker under the asynchronous azure-servicebus client: messages a second, and its own CPU time.

The client takes most of the time: these rows say that the broker is not what limits a benchmark of the product.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver, ServiceBusSender

from benchmarks.measure import Row, row
from emulation.service_bus import BrokerConfig, QueueConfig, ServiceBus

BODY = b"x" * 1024
BATCH = 100
QUEUE = "measured"
ROUNDS = 5


def messages() -> list[ServiceBusMessage]:
    return [ServiceBusMessage(BODY) for _ in range(BATCH)]


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used (Linux; elsewhere 0)."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def send_lists(sender: ServiceBusSender, count: int) -> None:
    for _ in range(count // BATCH):
        await sender.send_messages(messages())


async def resend_batch(sender: ServiceBusSender, count: int) -> None:
    batch = await sender.create_message_batch()
    for message in messages():
        batch.add_message(message)
    for _ in range(count // BATCH):
        await sender.send_messages(batch)


async def receive(receiver: ServiceBusReceiver, count: int, *, together: bool) -> None:
    left = count
    while left:
        received = await receiver.receive_messages(max_message_count=BATCH, max_wait_time=5)
        if together:
            await asyncio.gather(*(receiver.complete_message(message) for message in received))
        else:
            for message in received:
                await receiver.complete_message(message)
        left -= len(received)


type Samples = tuple[list[float], list[float]]


async def timed(bus: ServiceBus, count: int, work: Callable[[int], Awaitable[None]], samples: Samples) -> None:
    """Note messages a second, and the broker's CPU microseconds a message."""
    used, start = cpu_seconds(bus.pid), time.perf_counter()
    await work(count)
    samples[0].append(count / (time.perf_counter() - start))
    samples[1].append((cpu_seconds(bus.pid) - used) / count * 1e6)


async def measure(bus: ServiceBus, rounds: int, count: int) -> dict[str, Samples]:
    results: dict[str, Samples] = {name: ([], []) for name in BUDGETS}
    async with (
        ServiceBusClient.from_connection_string(bus.connection_string) as client,
        client.get_queue_sender(QUEUE) as sender,
        client.get_queue_receiver(QUEUE) as receiver,
    ):
        await send_lists(sender, BATCH)  # links are open, code is warm
        await receive(receiver, BATCH, together=False)
        for _ in range(rounds):
            await timed(bus, count, lambda n: send_lists(sender, n), results["send lists of 100"])
            await timed(bus, count, lambda n: receive(receiver, n, together=False), results["receive, complete each"])
            await send_lists(sender, count)
            await timed(bus, count, lambda n: receive(receiver, n, together=True), results["receive, complete 100"])
            await timed(bus, 5 * count, lambda n: resend_batch(sender, n), results["resend a batch of 100"])
            bus.control.purge(QUEUE)
    return results


# Messages a second of the trial that this broker follows, on two quiet cores.
BUDGETS = {
    "send lists of 100": 11_000,
    "resend a batch of 100": 70_000,
    "receive, complete each": 3_500,
    "receive, complete 100": 5_000,
}


def rows(quick: bool = False) -> list[Row]:  # noqa: FBT001, FBT002 - the interface of every benchmark
    rounds, count = (1, 500) if quick else (ROUNDS, 5000)
    with ServiceBus(BrokerConfig(queues=(QueueConfig(name=QUEUE),))) as bus:
        results = asyncio.run(measure(bus, rounds, count))
    found: list[Row] = []
    for name, (rates, cpu) in results.items():
        found.append(
            row(
                f"Service Bus broker: {name}, 1 KB",
                rates,
                "messages/s",
                budget=None if quick else BUDGETS[name],
                direction="at_least",
            )
        )
        found.append(row(f"Service Bus broker: {name}, the broker's CPU", cpu, "µs/message"))
    return found
