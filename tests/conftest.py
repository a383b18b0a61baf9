"""Fixtures that every kind of test may use."""

from collections.abc import Iterator

import pytest

from emulation.azurite import Azurite

pytest_plugins = ["tests.fixtures.dynamics", "tests.fixtures.receivers"]


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    """One Azurite per test process, shared: use queue, table and container names of your own."""
    with Azurite() as running:
        yield running
