"""The account that the journal lies in: Azurite, by the real client, and its twin in memory."""

import pytest

from integration.storage import Storage
from integration.storage.memory import MemoryStorage


@pytest.fixture(params=["azurite", "memory"])
async def storage(request, clock):
    if request.param == "memory":
        yield MemoryStorage(clock)
        return
    # Tables have fixed names, so every test gets an account of its own.
    opened = Storage({"AzureWebJobsStorage": request.getfixturevalue("azurite").spare_account()})
    yield opened
    await opened.close()
