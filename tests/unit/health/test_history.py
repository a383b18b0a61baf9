"""Transitions are kept once each, read by subject and time, and deleted when they are over."""

from datetime import timedelta

import msgspec

from integration.health.history import KEEP, History, Transition
from integration.storage.memory import MemoryStorage
from integration.storage.names import HISTORY
from tests.fake_clock import FakeClock


def world():
    clock = FakeClock()
    storage = MemoryStorage(clock)
    return clock, storage, History(storage, clock)


def moved(at, subject="contoso", kind="integration", phase="firing", told="triggered"):
    return Transition(at=at, kind=kind, subject=subject, phase=phase, before="ok", health="bad", code="c", told=told)


async def test_transitions_are_read_in_order_by_subject_kind_and_time():
    clock, _, history = world()
    start = clock.now()
    noted = [
        moved(start + timedelta(days=day), subject, kind)
        for day in range(0, 80, 10)
        for subject in ("contoso", "fabrikam")
        for kind in ("integration", "credential")
    ]
    await history.note(list(reversed(noted)))
    await clock.advance(80 * 86_400)
    read = await history.read(limit=100)
    assert [each.at for each in read] == sorted(each.at for each in noted)
    assert set(read) == set(noted)
    ours = await history.read(subject="contoso", kind="integration", since=start + timedelta(days=30))
    assert [each.at for each in ours] == [start + timedelta(days=day) for day in range(30, 80, 10)]
    assert len(await history.read(limit=3)) == 3


async def test_what_is_noted_twice_is_kept_once_and_a_hundred_at_a_time():
    clock, storage, history = world()
    many = [moved(clock.now() + timedelta(seconds=n), f"o{n}") for n in range(250)]
    batches = []
    table = storage.table_now(HISTORY)
    batch = table.batch

    async def counted(partition, operations):
        batches.append(len(operations))
        return await batch(partition, operations)

    table.batch = counted
    await history.note([*many, many[0]])
    assert batches == [100, 100, 50]
    await history.note(many)
    assert len(await history.read()) == 250


async def test_what_is_over_is_deleted_and_the_rest_is_not():
    clock, _, history = world()
    await history.note([moved(clock.now())])
    await clock.advance(60 * 86_400)
    await history.note([moved(clock.now(), "fabrikam")])
    assert await history.retain() == 0
    await clock.advance(KEEP.total_seconds())
    assert await history.retain() == 1
    assert [each.subject for each in await history.read(since=clock.now() - KEEP * 2)] == ["fabrikam"]


async def test_what_cannot_be_read_is_passed_over(caplog):
    clock, storage, history = world()
    await history.note([moved(clock.now())])
    table = storage.table_now(HISTORY)
    row = {"PartitionKey": "2026-01", "RowKey": "20260101T000001000000-x", "subject": "contoso", "kind": "integration"}
    await table.put(row | {"transition": "rot"})
    await table.put(row | {"RowKey": "20260101T000002000000-x", "transition": '{"v": 99}'})
    assert len(await history.read(subject="contoso")) == 1
    assert "cannot be read" in caplog.text


def test_a_transition_says_its_version():
    assert msgspec.json.decode(msgspec.json.encode(moved(FakeClock().now())))["v"] == 1
