"""The function succeeds, and completing its message fails: what became of the message, and of the others.

Each way is played by the broker in the moment in which it reads the settlement.
"""

import asyncio
import socket
from collections import Counter

import pytest
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient

from emulation.service_bus import Milliseconds, QueueConfig, ServiceBus

TWO = {"extensions": {"serviceBus": {"maxConcurrentCalls": 2}}}
LOCK = Milliseconds(5000)
APP = """
import asyncio
import os

@app.service_bus_queue_trigger(arg_name="message", connection="Bus", queue_name="work")
async def take(message: func.ServiceBusMessage) -> None:
    body = message.get_body().decode()
    print("begun", body, message.delivery_count, flush=True)
    while body.startswith("long") and not os.path.exists(os.environ["GO"] + body):
        await asyncio.sleep(0.05)
    if body == "long-victim" and message.delivery_count == 1:
        raise ValueError("the victim fails")
    print("ended", body, message.delivery_count, flush=True)
"""


@pytest.fixture
def bus(tmp_path):
    with ServiceBus(journal=tmp_path / "journal") as bus:
        bus.control.create("queue", QueueConfig(name="work", lock_duration=LOCK, max_delivery_count=12))
        yield bus


@pytest.fixture
def host(azurite, bus, run, tmp_path):
    env = {"AzureWebJobsStorage": azurite.connection_string, "Bus": bus.connection_string, "GO": str(tmp_path / "go")}
    return run(APP, TWO, env=env)


async def send(bus: ServiceBus, *bodies: str) -> None:
    async with (
        ServiceBusClient.from_connection_string(bus.connection_string) as client,
        client.get_queue_sender("work") as sender,
    ):
        await sender.send_messages([ServiceBusMessage(body) for body in bodies])


def lines(host, word: str) -> list[str]:
    return [line.removeprefix(f"{word} ") for line in host.log.splitlines() if line.startswith(f"{word} ")]


async def wait_for(host, condition) -> None:
    for _ in range(1200):
        if condition():
            return
        await asyncio.sleep(0.05)
    pytest.fail(host.log)


def at_rest(bus: ServiceBus) -> bool:
    return not any(bus.control.counts("work").values())


def is_down(bus: ServiceBus) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", bus.port)) != 0


@pytest.mark.parametrize("way", ["detach", "drop", "lose-lock", "die"])
async def test_a_settlement_that_fails_brings_the_message_again_and_holds_up_no_other(bus, host, way):
    bus.control.fail_settling("work", way)
    await send(bus, "first")
    await wait_for(host, lambda: "first 1" in lines(host, "ended"))
    if way == "die":
        await wait_for(host, lambda: is_down(bus))
        bus.restart()
    await wait_for(host, lambda: "first 2" in lines(host, "ended"))
    others = [f"other-{number}" for number in range(8)]
    await send(bus, *others)
    await wait_for(host, lambda: len(lines(host, "ended")) >= 10 and at_rest(bus))
    assert Counter(lines(host, "ended")) == Counter(["first 1", "first 2", *(f"{each} 1" for each in others)])
    assert not any(bus.control.counts("work/$DeadLetterQueue").values())
    assert "failed inside the host" not in host.log
    assert "was not completed" in host.log


@pytest.mark.parametrize("way", ["detach", "drop"])
async def test_calls_under_way_keep_their_slot_and_the_others_go_on_after_a_cut(bus, host, tmp_path, way):
    await send(bus, "long")
    await wait_for(host, lambda: lines(host, "begun") == ["long 1"])
    bus.control.fail_settling("work", way)
    await send(bus, "first")
    await wait_for(host, lambda: "first 2" in lines(host, "ended"))
    assert not any(line.startswith("long") for line in lines(host, "ended"))
    (tmp_path / "golong").touch()
    await wait_for(host, lambda: "long 1" in lines(host, "ended") and at_rest(bus))
    assert not any(bus.control.counts("work/$DeadLetterQueue").values())
    assert "failed inside the host" not in host.log


async def test_many_settlements_that_a_cut_connection_loses_all_come_again_once(bus, host):
    bus.control.fail_settling("work", "drop", times=6)
    bodies = [f"m{number}" for number in range(12)]
    await send(bus, *bodies)
    await wait_for(host, lambda: len(set(lines(host, "ended"))) >= 12 and at_rest(bus))
    assert {line.split()[0] for line in lines(host, "ended")} == set(bodies)
    assert not any(bus.control.counts("work/$DeadLetterQueue").values())
    assert "failed inside the host" not in host.log


async def test_a_call_that_outlived_its_link_settles_no_other_message(bus, host, tmp_path):
    """The SDK settles by number, and the numbers begin anew on a new link."""
    await send(bus, "long")
    await wait_for(host, lambda: lines(host, "begun") == ["long 1"])
    bus.control.drop_connections()
    await send(bus, "long-victim")
    await wait_for(host, lambda: "long-victim 1" in lines(host, "begun"))
    (tmp_path / "golong").touch()
    await wait_for(host, lambda: "was not completed" in host.log or not bus.control.counts("work")["locked"])
    (tmp_path / "golong-victim").touch()
    await wait_for(host, lambda: "long-victim 2" in lines(host, "ended") and at_rest(bus))
    assert "failed inside the host" not in host.log
