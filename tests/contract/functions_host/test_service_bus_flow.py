"""Which messages are in the host: those of calls under way, those fetched ahead, those that it may not settle."""

import asyncio
from collections import Counter

import pytest
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient

from emulation.service_bus import Milliseconds, ServiceBus

APP = """
import asyncio
import os

running = 0

@app.service_bus_queue_trigger(arg_name="message", connection="Bus", queue_name="%NAME%")
async def take(message: func.ServiceBusMessage) -> None:
    global running
    running += 1
    body = message.get_body().decode()
    print("begun", body, message.delivery_count, running, flush=True)
    try:
        while body.startswith("held") and not os.path.exists(os.environ["GO"]):
            await asyncio.sleep(0.02)
        if body == "bad":
            raise ValueError("it fails")
    finally:
        running -= 1
    print("ended", body, message.delivery_count, flush=True)
"""


async def send(bus: ServiceBus, queue: str, *bodies: str) -> None:
    async with (
        ServiceBusClient.from_connection_string(bus.connection_string) as client,
        client.get_queue_sender(queue) as sender,
    ):
        await sender.send_messages([ServiceBusMessage(body) for body in bodies])


async def counts_of(bus: ServiceBus, queue: str, count: int) -> Counter[tuple[str, int]]:
    """Read so many messages, each with the number of deliveries that count against it."""
    async with (
        ServiceBusClient.from_connection_string(bus.connection_string) as client,
        client.get_queue_receiver(queue) as receiver,
    ):
        messages = await receiver.receive_messages(count, max_wait_time=30)
        return Counter((str(message), message.delivery_count or 0) for message in messages)


def lines(host, word: str) -> list[list[str]]:
    return [line.split()[1:] for line in host.log.splitlines() if line.startswith(f"{word} ")]


async def wait_for(host, condition) -> None:
    for _ in range(2400):
        if condition():
            return
        await asyncio.sleep(0.05)
    pytest.fail(host.log)


async def test_free_calls_go_on_beside_held_ones_and_what_was_fetched_ahead_is_given_back_uncounted(
    azurite, service_bus, new_queue, run, tmp_path
):
    name = new_queue()
    env = {"AzureWebJobsStorage": azurite.connection_string, "Bus": service_bus.connection_string, "NAME": name}
    options = {"maxConcurrentCalls": 3, "prefetchCount": 2}
    host = run(APP, {"extensions": {"serviceBus": options}}, env=env | {"GO": str(tmp_path / "go")})

    await send(service_bus, name, "held-1", *[f"free-{number}" for number in range(30)])
    await wait_for(host, lambda: len(lines(host, "ended")) == 30)
    assert ["held-1", "1"] not in lines(host, "ended")
    assert max(int(running) for _, _, running in lines(host, "begun")) <= 3

    await send(service_bus, name, *[f"held-{number}" for number in range(2, 8)])
    await wait_for(host, lambda: service_bus.control.counts(name)["locked"] == 5)
    assert {body for body, *_ in lines(host, "begun") if body.startswith("held")} == {"held-1", "held-2", "held-3"}

    stopping = asyncio.create_task(asyncio.to_thread(host.stop))
    await wait_for(host, lambda: service_bus.control.counts(name)["locked"] == 3)
    (tmp_path / "go").touch()
    assert await stopping == 0
    assert len(lines(host, "ended")) == 33
    assert await counts_of(service_bus, name, 4) == Counter((f"held-{number}", 0) for number in range(4, 8))


async def test_without_completion_a_message_comes_again_and_one_whose_function_failed_at_once(
    azurite, service_bus, new_queue, run
):
    name = new_queue(lock_duration=Milliseconds(5000))
    env = {"AzureWebJobsStorage": azurite.connection_string, "Bus": service_bus.connection_string, "NAME": name}
    options = {"autoCompleteMessages": False}
    host = run(APP, {"extensions": {"serviceBus": options}}, env=env | {"GO": "nowhere"})
    await send(service_bus, name, "good", "bad")
    await wait_for(host, lambda: ["good", "2"] in lines(host, "ended"))
    assert lines(host, "ended")[:2] == [["good", "1"], ["good", "2"]]
    # By then the other has been given back as often as the queue bears it.
    assert service_bus.control.counts(f"{name}/$DeadLetterQueue")["active"] == 1
