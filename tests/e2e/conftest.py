"""One world for the end-to-end tests, in one worker process; tests with a world of their own are another group."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.stage import Stage

HERE = f"{Path(__file__).parent}{os.sep}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if str(item.path).startswith(HERE) and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group("e2e"))


@pytest.fixture(scope="session")
def _stage(azurite, tmp_path_factory) -> Iterator[Stage]:
    # Queues and containers have fixed names, so the stage gets an account of its own.
    with Stage(tmp_path_factory.mktemp("stage"), azurite.spare_account(), scaling_groups=True) as stage:
        yield stage


@pytest.fixture
def stage(_stage: Stage) -> Stage:
    _stage.receivers.reset()
    return _stage
