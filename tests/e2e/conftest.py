"""One world for all end-to-end tests: they run in one worker process, one after another."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.stage import Stage

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.xdist_group("e2e"))


@pytest.fixture(scope="session")
def _stage(azurite, tmp_path_factory) -> Iterator[Stage]:
    # Queues and containers have fixed names, so the stage gets an account of its own.
    with Stage(tmp_path_factory.mktemp("stage"), azurite.spare_account()) as stage:
        yield stage


@pytest.fixture
def stage(_stage: Stage) -> Stage:
    _stage.receivers.reset()
    return _stage
