"""One world for the end-to-end tests, in one worker process (tests/spread.py); some files have a world of their own."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from emulation.functions_host.log import RECORDS
from tests.e2e.log_reader import USED, leaks_of
from tests.e2e.stage import Stage

FOLDER = pytest.StashKey[Path]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let processes that are started while a test of this folder runs write their records, and no others.

    In one process with other files (`-n0`) the session goes on: the app of somebody else's project, as the tests of the
    pytest plugin have it, logs what it likes.
    """
    ours = Path(__file__).parent in item.path.parents  # pytest asks this hook about every test of the run
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(RECORDS, str(item.config.stash.get(FOLDER, "")) if ours else "")
        return (yield)


@pytest.fixture(scope="session", autouse=True)
def _no_record_tells_what_it_must_not(request, tmp_path_factory) -> Iterator[None]:
    """Read every record of every process that the run has started, at every level, when all of it is over.

    The stages read what the host passes on, each at its end; here is what it drops, too, and of those who start no
    stage. Each worker process of a parallel run reads those of its own.
    """
    folder = tmp_path_factory.mktemp("records")
    request.config.stash[FOLDER] = folder
    os.environ[RECORDS] = str(folder)  # for the test that comes first: the hook has begun, and takes it back
    yield
    found = leaks_of(folder, USED)
    assert found == [], f"{len(found)} leaks in the records of the run, such as {found[:5]}"


@pytest.fixture(scope="session")
def _stage(azurite, tmp_path_factory) -> Iterator[Stage]:
    # Queues and containers have fixed names, so the stage gets an account of its own.
    folder, cors = tmp_path_factory.mktemp("stage"), {"CORS_ALLOWED_ORIGINS": '["https://portal.example"]'}
    with Stage(folder, azurite.spare_account(), more=cors, scaling_groups=True) as stage:
        yield stage


@pytest.fixture
def stage(_stage: Stage) -> Stage:
    _stage.receivers.reset()
    return _stage
