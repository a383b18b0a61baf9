"""What a replay has delivered is removed many in a request, and none is made twice for it, whatever comes between."""

import asyncio
import random
from datetime import timedelta

import msgspec
import pytest

from integration.dead_letters import Filter, Place, path_of
from integration.delivery.resuming import removing
from integration.errors import StorageUnavailable, TargetRejected
from integration.journal import Journal
from integration.storage.memory.blobs import Held
from integration.storage.names import DEAD_LETTERS, DEAD_LETTERS_LEASE, JOBS
from integration.storage.turn import RENEW_AFTER_SECONDS
from tests.fixtures.bench import AT, ORDERS, OTHERS, Bench
from tests.fixtures.letters import Killed, bury, delivered, letter, replay


@pytest.fixture
def journalled(bench) -> Bench:
    bench.journal = Journal(bench.storage, bench.clock, random.Random(1), timedelta(days=14))
    bench.build((ORDERS, OTHERS))
    bench.clock.seconds = 10.0
    return bench


@pytest.fixture
def never(monkeypatch):
    """Let nothing be removed only because time has passed."""
    monkeypatch.setattr(removing, "LINGER_SECONDS", 3600.0)


def removals(bench: Bench) -> tuple[int, int]:
    asked = bench.storage.account.requests
    return asked["delete_blobs"], asked["delete_blob"]


def ids(numbers) -> list[str]:
    return [f"e{number}" for number in numbers]


@pytest.mark.usefixtures("never")
async def test_what_is_delivered_is_removed_two_hundred_and_fifty_six_in_a_request(journalled):
    await bury(journalled, *(letter(number) for number in range(600)))
    cursors = []
    job = await journalled.replays().ask("replay", Filter(), order=False, per_second=1000)
    before = removals(journalled)
    done = await journalled.replays().run(job.id, seen=lambda job: cursors.append(job.cursor))
    assert done is not None
    assert (done.state, done.counts) == ("done", {"delivered": 600})
    assert done.cursor == Place.read(path_of(letter(0))).id
    assert await journalled.dead() == []
    assert [after - was for after, was in zip(removals(journalled), before, strict=True)] == [3, 0]
    assert set(cursors[:256]) == {""}  # none is passed before it is removed


async def test_without_a_journal_each_is_removed_before_it_is_over(bench, replays):
    await bury(bench, *(letter(number) for number in range(20)))
    assert (await replay(replays)).counts == {"delivered": 20}
    assert removals(bench) == (0, 20)


@pytest.mark.usefixtures("never")
async def test_an_alert_has_no_row_and_is_removed_at_once(journalled):
    alert = msgspec.structs.replace(letter(1).event, shape="alert")
    assert alert.internal
    await bury(journalled, letter(1, event=alert), letter(2))
    before = removals(journalled)
    assert (await replay(journalled.replays())).counts == {"delivered": 2}
    assert [after - was for after, was in zip(removals(journalled), before, strict=True)] == [1, 1]


@pytest.mark.usefixtures("never")
async def test_what_fails_again_is_removed_at_once(journalled):
    await bury(journalled, letter(1, reason="RetriesExhausted"), letter(2))
    journalled.orders.failures = [TargetRejected("answered 400", status=400)]
    before = removals(journalled)
    assert (await replay(journalled.replays())).counts == {"delivered": 1, "deadLettered": 1}
    assert [after - was for after, was in zip(removals(journalled), before, strict=True)] == [1, 1]
    assert [record.reason for record in await journalled.dead()] == ["TargetRejected"]


@pytest.mark.usefixtures("never")
async def test_killed_before_any_is_removed_it_makes_none_twice_and_counts_each_once(journalled):
    await bury(journalled, *(letter(number) for number in range(30)))
    job = await journalled.replays().ask("replay", Filter(), order=False, per_second=1000)
    remove = journalled.dead_letters.remove_many

    async def dies(versions):
        raise Killed

    journalled.dead_letters.remove_many = dies
    with pytest.raises(Killed):
        await journalled.replays().run(job.id)
    assert len(await journalled.dead()) == len(delivered(journalled)) == 30
    stored = await journalled.replays().job(job.id)
    assert (stored.cursor, stored.counts) == ("", {})
    journalled.dead_letters.remove_many = remove
    done = await journalled.replays().run(job.id)
    assert done is not None
    assert (done.state, done.counts) == ("done", {"ignored": 30})
    assert sorted(delivered(journalled)) == sorted(ids(range(30)))
    assert await journalled.dead() == []


