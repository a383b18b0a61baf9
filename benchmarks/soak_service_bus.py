"""Send many messages through fno-link's way over Service Bus; count the lost and the doubled by id, and the memory.

uv run python -m benchmarks.soak_service_bus [--messages 100000] [--json]

Exit code 0: none lost, none doubled, memory within its budget; 1: otherwise.
"""

import argparse
import asyncio
import json
import sys
import time
import uuid
from pathlib import Path
from typing import Any

from azure.servicebus import ServiceBusMessage, ServiceBusReceivedMessage
from azure.servicebus.aio import ServiceBusClient

from benchmarks import bus_sides as bench
from emulation.service_bus import QueueConfig, ServiceBus
from integration.config.keys.model import ServiceBusTarget
from integration.delivery.targets.service_bus import Namespaces
from integration.delivery.targets.service_bus.target import ServiceBus as BusTarget
from integration.events.inbound import Inbound

CHUNK = 2000
CONCURRENCY = 64
FIRST = 0.2
BUDGET = 5.0
PAGE = 4096


def resident() -> float:
    """Return this process's resident memory in MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 2**20


def numbered(number: int) -> bytes:
    """Make a business event whose id says its number."""
    event = json.loads(bench.body())
    return json.dumps({**event, "EventId": str(uuid.UUID(int=number + 1))}).encode()


async def soak(messages: int) -> dict[str, Any]:
    """Send, route, deliver and read back so many messages.

    Returns:
        Counts, memory in MiB after a fifth and after all of the messages, and events per second.
    """
    seen = bytearray(messages)  # made whole at the start: counting must not look like a leak
    unknown = 0
    memory: dict[int, float] = {}
    took = 0.0
    with ServiceBus() as bus:
        for name in ("in", "out"):
            bus.control.create("queue", QueueConfig(name=name))
        namespaces = Namespaces({"Bus": bus.connection_string}, bench.Nothing)  # type: ignore[arg-type]
        target = BusTarget(ServiceBusTarget(name="out", connection="Bus", queue="out"), namespaces)
        chain = bench.pipeline(target)

        async def handle(message: ServiceBusReceivedMessage) -> None:
            inbound = Inbound(
                body=b"".join(message.body),
                ingress="bus",
                organization="contoso",
                organization_url=bench.URL,
                received_at=message.enqueued_time_utc,
            )
            await chain.receive(inbound)

        async def note(message: ServiceBusReceivedMessage) -> None:
            nonlocal unknown
            number = uuid.UUID(bytes(message.application_properties[b"cloudEvents_id"]).decode()).int - 1
            if 0 <= number < messages:
                seen[number] += 1
            else:
                unknown += 1

        async with ServiceBusClient.from_connection_string(bus.connection_string) as client:
            for start in range(0, messages, CHUNK):
                count = min(CHUNK, messages - start)
                async with client.get_queue_sender("in") as sender:
                    for first in range(start, start + count, 100):
                        batch = range(first, min(first + 100, start + count))
                        await sender.send_messages([ServiceBusMessage(numbered(number)) for number in batch])
                took += await bench.drain(client, "in", count, CONCURRENCY, handle)
                await bench.drain(client, "out", bus.control.counts("out")["active"], 200, note)
                memory[start + count] = resident()
            left = bus.control.counts("in")["active"]
        await target.close()
        await namespaces.close()
    fifth = min(memory, key=lambda count: abs(count - messages * FIRST))
    return {
        "messages": messages,
        "lost": seen.count(0),
        "doubled": sum(count - 1 for count in seen if count > 1),
        "unknown": unknown,
        "left": left,
        "memory_first": round(memory[fifth], 2),
        "memory_last": round(memory[max(memory)], 2),
        "events_per_second": round(messages / took, 1),
    }


def main() -> int:
    """Run the soak and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak_service_bus")
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    started = time.monotonic()
    found = asyncio.run(soak(options.messages))
    found["seconds"] = round(time.monotonic() - started, 1)
    grown = found["memory_last"] - found["memory_first"]
    print(json.dumps(found) if options.json else "\n".join(f"{key:>18}: {value}" for key, value in found.items()))
    return 0 if not (found["lost"] or found["doubled"] or found["unknown"]) and grown <= BUDGET else 1


if __name__ == "__main__":
    sys.exit(main())
