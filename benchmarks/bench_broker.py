"""The local Service Bus broker under the asynchronous azure-servicebus client: messages a second, and its own CPU time.

The client takes most of the time, so messages a second are its figure and have no budget. The broker's is the processor
time that it takes, in parts of what a bare asyncio server takes that reads the same frames and answers with the same
ones by heart (`benchmarks/frames.py`).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver, ServiceBusSender

from benchmarks.frames import Recorder, Turn, by_heart, play
from benchmarks.measure import Row, row
from emulation.service_bus import BrokerConfig, QueueConfig, ServiceBus

BODY = b"x" * 1024
BATCH = 100
QUEUE = "measured"
ROUNDS = 5
RECORDED = 500
LONGER = 4


def messages() -> list[ServiceBusMessage]:
    return [ServiceBusMessage(BODY) for _ in range(BATCH)]


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used, all threads together (Linux)."""
    return sum(int(each.read_text().split()[0]) for each in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


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


type Work = Callable[[int], Awaitable[None]]


class Operation(msgspec.Struct):
    """What is measured of one way to use the broker.

    Args:
        budget: The broker's processor time in parts of the bare server's, for which a hundred messages are one frame
            when they are sent together.
        work: Takes so many messages through.
        prepare: Makes so many messages ready for it; not measured.
        rates: Messages a second, one a round.
        broker: The broker's processor time, µs a message, one a round.
        bare: The bare server's, at once after the broker's.
    """

    budget: float
    work: Work
    prepare: Work | None = None
    rates: list[float] = []
    broker: list[float] = []
    bare: list[float] = []


async def measure(bus: ServiceBus, rounds: int, count: int) -> dict[str, Operation]:
    recorder = Recorder()
    async with recorder.between(bus.port) as port:
        through = bus.connection_string.replace(f":{bus.port}", f":{port}")
        async with (
            ServiceBusClient.from_connection_string(through) as client,
            client.get_queue_sender(QUEUE) as sender,
            client.get_queue_receiver(QUEUE) as receiver,
        ):
            recorded = {
                name: await record(recorder, operation) for name, operation in operations(sender, receiver).items()
            }
            bus.control.purge(QUEUE)
    async with (
        ServiceBusClient.from_connection_string(bus.connection_string) as client,
        client.get_queue_sender(QUEUE) as sender,
        client.get_queue_receiver(QUEUE) as receiver,
    ):
        found = operations(sender, receiver)
        await send_lists(sender, BATCH)  # links are open, code is warm
        await receive(receiver, BATCH, together=False)
        for _ in range(rounds):
            for name, operation in found.items():
                await timed(bus, operation, count)
                operation.bare.append(await bare(recorded[name], count))
                if operation.prepare is None:
                    bus.control.purge(QUEUE)
    return found


def operations(sender: ServiceBusSender, receiver: ServiceBusReceiver) -> dict[str, Operation]:
    async def put(count: int) -> None:
        await send_lists(sender, count)

    return {
        "send lists of 100": Operation(15.0, put),
        "resend a batch of 100": Operation(13.0, lambda count: resend_batch(sender, count)),
        "receive, complete each": Operation(3.0, lambda count: receive(receiver, count, together=False), put),
        "receive, complete 100": Operation(3.0, lambda count: receive(receiver, count, together=True), put),
    }


async def record(recorder: Recorder, operation: Operation) -> list[Turn]:
    """Write down the conversation about `RECORDED` messages."""
    for warm in (True, False):
        if operation.prepare is not None:
            await operation.prepare(RECORDED)
        recorder.turns = None if warm else []
        await operation.work(RECORDED)
    turns, recorder.turns = recorder.turns or [], None
    return turns


async def timed(bus: ServiceBus, operation: Operation, count: int) -> None:
    if operation.prepare is not None:
        await operation.prepare(count)
    used, start = cpu_seconds(bus.pid), time.perf_counter()
    await operation.work(count)
    operation.rates.append(count / (time.perf_counter() - start))
    operation.broker.append((cpu_seconds(bus.pid) - used) / count * 1e6)


async def bare(turns: list[Turn], count: int) -> float:
    """Return the bare server's processor time, µs a message, over so many that it can be measured."""
    times = LONGER * count // RECORDED
    with TemporaryDirectory() as folder, by_heart(turns, Path(folder)) as (port, pid):
        await play(port, turns, 1)
        used = cpu_seconds(pid)
        await play(port, turns, times)
        return (cpu_seconds(pid) - used) / (times * RECORDED) * 1e6


def rows(quick: bool = False) -> list[Row]:  # noqa: FBT001, FBT002 - the interface of every benchmark
    rounds, count = (3, 1000) if quick else (ROUNDS, 5000)
    with ServiceBus(BrokerConfig(queues=(QueueConfig(name=QUEUE),))) as bus:
        results = asyncio.run(measure(bus, rounds, count))
    found: list[Row] = []
    for name, operation in results.items():
        called = f"Service Bus broker: {name}, 1 KB"
        found += [
            row(called, operation.rates, "messages/s"),
            row(
                f"{called}, the broker's processor time",
                operation.broker,
                "µs/message",
                base=operation.bare,
                against="a bare asyncio server of the same frames",
                budget=operation.budget,
                paired=True,
            ),
        ]
    return found
