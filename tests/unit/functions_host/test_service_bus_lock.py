"""A message lock is renewed exactly as long as its work lasts, and let go when it is lost."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from azure.servicebus.exceptions import MessageLockLostError, ServiceBusConnectionError

from emulation.functions_host.listeners import service_bus_lock


def soon(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


class Lock:
    """A lock of a second and a half that counts how often it was renewed."""

    def __init__(self, *errors: Exception) -> None:
        self.renewed, self.errors = 0, list(errors)

    async def renew(self) -> datetime:
        self.renewed += 1
        if self.errors:
            raise self.errors.pop(0)
        return soon(1.5)


async def test_a_lock_is_renewed_until_its_work_is_over_and_then_no_more():
    lock, over = Lock(), asyncio.Event()
    undelivered = asyncio.create_task(service_bus_lock.keep(lock.renew, soon(1.5), 60, over, "m"))
    while lock.renewed < 2:  # noqa: ASYNC110 - nothing tells that it was renewed
        await asyncio.sleep(0.01)
    over.set()
    await asyncio.wait_for(undelivered, 5)
    assert lock.renewed == 2


async def test_a_lock_whose_work_is_over_at_once_is_never_renewed():
    lock, over = Lock(), asyncio.Event()
    over.set()
    await service_bus_lock.keep(lock.renew, soon(1.5), 60, over, "m")
    assert lock.renewed == 0


@pytest.mark.parametrize(("until", "longest"), [(-1, 60), (1.5, 0.1)])
async def test_a_lock_that_is_over_or_was_held_for_long_enough_is_let_go(until, longest):
    lock = Lock()
    await service_bus_lock.keep(lock.renew, soon(until), longest, asyncio.Event(), "m")
    assert lock.renewed == 0


async def test_a_lock_that_was_lost_is_let_go_and_a_broker_that_is_away_asked_again():
    lock = Lock(ServiceBusConnectionError(message="away"), MessageLockLostError(message="gone"))
    await service_bus_lock.keep(lock.renew, soon(3), 60, asyncio.Event(), "m")
    assert lock.renewed == 2
