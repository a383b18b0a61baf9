"""What waits: parked deliveries by organization and reason, and since when the oldest of all."""

from datetime import UTC, datetime, timedelta

import msgspec

from integration.dead_letters import DeadLetters, Record
from integration.events.event import Event
from integration.health import waits
from integration.health.totals import FIRSTS, Span, Totals, added
from integration.health.waits import counted
from integration.storage.memory import MemoryStorage
from integration.storage.names import EVENTS
from integration.tally import First, Key
from tests.fake_clock import PassingClock

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DEFERRED = Key("deferred", "contoso", "erp", "orders", "TargetUnavailable")


def record(number, organization="contoso", reason="NotLinked", accepted_at=NOW):
    event = Event(
        id=f"e{number}", source="s", type="T", organization=organization, data=msgspec.Raw(b"{}"), ingress="e"
    )
    return Record(
        organization=organization,
        reason=reason,
        message="",
        accepted_at=accepted_at,
        recorded_at=NOW,
        event=event,
        route="all",
    )


async def parked_two_ways(storage):
    letters = DeadLetters(storage)
    await letters.park(record(1))
    await letters.park(record(2, accepted_at=NOW - timedelta(hours=2)))
    await letters.park(record(3, "fabrikam", "ParkedForOtherEnvironment"))


async def test_what_is_parked_is_counted_by_organization_and_reason():
    clock = PassingClock(NOW)
    storage = MemoryStorage(clock)
    assert await counted(storage, clock) == waits.Waits(at=NOW)
    await parked_two_ways(storage)
    found = await counted(storage, clock)
    assert found.parked == {"contoso": {"NotLinked": 2}, "fabrikam": {"ParkedForOtherEnvironment": 1}}
    assert found.oldest == NOW - timedelta(hours=2)
    assert found.is_whole


async def test_what_was_not_looked_at_waits_too():
    clock = PassingClock(NOW)
    storage = MemoryStorage(clock)
    await storage.queue(EVENTS).put(b"{}")
    await clock.sleep(60)
    assert (await counted(storage, clock)).oldest == NOW


async def test_more_than_is_counted_is_told_as_such(monkeypatch):
    clock = PassingClock(NOW)
    storage = MemoryStorage(clock)
    await parked_two_ways(storage)
    monkeypatch.setattr(waits, "MOST", 2)
    found = await counted(storage, clock)
    assert not found.is_whole
    assert sum(sum(each.values()) for each in found.parked.values()) == 2


def waiting(accepted, until):
    return First(at=NOW, accepted_at=NOW - timedelta(minutes=accepted), until=NOW + timedelta(minutes=until))


def test_of_what_is_deferred_the_oldest_and_the_one_that_waits_longest_are_kept():
    many = [waiting(accepted, -1) for accepted in range(10, 20)] + [waiting(1, 30)]
    span = added(NOW, [Span(NOW, {DEFERRED: 11}, {DEFERRED: tuple(many)})])
    assert len(span.firsts[DEFERRED]) == FIRSTS
    assert Totals((span,)).waiting(NOW) == {"orders": NOW - timedelta(minutes=1)}
    assert Totals((span,)).waiting(NOW - timedelta(minutes=2)) == {"orders": NOW - timedelta(minutes=19)}
    assert Totals((span,)).waiting(NOW + timedelta(hours=1)) == {}


def test_a_dead_letter_that_is_counted_twice_is_one():
    key = Key("dead_lettered", "contoso", "erp", "orders", "TargetRejected")
    spans = tuple(
        Span(NOW, {key: 1}, {key: (First(at=NOW + timedelta(minutes=minute), letter=letter),)})
        for minute, letter in ((0, "a"), (1, "b"), (2, "a"))
    )
    assert [first.letter for _, first in Totals(spans).letters()] == ["a", "b"]
