"""One world for the end-to-end tests, in one worker process (tests/spread.py); some files have a world of their own."""

from collections.abc import Iterator

import pytest

from tests.e2e.stage import Stage


@pytest.fixture(scope="session")
def _stage(azurite, tmp_path_factory) -> Iterator[Stage]:
    # Queues and containers have fixed names, so the stage gets an account of its own.
    with Stage(tmp_path_factory.mktemp("stage"), azurite.spare_account(), scaling_groups=True) as stage:
        yield stage


@pytest.fixture
def stage(_stage: Stage) -> Stage:
    _stage.receivers.reset()
    return _stage
