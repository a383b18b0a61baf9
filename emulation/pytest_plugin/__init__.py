"""The local world as fixtures of pytest, in every project that fno-link-emulation is installed in.

pytest loads this module at each of its starts (entry point `pytest11`), so nothing else is imported before a test asks
for a fixture, and nothing is started before. docs/testing.md shows each of them at work.
"""

import pytest

from emulation.pytest_plugin.own_world import local_world, local_world_session, local_world_settings
from emulation.pytest_plugin.parts import (
    emulated_azurite,
    emulated_dynamics,
    emulated_dynamics_server,
    emulated_dynamics_world,
    emulated_event_grid,
    emulated_functions_host,
    emulated_receivers,
    emulated_receivers_server,
    emulated_service_bus,
)
from emulation.pytest_plugin.settings import CONFIG, FILE

__all__ = [
    "emulated_azurite",
    "emulated_dynamics",
    "emulated_dynamics_server",
    "emulated_dynamics_world",
    "emulated_event_grid",
    "emulated_functions_host",
    "emulated_receivers",
    "emulated_receivers_server",
    "emulated_service_bus",
    "local_world",
    "local_world_session",
    "local_world_settings",
    "pytest_addoption",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a project say where its configuration is."""
    said = f"the configuration that local_world runs, from the root of the tests on; {FILE} where it is not given"
    parser.addini(CONFIG, said, default=FILE)
