from collections.abc import AsyncIterator

import pytest

from tests.unit.links.fleet import World


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    yield world
    await world.aclose()
