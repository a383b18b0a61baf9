"""One seed from beginning to end: the world, the messages, the faults, rest; what is known afterwards."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from emulation.service_bus import Control
from integration.delivery.pipeline import ATTEMPT_SHARE_OF_LEASE
from integration.storage.names import DUE
from tests.faults import account, listing, receipts
from tests.faults.canary import Canary
from tests.faults.evidence import BrokerDeadLetter, Evidence, Listed, Receipt, Sent
from tests.faults.faults import Faults
from tests.faults.rest import settled, unrest
from tests.faults.schedule import Plan, Planned
from tests.faults.sender import Sender
from tests.faults.topology import (
    BUS_QUEUE,
    BUS_TOPIC,
    LEASE,
    ORGANIZATIONS,
    ROUTES,
    STORAGE_QUEUE,
    SUBSCRIPTION,
    TRANSPORTS,
    elsewhere,
    home,
)
from tests.faults.topology import BUS_SUBSCRIPTION as OWN
from tests.faults.traffic import Traffic
from tests.faults.waiting import waiting
from tests.faults.world import KEYS, ROOT, Faulty

if TYPE_CHECKING:
    from emulation.received import Received

SOURCES = (BUS_QUEUE, f"{BUS_TOPIC}/Subscriptions/{OWN}")


def run(
    plan: Plan, folder: Path, *, app: Path = ROOT, env: Mapping[str, str] | None = None, grouped: bool = True
) -> Evidence:
    """Run a plan and gather what it left behind, once all has come to rest and the hosts are stopped.

    Args:
        plan: What is to happen.
        folder: For configuration, logs and journals; kept.
        app: The function app.
        env: Further app settings.
        grouped: One process for each scaling group of a host; else one for each host.
    """
    with Faulty(plan.hosts, folder, app=app, env=env, grouped=grouped) as world:
        faults = Faults(world)
        with Canary(_asked(world), world.storage, world.pids) as canary:
            sent = asyncio.run(_play(plan, world, faults))
            left, listed = _rest(world)
        return Evidence(
            sent=sent,
            receipts=tuple(_receipts(world)),
            dead=account.dead_letters(world.storage, {route.name: route.target for route in ROUTES}),
            parked=account.parked(world.storage),
            journal=account.journal(world.storage),
            unread=account.unread(world.storage),
            listed=listed,
            broker_dead=tuple(_broker_dead(world.bus.control)),
            # A fault that was planned explains before one that was only seen.
            windows=(*faults.windows, *canary.windows),
            rots=tuple(world.rots),
            transports=TRANSPORTS,
            waiting=waiting(world.storage, queues=(STORAGE_QUEUE,)),
            lease=LEASE,
            attempt_within=LEASE * ATTEMPT_SHARE_OF_LEASE,
            struck=world.storage_proxy.struck,
            unrest=left,
        )


async def _play(plan: Plan, world: Faulty, faults: Faults) -> tuple[Sent, ...]:
    """Send everything while the faults fall, each at its time; return once all is sent and undone."""
    began = time.monotonic()
    traffic = Traffic(plan, time.time())
    urls = [host.url for host in world.hosts.values()]

    def befall(all_planned: tuple[Planned, ...]) -> None:
        for planned in all_planned:
            time.sleep(max(0.0, began + planned.start - time.monotonic()))
            faults.carry_out(planned)

    async with Sender(urls, KEYS["default"], world.storage, world.service_bus) as sender, asyncio.TaskGroup() as group:
        for beside in (False, True):
            these = tuple(each for each in plan.faults if (each.fault == "record_rots") == beside)
            group.create_task(asyncio.to_thread(befall, these))
        for message in plan.messages:
            group.create_task(sender.send(traffic.hand(message), began))
    return tuple(sender.sent)


def _asked(world: Faulty) -> dict[str, str]:
    return {name: host.url for name, host in world.hosts.items()} | {"receivers": world.receivers.url("canary")}


def _rest(world: Faulty) -> tuple[tuple[str, ...], tuple[Listed, ...]]:
    """Wait until nothing is under way, and stop the hosts: what is read then is of one instant.

    Returns:
        What still is under way and has not moved for long; the dead letters as a host lists them.
    """
    while True:
        left = settled(lambda: _look(world), time.sleep)
        listed = listing.dead_letters(next(iter(world.hosts.values())).url, KEYS["master"])
        world.stop()
        # What a host had taken in the last moment, it has finished; or given back, and then goes on with it.
        after = _unrest(world)
        if left or not after:
            return left, listed
        world.start()


def _look(world: Faulty) -> tuple[str, ...]:
    """Say what is left; what is due soon in the table is moved by hand, not when the timer comes in some minutes."""
    left = _unrest(world)
    if any(each.startswith(f"{DUE}:") for each in left):
        url = f"{next(iter(world.hosts.values())).url}/admin/functions/retries_timer"
        with suppress(httpx.HTTPError):
            httpx.post(url, json={}, headers={"x-functions-key": KEYS["master"]}, trust_env=False, timeout=30)
    return left


def _unrest(world: Faulty) -> tuple[str, ...]:
    left = unrest(world.storage, world.bus.control, queues=(STORAGE_QUEUE,), entities=SOURCES, linked=ORGANIZATIONS)
    # The row of an event whose retry message cannot be read waits for it; the oracle asks where the message is.
    rotted = {rot.id for rot in world.rots if rot.id}
    return tuple(each for each in left if not any(f": {id_} is " in each for id_ in rotted))


def _receipts(world: Faulty) -> Iterator[Receipt]:
    for target in ("plain", "linked", "alerts"):
        yield from receipts.by_request(target, world.receivers.received(target), _routes(target))
    posted: list[Received] = []
    for name in ORGANIZATIONS:
        for url in (home(name), elsewhere(name)):
            posted += world.dynamics.control.received(url.removeprefix("https://"))
    yield from receipts.by_request("erp", posted, _routes("erp"), wrapper="_request")
    for target in ("archive", "ledger"):
        yield from receipts.on_storage_queue(world.storage, target, target, *_routes(target))
    for target, entity in (("orders", "orders"), ("invoices", f"invoices/Subscriptions/{SUBSCRIPTION}")):
        yield from receipts.at_broker(world.bus.control, target, entity, _routes(target))


def _routes(target: str) -> tuple[str, ...]:
    return tuple(route.name for route in ROUTES if route.target == target)


def _broker_dead(control: Control) -> Iterator[BrokerDeadLetter]:
    for entity in SOURCES:
        for message in control.messages(f"{entity}/$DeadLetterQueue", receipts.ALL):
            yield BrokerDeadLetter(
                entity=entity, message_id=str(message["message_id"] or ""), deliveries=message["delivery_count"]
            )
