"""A message lock is renewed exactly as long as its work lasts, and let go when it is lost."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from azure.servicebus.exceptions import MessageLockLostError, ServiceBusConnectionError

from emulation.functions_host.listeners.service_bus_lock import Lock


def soon(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


class Broker:
    """Gives a lock of a second and a half at each renewal, and counts them."""

    def __init__(self, *errors: Exception) -> None:
        self.renewed, self.errors = 0, list(errors)
        self.renewals: list[asyncio.Task[None]] = []

    async def renew(self) -> datetime:
        self.renewed += 1
        if self.errors:
            raise self.errors.pop(0)
        return soon(1.5)

    def keep(self, until: float, longest: float = 60) -> Lock:
        return Lock(self.renew, soon(until), longest, "m", lambda work: self.renewals.append(asyncio.create_task(work)))

    async def until_renewed(self, times: int) -> None:
        while len(self.renewals) < times:  # noqa: ASYNC110 - nothing tells that it was renewed
            await asyncio.sleep(0.01)
        await asyncio.gather(*self.renewals)


async def test_a_lock_is_renewed_until_its_work_is_over_and_then_no_more():
    broker = Broker()
    lock = broker.keep(1.5)
    await broker.until_renewed(2)
    assert lock.kept
    lock.end()
    assert not lock.kept
    assert broker.renewed == 2


async def test_a_lock_whose_work_ends_while_it_is_being_renewed_is_renewed_no_more():
    broker = Broker()
    lock = broker.keep(1.5)
    while not broker.renewals:  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.01)
    lock.end()
    await broker.until_renewed(1)
    assert not lock.kept


@pytest.mark.parametrize(("until", "longest"), [(-1, 60), (1.5, 0.1)])
async def test_a_lock_that_is_over_or_was_held_for_long_enough_is_let_go(until, longest):
    assert not Broker().keep(until, longest).kept


async def test_a_lock_that_was_lost_is_let_go_and_a_broker_that_is_away_asked_again():
    broker = Broker(ServiceBusConnectionError(message="away"), MessageLockLostError(message="gone"))
    lock = broker.keep(3)
    await broker.until_renewed(2)
    assert broker.renewed == 2
    assert not lock.kept
