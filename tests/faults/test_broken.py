"""Each broken build is caught, here in one process and at once; `python -m tests.faults.self_test` does it by seeds."""

import asyncio
import importlib

import pytest

from tests.faults.broken import BUILDS, HERE, acknowledges_first
from tests.faults.oracle import judge
from tests.faults.room import DELIVERIES, Room, opened

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*unclosed.*:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def broken(monkeypatch, build: str) -> None:
    for patch in importlib.import_module(f"tests.faults.broken.{build}").PATCHES:
        monkeypatch.setattr(patch.owner, patch.name, patch.replacement())


@pytest.fixture
async def room(azurite, service_bus, new_queue, receivers):
    receivers.reset()
    async with opened(azurite.spare_account(), service_bus, new_queue(), receivers) as room:
        yield room


async def rules(room: Room) -> set[str]:
    """Send an event twice, and one whose process dies, and one whose receiver fails once; then try again."""
    whole = await room.send_event(expects=DELIVERIES)
    await finished()
    await room.send_event(id_=whole.id, kind="duplicate", expects=DELIVERIES)
    await finished()
    await room.send_event(expects=DELIVERIES)
    for task in acknowledges_first.under_way:
        task.cancel()  # what was acknowledged is gone with its process
    room.receivers.fail("hook", 500, times=1)
    await room.send_event(expects=DELIVERIES)
    await finished()
    await room.carry_on()
    await finished()
    found = await asyncio.to_thread(room.evidence)
    return {problem.rule for problem in judge(found).problems}


async def finished() -> None:
    while acknowledges_first.under_way:  # each may leave another behind
        await asyncio.gather(*acknowledges_first.under_way, return_exceptions=True)


async def test_in_the_product_nothing_is_found(room):
    assert await rules(room) == set()


@pytest.mark.parametrize(
    ("build", "found"),
    [("claim_off", {"twice"}), ("acknowledges_first", {"lost", "no_row"}), ("drops_retries", {"lost", "restless"})],
)
async def test_a_broken_build_is_caught(room, monkeypatch, build, found):
    broken(monkeypatch, build)
    assert await rules(room) == found


def test_every_broken_build_is_here():
    names = {path.stem for path in HERE.glob("*.py")} - {"__init__", "function_app"}
    assert names == set(BUILDS)
