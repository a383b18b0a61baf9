"""Fixtures that every kind of test may use."""

import os
import sys
from typing import Any

import hypothesis
import pytest

from emulation.azurite import Azurite

# Tests never judge by the wall clock; a failing example is printed so that it can be repeated anywhere.
hypothesis.settings.register_profile("fno-link", deadline=None, print_blob=True)
hypothesis.settings.load_profile("fno-link")

pytest_plugins = [
    "pytester",
    "tests.fixtures.azure_cli",
    "tests.fixtures.chromium",
    "tests.fixtures.dynamics",
    "tests.fixtures.liar",
    "tests.fixtures.receivers",
    "tests.fixtures.service_bus",
    "tests.fixtures.telemetry",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    faults = parser.getgroup("faults", "the fault suite")
    faults.addoption(
        "--seed", type=int, help="run this seed alone; a fixed one when absent, two with FNO_LINK_TEST_LONG"
    )
    faults.addoption("--events", type=int, help="how many messages a seed sends")
    parser.addoption("--requests", type=int, help="how many nasty requests the operations are sent; some hundreds")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep tests that share a world in one worker process."""
    from tests.spread import Spread  # noqa: PLC0415 - without xdist nobody asks

    return Spread(config, log)


def pytest_configure() -> None:
    """Let byte code be kept, here and in each process that a test starts.

    They are hundreds and import the same packages. Without byte code each compiles all of them again, and each test
    process the whole suite: two thirds of a start and of a collection.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


@pytest.fixture(scope="session")
def azurite(emulated_azurite: Azurite) -> Azurite:
    """One Azurite per test process, shared: use queue, table and container names of your own."""
    return emulated_azurite
