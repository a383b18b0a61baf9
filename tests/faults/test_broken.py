"""Each broken build is caught, here in one process and at once; `python -m tests.faults.self_test` does it by seeds."""

import asyncio
import importlib
import time

import pytest

from emulation.tcp_proxy import TcpProxy
from tests.faults.broken import BUILDS, HERE, acknowledges_first, acknowledges_unwritten
from tests.faults.oracle import judge
from tests.faults.room import DELIVERIES, Room, opened
from tests.faults.transactions import LINE

WITHIN = 120.0

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
    account, port = azurite.spare_account(), azurite.ports.table
    with TcpProxy(port) as proxy:
        storage = account.replace(f":{port}/", f":{proxy.port}/")
        async with opened(storage, service_bus, new_queue(), receivers) as room:
            room.proxy = proxy
            yield room


async def rules(room: Room) -> set[str]:
    """Send an event twice, and one whose process dies, and one whose receiver fails once; then try again.

    Then events that come together: one of them again, so that their transaction is refused; and such whose transaction
    is not answered.
    """
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
    ids = [whole.id, *("" for _ in range(3))]
    await asyncio.gather(*(room.send_event(id_=each, kind=_kind(each), expects=DELIVERIES) for each in ids))
    await finished()
    room.proxy.lose_answers(LINE)
    sending = asyncio.gather(*(room.send_event(expects=DELIVERIES) for _ in range(4)))
    await asyncio.to_thread(struck, room.proxy)
    room.proxy.restore()
    await sending
    await finished()
    found = await asyncio.to_thread(room.evidence)
    return {problem.rule for problem in judge(found).problems}


def _kind(id_: str) -> str:
    return "duplicate" if id_ else "event"


def struck(proxy: TcpProxy) -> None:
    """Wait until an answer has been lost."""
    until = time.monotonic() + WITHIN
    while not proxy.struck:
        assert time.monotonic() < until
        time.sleep(0.01)


async def finished() -> None:
    """Wait for what a broken build leaves under way; each may leave another behind."""
    while left := [*acknowledges_first.under_way, *acknowledges_unwritten.under_way]:
        await asyncio.gather(*left, return_exceptions=True)


async def test_in_the_product_nothing_is_found(room):
    assert await rules(room) == set()


@pytest.mark.parametrize(
    ("build", "found"),
    [
        ("claim_off", {"twice"}),
        ("acknowledges_first", {"lost", "no_row"}),
        ("drops_retries", {"lost", "restless"}),
        ("refusal_is_success", {"twice"}),
        ("unanswered_is_refused", {"lost", "restless"}),
        ("acknowledges_unwritten", {"twice", "restless"}),
    ],
)
async def test_a_broken_build_is_caught(room, monkeypatch, build, found):
    broken(monkeypatch, build)
    assert await rules(room) >= found


def test_every_broken_build_is_here():
    names = {path.stem for path in HERE.glob("*.py")} - {"__init__", "function_app"}
    assert names == set(BUILDS)
