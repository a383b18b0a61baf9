"""The pipeline on a storage account in memory."""

import pytest

from integration.storage.memory import MemoryStorage
from tests.fixtures.bench import ORDERS, OTHERS, Bench, FakeClock


@pytest.fixture
def bench():
    clock = FakeClock()
    storage = MemoryStorage(clock)

    async def take(name):
        return storage.queue(name).take()

    return Bench(storage, (ORDERS, OTHERS), take, clock)