async def test_away_while_it_removes_it_tells_so_and_goes_on_from_what_is_there(journalled, monkeypatch):
    monkeypatch.setattr(removing, "TOGETHER", 4)
    await bury(journalled, *(letter(number) for number in range(40)))
    job = await journalled.replays().ask("replay", Filter(), order=False, per_second=1000)
    remove, calls = journalled.dead_letters.remove_many, []

    async def away(versions):
        calls.append(versions)
        if len(calls) == 3:
            raise StorageUnavailable
        return await remove(versions)

    journalled.dead_letters.remove_many = away
    with pytest.raises(StorageUnavailable):
        await journalled.replays().run(job.id)
    stored = await journalled.replays().job(job.id)
    assert len(delivered(journalled)) < 40
    passed = Place.of_id(stored.cursor).order
    assert all(Place.read(path_of(each)).order > passed for each in await journalled.dead())
    done = await journalled.replays().run(job.id)
    assert done is not None
    assert done.state == "done"
    assert sum(done.counts.values()) == 40
    assert sorted(delivered(journalled)) == sorted(ids(range(40)))
    assert await journalled.dead() == []


async def test_one_that_the_account_does_not_let_go_is_kept_and_keeps_none_of_the_others(journalled, caplog):
    await bury(journalled, *(letter(number) for number in range(5)))
    leases = journalled.storage.blobs(DEAD_LETTERS)._leases
    leases[path_of(letter(2))] = Held("another", journalled.clock.monotonic() + 600)
    done = await replay(journalled.replays())
    assert (done.state, done.counts) == ("done", {"delivered": 4, "kept": 1})
    assert [record.event.id for record in await journalled.dead()] == ["e2"]
    assert "one by one" in caplog.text


@pytest.mark.usefixtures("never")
async def test_what_became_a_dead_letter_anew_is_not_removed_with_the_others(journalled):
    await bury(journalled, letter(1), letter(2))
    remove = journalled.dead_letters.remove_many

    async def meanwhile(versions):
        await bury(journalled, letter(1, recorded_at=AT + timedelta(hours=1)))
        return await remove(versions)

    journalled.dead_letters.remove_many = meanwhile
    assert (await replay(journalled.replays())).counts == {"delivered": 2}
    assert [record.event.id for record in await journalled.dead()] == ["e1"]


async def test_few_are_removed_after_a_while_though_others_take_long(journalled, monkeypatch):
    monkeypatch.setattr(removing, "LINGER_SECONDS", 0.01)
    await bury(journalled, *(letter(number) for number in range(4)))
    deliver, remove, gone = journalled.orders.deliver, journalled.dead_letters.remove_many, asyncio.Event()

    async def removes(versions):
        removed = await remove(versions)
        if len(await journalled.dead()) == 1:
            gone.set()
        return removed

    async def last_waits_for_the_others_to_be_gone(shipment):
        if shipment.event.id == "e0":
            async with asyncio.timeout(120):
                await gone.wait()
        return await deliver(shipment)

    journalled.orders.deliver = last_waits_for_the_others_to_be_gone
    journalled.dead_letters.remove_many = removes
    assert (await replay(journalled.replays())).counts == {"delivered": 4}
    assert delivered(journalled)[-1] == "e0"


@pytest.mark.usefixtures("never")
@pytest.mark.parametrize("end", ["cancelled", "lost", "time"])
async def test_whatever_ends_it_none_that_is_done_is_left_behind(end, journalled):
    await bury(journalled, *(letter(number) for number in range(80)))
    replays = journalled.replays()
    job = await replays.ask("replay", Filter(), order=False, per_second=1)
    deliver = journalled.orders.deliver

    async def ends_at_the_third(shipment):
        receipt = await deliver(shipment)
        if len(journalled.orders.shipments) == 3:
            if end == "cancelled":
                await journalled.replays().cancel(job.id)
            if end == "lost":
                until = journalled.clock.monotonic() + 600
                journalled.storage.blobs(JOBS)._leases[DEAD_LETTERS_LEASE] = Held("another", until)
        return receipt

    journalled.orders.deliver = ends_at_the_third
    done = await replays.run(job.id)
    came = len(delivered(journalled))
    assert 3 <= came < 80
    there = len(await journalled.dead())
    if end == "lost":
        assert done is None
        assert journalled.clock.monotonic() > RENEW_AFTER_SECONDS
        assert 80 - came <= there < 80 - came + journalled.at_once  # what was under way is let go, and not done
        return
    assert there == 80 - came
    assert done is not None
    assert (done.state == "cancelled") is (end == "cancelled")
    assert done.counts == {"delivered": came}
    assert Place.of_id(done.cursor).path == path_of(letter(80 - came))
