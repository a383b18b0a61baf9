import pytest

from tests.contract.storage.accounts import opened


@pytest.fixture(params=["azurite", "memory"])
async def storage(request):
    azurite = request.getfixturevalue("azurite") if request.param == "azurite" else None
    async with opened(request.param, azurite) as found:
        yield found
