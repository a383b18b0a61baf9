"""The pipeline on a storage account in memory."""

import pytest

from integration.delivery import Replays
from integration.storage.memory import MemoryStorage
from tests.fake_clock import PassingClock
from tests.fixtures.bench import AT, ORDERS, OTHERS, Bench


def _bench() -> Bench:
    clock = PassingClock(AT)
    storage = MemoryStorage(clock)

    async def take(name):
        return storage.queue(name).take()

    return Bench(storage, (ORDERS, OTHERS), take, clock)


@pytest.fixture
def bench():
    return _bench()


@pytest.fixture
def make_bench():
    """Make benches, each on an account of its own."""
    return _bench


@pytest.fixture
def replays(bench) -> Replays:
    bench.build((ORDERS,))
    bench.clock.seconds = 10.0
    return bench.replays()
