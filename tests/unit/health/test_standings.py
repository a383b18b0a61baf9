"""Rows of standings: written under their version, cut into pieces, and read as they were written by earlier code."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from integration.errors import StorageUnavailable
from integration.health.check import Answer
from integration.health.incidents import Incidents
from integration.health.machine import Incident, State
from integration.health.maintenance import MaintenanceCall
from integration.health.standing import Standing, Watched
from integration.health.standings import ROUNDS, Kept, Standings
from integration.links.values import Linked
from integration.storage.memory import MemoryStorage
from integration.storage.names import HEALTH
from tests.fake_clock import FakeClock

WRITTEN_BEFORE = Path(__file__).parent / "written_before"
AT = datetime(2026, 11, 28, 12, tzinfo=UTC)
CONTOSO = Watched("organization", "contoso")
LINK = Linked(url="https://contoso.operations.dynamics.com", tenant_id="t", id="i", trusted=True, checked_at=AT)


def standing(**state) -> Standing:
    return Standing(states={"integration": State(**state)}, asked_at=AT)


@pytest.fixture
def storage():
    return MemoryStorage(FakeClock())


async def test_what_was_written_is_read_by_all_and_alone(storage):
    rows = Standings(storage)
    assert (await rows.load(CONTOSO)) == Kept(Standing())
    for watched in (CONTOSO, Watched("target", "contoso"), Watched("app", "app")):
        assert await rows.save(watched, Kept(standing(bad=1), None)) is not None
    found = await rows.all()
    assert set(found) == {CONTOSO, Watched("target", "contoso"), Watched("app", "app")}
    assert found[CONTOSO].standing == standing(bad=1) == (await rows.load(CONTOSO)).standing
    await rows.forget(CONTOSO)
    assert (await rows.load(CONTOSO)).etag is None


async def test_a_standing_that_is_larger_than_a_property_is_kept_whole(storage):
    rows = Standings(storage)
    answer = Answer(health="bad", code="x", message="ü" * 100_000)
    await rows.save(CONTOSO, Kept(standing(answer=answer), None))
    kept = await rows.load(CONTOSO)
    assert kept.standing.states["integration"].answer == answer
    # It shrinks again: no piece of what was longer is left.
    await rows.save(CONTOSO, Kept(standing(), kept.etag))
    assert (await rows.load(CONTOSO)).standing == standing()


async def test_who_was_slower_changes_what_the_other_has_written(storage):
    rows = Standings(storage)
    first = await rows.save(CONTOSO, Kept(standing(bad=1), None))
    stale = first
    await rows.save(CONTOSO, Kept(standing(bad=5), first.etag))
    assert await rows.save(CONTOSO, Kept(standing(bad=9), stale.etag)) is None
    changed = await rows.change(
        CONTOSO, lambda it: it.with_state("integration", State(bad=it.states["integration"].bad + 1)), stale
    )
    assert changed.standing.states["integration"].bad == 6


async def test_a_change_that_never_comes_first_says_so(storage):
    rows = Standings(storage)
    await rows.save(CONTOSO, Kept(standing(), None))
    tried = []

    def apply(it: Standing) -> Standing:
        tried.append(it)
        return standing(bad=len(tried))

    async def beaten(watched, kept):
        return None

    rows.save = beaten
    with pytest.raises(StorageUnavailable, match="written by others"):
        await rows.change(CONTOSO, apply)
    assert len(tried) == ROUNDS


@pytest.mark.parametrize("damage", ["\x01", "{", '{"v":99}', '{"states":7,"v":2}', "[" * 15_000])
async def test_a_row_that_cannot_be_read_is_set_aside_and_begun_anew(storage, damage, caplog):
    rows = Standings(storage)
    kept = await rows.save(CONTOSO, Kept(standing(bad=1), None))
    table = await storage.table(HEALTH)
    entity = (await table.get("organization", (await _only(table)).key)).entity
    await table.replace({**entity, "watch0": damage}, kept.etag)
    found = await rows.load(CONTOSO)
    assert (found.standing, found.aside) == (Standing(), damage)
    assert "kept aside" in caplog.text
    saved = await rows.save(CONTOSO, Kept(standing(bad=2), found.etag, found.aside))
    assert (await _only(table)).entity["aside"] == damage
    assert (await rows.load(CONTOSO)).aside == saved.aside == damage


async def _only(table):
    [row] = [row async for row in table.select()]
    return row


async def carried_over(storage, name: str) -> Standing:
    """Read a row that the code of before has written."""
    table = await storage.table(HEALTH)
    key = hashlib.sha256(b"contoso").hexdigest()
    state = (WRITTEN_BEFORE / f"{name}.json").read_text("utf-8")
    await table.insert({"PartitionKey": "organization", "RowKey": key, "organization": "contoso", "state": state})
    rows = Standings(storage)
    kept = await rows.load(CONTOSO)
    assert kept.etag is not None
    assert (await rows.all())[CONTOSO] == kept
    saved = await rows.save(CONTOSO, kept)
    assert await rows.load(CONTOSO) == saved
    return kept.standing


async def test_an_outage_of_before_goes_on_under_its_id_and_counts_as_told(storage):
    found = await carried_over(storage, "lost")
    state = found.states["integration"]
    assert (state.phase, state.bad, state.link) == ("firing", 7, LINK)
    assert (state.incident.id, state.incident.is_told, state.incident.told) == ("abc", True, None)
    assert (state.incident.health, state.incident.code) == ("bad", "0x80048d0b")
    assert found.incidents == (state.incident,)
    assert found.find("abc") == "integration"


async def test_a_link_that_was_well_before_is_well(storage):
    found = await carried_over(storage, "linked")
    state = found.states["integration"]
    assert (state.phase, state.good, state.incident, state.answer.link) == ("ok", 3, None, LINK)
    assert set(found.states) == {"integration"}


async def test_a_link_that_was_distrusted_before_is_not_told_again(storage):
    found = await carried_over(storage, "distrusted")
    assert found.states["trust"].phase == "firing"
    assert found.states["trust"].incident.is_told


async def test_what_was_due_before_and_not_sent_is_due(storage):
    [notice] = (await carried_over(storage, "due")).states["integration"].outbox
    assert (notice.key, notice.routes, notice.message) == ("abc:resolved:1", None, "back")


async def test_a_row_of_before_the_first_answer_says_nothing(storage):
    assert (await carried_over(storage, "fresh")).states["integration"] == State()


async def test_incidents_that_ended_are_kept_once_and_given_the_latest_first(storage):
    clock = FakeClock()
    rows = Incidents(storage, clock)

    def incident(name: str, days: int, kind: str = "integration") -> Incident:
        ended = clock.now() - timedelta(days=days)
        return Incident(id=name, kind=kind, opened_at=ended, since=ended, ended_at=ended)

    fabrikam = Watched("organization", "fabrikam")
    ended = [(CONTOSO, incident("a", 40)), (CONTOSO, incident("b", 2, "trust")), (fabrikam, incident("c", 1))]
    await rows.note(ended)
    await rows.note(ended)
    assert [each.incident.id for each in await rows.ended()] == ["c", "b", "a"]
    assert [each.incident.id for each in await rows.ended(subject="contoso")] == ["b", "a"]
    assert [each.incident.id for each in await rows.ended(kind="trust")] == ["b"]
    assert [each.incident.id for each in await rows.ended(since=clock.now() - timedelta(days=3))] == ["c", "b"]
    assert (await rows.find("a")).name == "contoso"
    assert await rows.find("z") is None
    await rows.note([(CONTOSO, incident("old", 200))])
    assert await rows.retain() == 1
    assert [each.incident.id for each in await rows.ended(since=datetime.min.replace(tzinfo=UTC))] == ["c", "b", "a"]


async def test_maintenance_that_was_called_is_given_and_forgotten_in_time(storage):
    clock = FakeClock()
    rows = Incidents(storage, clock)
    now = clock.now()
    call = MaintenanceCall(organization="contoso", since=now, until=now + timedelta(hours=1), by="Ada")
    old = MaintenanceCall(since=now - timedelta(days=101), until=now - timedelta(days=100))
    for each in (old, call, call):
        await rows.call(each)
    assert await rows.calls() == [call, old]
    await rows.call(call.ended(now + timedelta(minutes=1)))
    assert (await rows.calls())[0].until == now + timedelta(minutes=1)
    assert await rows.retain() == 1
    assert len(await rows.calls()) == 1
    assert await rows.ended() == []


def test_a_record_says_its_version():
    assert msgspec.json.decode(msgspec.json.encode(Standing()))["v"] == 2
