"""Whatever fails, wherever: nothing that was accepted leaves fno-link, and no message comes back for it.

Every function of the pipeline, and every await in it, is made to raise, once and every time. The points are not listed
here but found by running a message through and looking at what runs: what is written tomorrow is walked, too.
"""

import asyncio
import json
import logging
import random
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from integration.config.keys.model import (
    Configuration,
    HttpSource,
    Organization,
    Route,
    StorageQueueTarget,
    WebhookTarget,
)
from integration.dataverse import Identity
from integration.dead_letters import Record
from integration.delivery.queued.work import encode_continuation
from integration.delivery.resuming.parked import Release
from integration.errors import StorageUnavailable
from integration.links.values import Linked, NotLinked
from integration.routing.table import RouteTable
from integration.storage.memory import MemoryStorage
from integration.storage.names import DEAD_LETTERS, DUE, PARKED, RETRIES
from integration.worker import Worker
from tests.fake_clock import PassingClock
from tests.fixtures.journaled import event_rows

ROOT = Path(__file__).parents[3]
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ME = "33333333-0000-4000-8000-000000000003"
CONTEXT = json.loads((ROOT / "emulation" / "samples" / "plugin-update-stripped.json").read_text("utf-8"))
LINK = Linked(url="https://one.operations.dynamics.com", tenant_id="t", id="one", trusted=True, checked_at=AT)
ROOMS = ("delivery", "routing", "journal", "dead_letters", "events", "links", "worker")
FILTER = {"operator": "StringIn", "key": "data.messageName", "values": ["Update"]}
ROUTES = (
    Route(name="hook", target="hook", event_types=("account.*",), filters=(FILTER,)),
    Route(name="queue", target="queue", event_types=("account.*",), requires_link=False),
)


class World(Worker):
    """A worker whose account is in memory, and whose Dynamics and receivers say what the test says."""

    def __init__(self) -> None:
        self.link = LINK
        self.received = []
        self.status = [200]
        configuration = Configuration(
            organizations={
                "contoso": Organization(name="contoso", url="https://contoso.crm.dynamics.com", tenant="contoso.com")
            },
            sources={"erp": HttpSource(name="erp", organization="contoso", drop_echoes=True)},
            routes=ROUTES,
            targets={
                "hook": WebhookTarget(name="hook", url="https://receiver.example/{data.messageName}"),
                "queue": StorageQueueTarget(name="queue", queue="others", connection="Storage"),
            },
        )
        table = RouteTable.compile(ROUTES)
        super().__init__(configuration, table, {}, clock=PassingClock(AT), rng=random.Random(1))
        self.storage = MemoryStorage(self._clock)
        self.links = self.identities = self.dataverse = self
        self.webhook_http = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    def _answer(self, request):
        status = self.status.pop(0) if len(self.status) > 1 else self.status[0]
        if status == 200:
            self.received.append("hook")
        return httpx.Response(status, stream=httpx.ByteStream(b""))

    async def resolve(self, name):
        await asyncio.sleep(0)
        return self.link

    async def refresh(self, name):
        return self.link

    def cached(self, name):
        return self.link

    async def of(self, organization, *, younger_than=None):
        await asyncio.sleep(0)
        return Identity(organization_id=CONTEXT["OrganizationId"], user_id=ME, business_unit_id=ME)

    async def read_row(self, organization, table, row_id):
        await asyncio.sleep(0)
        return {"name": "as it is now"}

    def due(self):
        return [row.entity["message"] for row in self.storage.table_now(DUE).rows.values()]

    def letters(self):
        return [Record.decode(kept.body) for kept in self.storage.blobs(DEAD_LETTERS).blobs.values()]

    def parked(self):
        return [path for path in self.storage.blobs(PARKED).blobs if not path.startswith("leases/")]

    def delivered(self):
        return set(self.received) | ({"queue"} if self.storage.queue("others").bodies else set())

    def waiting(self):
        return list(self.storage.queue(RETRIES).bodies)

    def held(self):
        """Give the states of the journal's rows that nobody has ended."""
        states = [row.entity["state"] for _, _, row in event_rows(self.storage)]
        return [state for state in states if state == "received"]

    async def rest(self):
        """Let time pass until nothing waits any more."""
        for _ in range(60):
            self._clock.seconds += 3600
            try:
                await self.move_due()
            except BACK:
                if self.due():
                    return  # a timer that fails every time: they wait until it is mended
            if not self.waiting() and not self.due():
                return
            for message in self.storage.queue(RETRIES).take():
                await self.take_continuation(message)
        pytest.fail("it never comes to rest")


# Where these fail every time, nothing can be stored.
STORING = {
    "Arrivals.__init__",
    "Arrivals.record",
    "DeadLetters.__init__",
    "DeadLetters.bury",
    "LostMessages.__init__",
    "LostMessages._keep",
    "LostMessages.bury",
    "Parts.arrivals",
    "Parts.dead_letters",
    "Parts.lost",
    "Parts.tally",  # a net of one line: what it holds may fail
    "Record.encode",
    "Record.key",
    "path_for",
    "path_of",
    "route_mark",
    "stamp",
}
MOST = 20
"""Deliveries of two events by one route, where each of the schedule's nine attempts reaches the receiver."""

