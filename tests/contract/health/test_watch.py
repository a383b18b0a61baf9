"""What the watch remembers on real storage, and that an alert is neither lost nor doubled."""

import asyncio
from datetime import UTC, datetime

import msgspec
import pytest

from integration.clock import SystemClock
from integration.config.keys.model import Health, Organization
from integration.errors import CorruptRecord, StorageUnavailable
from integration.health import State, States, Watch
from integration.health.states import Kept, _key
from integration.links.values import Linked, NotLinked
from integration.storage import Storage
from integration.storage.memory import MemoryStorage
from integration.storage.names import HEALTH

AT = datetime(2026, 1, 2, tzinfo=UTC)
LINKED = Linked(url="https://one.operations.dynamics.com", tenant_id="t", id="one", trusted=True, checked_at=AT)
NOT_LINKED = NotLinked(code="0x80048d0b", message="not integrated", checked_at=AT, last=LINKED)
CONTOSO = Organization(name="contoso", url="https://contoso.crm.dynamics.com", tenant="contoso.com")


class CommandedProber:
    def __init__(self) -> None:
        self.answer = NOT_LINKED

    async def refresh(self, name):
        assert name == "contoso"
        return self.answer


class CommandedPipeline:
    def __init__(self) -> None:
        self.sent = []
        self.failures = 0

    async def route(self, event, accepted_at):
        if self.failures:
            self.failures -= 1
            raise StorageUnavailable
        self.sent.append(event)


class NoReleases:
    async def order(self, organization, link=None):
        return False

    async def expire(self, organization):
        return []


@pytest.fixture(params=["azurite", "memory"])
async def states(request):
    if request.param == "memory":
        storage = MemoryStorage(SystemClock())
    else:
        storage = Storage({"AzureWebJobsStorage": request.getfixturevalue("azurite").spare_account()})
    yield States(storage), storage
    await storage.close()


def watch(states, pipeline, prober=None):
    return Watch(
        organizations={"contoso": CONTOSO},
        settings=Health(failure_threshold=1, success_threshold=1),
        prober=prober or CommandedProber(),
        states=states,
        pipeline=pipeline,
        releases=NoReleases(),
        clock=SystemClock(),
    )


async def test_of_two_writers_that_read_the_same_row_one_wins(states):
    rows, _ = states
    fresh = await rows.load("contoso")
    assert fresh == Kept(State(), None)
    first = await rows.save("contoso", Kept(State(streak=1), fresh.etag))
    assert first is not None
    assert await rows.save("contoso", Kept(State(streak=2), fresh.etag)) is None
    read = await rows.load("contoso")
    assert (read.state.streak, read.etag) == (1, first.etag)
    assert await rows.save("contoso", Kept(State(streak=3), read.etag)) is not None
    assert await rows.save("contoso", Kept(State(streak=4), read.etag)) is None
    await rows.forget("contoso")
    assert await rows.save("contoso", Kept(State(streak=5), read.etag)) is None
    assert await rows.load("contoso") == Kept(State(), None)


async def test_two_probers_at_once_alert_once(states):
    rows, _ = states
    pipeline = CommandedPipeline()
    await asyncio.gather(*(watch(rows, pipeline).round() for _ in range(4)))
    assert [event.type for event in pipeline.sent] == ["fno-link.integration.lost"]


async def test_a_prober_that_comes_while_another_sends_does_not_send_the_same(states):
    rows, _ = states
    slow, other, sending, going_on = CommandedPipeline(), CommandedPipeline(), asyncio.Event(), asyncio.Event()
    take = slow.route

    async def slowly(event, accepted_at):
        sending.set()
        await going_on.wait()
        await take(event, accepted_at)

    slow.route = slowly
    first = asyncio.create_task(watch(rows, slow).round())
    await sending.wait()
    await watch(rows, other).round()
    going_on.set()
    await first
    await watch(rows, other).round()
    assert [event.type for event in slow.sent] == ["fno-link.integration.lost"]
    assert other.sent == []


async def test_an_alert_that_could_not_be_sent_is_sent_at_the_next_round_under_the_same_id(states):
    rows, _ = states
    pipeline = CommandedPipeline()
    pipeline.failures = 1
    with pytest.raises(ExceptionGroup):
        await watch(rows, pipeline).round()
    assert pipeline.sent == []
    (due,) = (await rows.load("contoso")).state.outbox
    await watch(rows, pipeline).round()
    (event,) = pipeline.sent
    assert event.id == f"{due.incident}:integration.lost"
    assert (await rows.load("contoso")).state.outbox == ()
    await watch(rows, pipeline).round()
    assert len(pipeline.sent) == 1


@pytest.mark.parametrize("row", ["{broken", '{"v":99}', "[" * 5000])
async def test_a_row_that_cannot_be_read_is_said_so_and_begun_anew(states, row):
    rows, storage = states
    table = await storage.table(HEALTH)
    await table.insert({"PartitionKey": "organization", "RowKey": _key("contoso"), "state": row})
    with pytest.raises(CorruptRecord, match="contoso"):
        await rows.load("contoso")
    pipeline = CommandedPipeline()
    await watch(rows, pipeline).round()
    assert [event.type for event in pipeline.sent] == ["fno-link.integration.lost"]
    assert msgspec.json.decode((await table.get("organization", _key("contoso"))).entity["state"])["v"] == 1
