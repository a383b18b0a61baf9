"""A purge goes in batches and takes nothing that came after it was asked for."""

from datetime import timedelta

import pytest

from integration.dead_letters import Filter, path_of
from integration.storage.names import DEAD_LETTERS
from tests.fixtures.letters import bury, delivered, letter


async def test_a_purge_removes_what_is_meant_and_nothing_that_came_later(bench, replays):
    await bury(bench, letter(1), letter(2, reason="Unrouted"), letter(3))
    await bench.storage.blobs(DEAD_LETTERS).put(path_of(letter(3)), b"no record")
    job = await replays.ask("purge", Filter(reason="TargetRejected"), order=False, per_second=1000)
    await bury(bench, letter(4, recorded_at=bench.clock.now() + timedelta(seconds=1)))
    done = await replays.run(job.id)
    assert done is not None
    assert done.counts == {"purged": 2}
    assert {record.event.id for record in await bench.dead()} == {"e2", "e4"}
    assert delivered(bench) == []


async def test_a_purge_of_what_is_old_reads_none_and_goes_in_batches(bench, replays):
    await bury(bench, *(letter(number) for number in range(600)))
    bench.clock.seconds += 3600
    job = await replays.ask("purge", Filter(), order=False, per_second=1000)
    bench.storage.account.requests.clear()
    started = bench.clock.monotonic()
    done = await replays.run(job.id)
    assert done is not None
    assert (done.state, done.counts) == ("done", {"purged": 600})
    assert await bench.dead() == []
    assert bench.storage.account.requests["delete_blobs"] == 3
    assert bench.storage.account.requests["get_blob"] <= 2  # the job, and whether it is cancelled
    assert bench.clock.monotonic() - started == pytest.approx(512 / 1000)


async def test_a_purge_leaves_what_is_written_anew_while_it_works(bench, replays, monkeypatch):
    await bury(bench, letter(1), letter(2))
    bench.clock.seconds += 3600
    remove = bench.dead_letters.remove_many

    async def meanwhile(versions):
        await bury(bench, letter(1, recorded_at=bench.clock.now() + timedelta(seconds=1)))
        return await remove(versions)

    monkeypatch.setattr(bench.dead_letters, "remove_many", meanwhile)
    job = await replays.ask("purge", Filter(), order=False, per_second=1000)
    done = await replays.run(job.id)
    assert done is not None
    assert done.counts == {"purged": 1}
    assert [record.event.id for record in await bench.dead()] == ["e1"]


async def test_a_purge_at_a_slow_rate_is_cancelled_between_two_requests(bench, replays):
    await bury(bench, *(letter(number) for number in range(40)))
    job = await replays.ask("purge", Filter(), order=False, per_second=1)
    remove, counts = bench.dead_letters.remove_many, []

    async def cancelled(versions):
        counts.append(len(versions))
        if len(counts) == 5:
            await bench.replays().cancel(job.id)
        return await remove(versions)

    bench.dead_letters.remove_many = cancelled
    done = await replays.run(job.id)
    assert done is not None
    assert done.state == "cancelled"
    assert set(counts) == {1}
    assert done.counts == {"purged": len(counts)}
    assert 5 <= len(counts) < 10
    assert len(await bench.dead()) == 40 - len(counts)