BODY = json.dumps(CONTEXT).encode()
FOREIGN = json.dumps({**CONTEXT, "OrganizationId": "99999999-0000-4000-8000-000000000009"}).encode()
DATA = {"messageName": "Update"}
BATCH = json.dumps(
    [
        {
            "specversion": "1.0",
            "id": str(number),
            "source": "/s",
            "type": "account.Create",
            "data": {"messageName": "Update"},
        }
        for number in ("1", "2")
    ]
).encode()


async def accepted(world, body=BODY):
    await world.take("erp", body, received_at=AT)


async def unwell(world):
    world.status = [503, 200]
    await accepted(world)


async def unlinked(world):
    world.link = NotLinked(code="0x80048d0b", message="not integrated", checked_at=AT)
    await accepted(world)


RELEASE = encode_continuation(Release(organization="contoso", held=True))


async def released(world):
    world.link = LINK
    if world.parked():
        await world.take_continuation(RELEASE)


SITUATIONS = {
    "delivered": accepted,
    "retried": unwell,
    "parked": unlinked,
    "refused by a guard": lambda world: accepted(world, FOREIGN),
    "a batch": lambda world: accepted(world, BATCH),
    "empty": lambda world: accepted(world, b""),
    "no event": lambda world: accepted(world, b"{"),
}
FAULTS = (
    lambda: ValueError("it cannot be"),
    lambda: RecursionError("maximum recursion depth exceeded"),
    MemoryError,
    lambda: ExceptionGroup("several", [KeyError("a"), OverflowError("b")]),
    TimeoutError,
    asyncio.CancelledError,  # of a task of some library; nobody has cancelled ours
    AssertionError,
)
MONITORING = sys.monitoring
TOOL = 4
BACK = (StorageUnavailable, *{type(fault()) for fault in FAULTS})
# What a trigger calls, up to where the net begins.
OUTSIDE = {"Worker.take", "Worker._take_message", "Worker.take_continuation"}
pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")  # it was to be awaited by what fails


@contextmanager
def watched(seen):
    """Call `seen` with each beginning and each resumption in the rooms of the pipeline."""
    rooms = tuple(f"{ROOT}/integration/{room}/" for room in ROOMS)

    def of_ours(code, offset):
        if not code.co_filename.startswith(rooms) or code.co_name in {"<module>", "<genexpr>"}:
            return MONITORING.DISABLE
        return seen((code.co_filename.removeprefix(f"{ROOT}/"), code.co_qualname, offset))

    MONITORING.use_tool_id(TOOL, "faults")
    events = (MONITORING.events.PY_START, MONITORING.events.PY_RESUME)
    for event in events:
        MONITORING.register_callback(TOOL, event, of_ours)
    MONITORING.set_events(TOOL, sum(events))
    try:
        yield
    finally:
        MONITORING.set_events(TOOL, 0)
        MONITORING.free_tool_id(TOOL)
        MONITORING.restart_events()


async def run(situation, strike):
    """Run a situation to its end while `strike` may raise; return the world, and how often a message came back."""
    world, back = World(), 0
    with watched(strike):
        for step in (SITUATIONS[situation], released, World.rest):
            try:
                await step(world)
            except BACK:
                back += 1
    return world, back


async def points(situation):
    """Find the points of a situation that no situation before it has."""
    found = {}
    for each in SITUATIONS:
        new = []
        await run(each, new.append)
        if each == situation:
            return [point for point in dict.fromkeys(new) if point not in found]
        found |= dict.fromkeys(new)
    raise AssertionError(situation)


def striking(point, fault, *, once):
    struck = []

    def strike(at):
        if at == point and not (once and struck):
            struck.append(at)
            raise fault()

    return strike


@pytest.mark.parametrize("once", [True, False], ids=["once", "every time"])
@pytest.mark.parametrize("situation", SITUATIONS)
async def test_whatever_fails_nothing_is_lost_and_no_message_comes_back(situation, once, caplog):
    caplog.set_level(logging.CRITICAL)
    whole, _ = await run(situation, lambda point: None)
    walked = await points(situation)
    assert walked
    for number, point in enumerate(walked):
        world, back = await run(situation, striking(point, FAULTS[number % len(FAULTS)], once=once))
        if point[1] in OUTSIDE:
            continue
        if back and not once and point[1] in STORING:
            continue
        assert back == 0, (point, "the message came back")
        missing = whole.delivered() - world.delivered()
        assert not missing or world.letters() or world.due(), (point, missing)
        assert not world.held() or world.letters(), (point, "nobody ends the journal's row")
        assert len(world.received) <= MOST, (point, "it was delivered again and again")


async def test_the_same_points_are_walked_whatever_was_imported_before():
    """The walk follows what runs: it is empty, and proves nothing, should the rooms be elsewhere one day."""
    found = set()
    await run("delivered", found.add)
    assert {"Pipeline.receive", "Guard.check", "Attempts._deliver", "Journal.claim", "Webhook.deliver"} <= {
        name for _, name, _ in found
    }
