"""Replays and purges of dead letters: oldest first, once, by one worker at a time, through kills and outages."""

import random
from datetime import timedelta

import pytest

from integration.dead_letters import Filter, Jobs, Place, path_of
from integration.delivery import JobOrder, decode_continuation
from integration.delivery.outcome import Stale
from integration.errors import StorageUnavailable, TargetRejected, TargetUnavailable, UnknownJob
from integration.storage.names import DEAD_LETTERS
from tests.fixtures.bench import AT, LINKED, MOVED, business_event
from tests.fixtures.letters import bury, delivered, letter, message_id, replay


async def test_dead_letters_are_listed_oldest_first_over_all_folders_and_from_any_token(bench):
    rng = random.Random(5)
    records = [
        letter(
            number,
            organization=rng.choice(["contoso", "fabrikam"]),
            reason=rng.choice(["TargetRejected", "Unrouted"]),
            accepted_at=AT + timedelta(minutes=rng.randrange(-600_000, 3_000)),
        )
        for number in range(40)
    ]
    await bury(bench, *records)
    await bench.storage.blobs(DEAD_LETTERS).put("contoso/notes.txt", b"no dead letter")
    expected = [path_of(each) for each in sorted(records, key=lambda each: (each.accepted_at, path_of(each)))]
    places = [place async for place in bench.dead_letters.places(Filter())]
    assert [place.path for place in places] == expected
    for start in (0, 7, 38, 39):
        rest = [place.path async for place in bench.dead_letters.places(Filter(), places[start])]
        assert rest == expected[start + 1 :]
    since, until = records[3].accepted_at, records[3].accepted_at + timedelta(days=100)
    some = [
        place.path async for place in bench.dead_letters.places(Filter(since=since, until=until, reason="Unrouted"))
    ]
    assert some == [
        path_of(each)
        for each in sorted(records, key=lambda each: (each.accepted_at, path_of(each)))
        if since <= each.accepted_at < until and each.reason == "Unrouted"
    ]


async def test_a_replay_delivers_oldest_first_under_new_message_ids_and_removes(bench, replays):
    await bury(bench, *(letter(number) for number in range(5)))
    done = await replay(replays)
    assert (done.state, done.counts) == ("done", {"delivered": 5})
    assert delivered(bench) == ["e4", "e3", "e2", "e1", "e0"]
    assert {shipment.message_id for shipment in bench.orders.shipments} == {message_id(n, 1) for n in range(5)}
    assert {shipment.attempt for shipment in bench.orders.shipments} == {3}
    assert await bench.dead() == []


async def test_what_fails_again_is_a_new_dead_letter_at_the_same_place_with_counted_attempts(bench, replays):
    await bury(bench, letter(1))
    bench.orders.failures = [TargetRejected("answered 400", status=400)]
    done = await replay(replays)
    assert (done.state, done.counts) == ("done", {"deadLettered": 1})
    (record,) = await bench.dead()
    assert (record.attempts, record.replays, record.recorded_at) == (3, 1, bench.clock.now())
    assert record.message == "answered 400"
    bench.clock.seconds += 1
    await replay(replays)
    assert bench.orders.shipments[0].message_id == message_id(1, 2)
    assert await bench.dead() == []


async def test_what_fails_for_now_is_retried_by_the_schedule_under_the_replays_message_id(bench, replays):
    await bury(bench, letter(1))
    bench.orders.failures = [TargetUnavailable("answered 503", status=503)]
    assert (await replay(replays)).counts == {"deferred": 1}
    assert await bench.dead() == []
    (message,) = await bench.continuations()
    await bench.pipeline.resume(decode_continuation(message))
    (shipment,) = bench.orders.shipments
    assert (shipment.message_id, shipment.attempt) == (message_id(1, 1), 4)


async def test_a_storage_outage_stops_the_run_and_the_next_goes_on(bench, replays):
    await bury(bench, *(letter(number) for number in range(4)))
    job = await replays.ask("replay", Filter(), order=False, per_second=1000)
    read, calls = bench.dead_letters.read, []

    async def fail_once(place):
        calls.append(place)
        if len(calls) == 3:
            raise StorageUnavailable
        return await read(place)

    bench.dead_letters.read = fail_once
    with pytest.raises(StorageUnavailable):
        await replays.run(job.id)
    await replays.run(job.id)
    assert delivered(bench) == ["e3", "e2", "e1", "e0"]


async def test_two_never_work_at_once(bench, replays):
    await bury(bench, letter(1))
    job = await replays.ask("replay", Filter(), order=False)
    async with replays._jobs.working() as lease:
        assert lease is not None
        assert await replays.run(job.id) is None
        await replays.carry_on(JobOrder(job=job.id))
    assert delivered(bench) == []
    assert (await replays.run(job.id)).counts == {"delivered": 1}
    assert (await replays.run(job.id)).counts == {"delivered": 1}


async def test_the_function_app_works_in_slices_at_the_rate_that_was_asked_for(bench, replays):
    await bury(bench, *(letter(number) for number in range(5)))
    await replays.ask("replay", Filter(), per_second=0.05)
    slices = 0
    while orders := await bench.continuations():
        (order,) = map(decode_continuation, orders)
        assert isinstance(order, JobOrder)
        await replays.carry_on(order)
        slices += 1
    assert delivered(bench) == ["e4", "e3", "e2", "e1", "e0"]
    assert slices > 1
    assert (await replays.job(order.job)).state == "done"
    await replays.carry_on(JobOrder(job="0" * 32))  # a job that is gone is no poison


async def test_only_what_is_meant_is_replayed_by_filter_or_by_id(bench, replays):
    await bury(bench, letter(1), letter(2, reason="RetriesExhausted"), letter(3))
    assert (await replay(replays, Filter(reason="RetriesExhausted"))).counts == {"delivered": 1}
    place = Place.read(path_of(letter(1)))
    assert place is not None
    assert (await replay(replays, ids=[place.id, place.id])).counts == {"delivered": 1}
    assert delivered(bench) == ["e2", "e1"]


async def test_what_no_route_took_is_routed_anew_and_an_undecoded_body_is_decoded_again(bench, replays):
    undecoded = letter(2, event=None, body=business_event(EventId="D" * 8), reason="Undecodable", route="")
    await bury(bench, letter(1, reason="Unrouted", route=""), letter(3, reason="RouteGone", route="old"), undecoded)
    assert (await replay(replays)).counts == {"delivered": 2, "kept": 1}  # the source is not configured
    assert delivered(bench) == ["e3", "e1"]
    (kept,) = await bench.dead()
    assert kept.reason == "Undecodable"


async def test_a_replay_after_a_relink_is_held_unless_the_current_environment_is_asked_for(bench, replays):
    from integration.delivery.environment import fingerprint  # noqa: PLC0415  # only here

    await bury(bench, letter(1, environment=fingerprint(LINKED)), letter(2, environment=fingerprint(LINKED)))
    bench.links.answer = MOVED
    place = Place.read(path_of(letter(1)))
    assert place is not None
    assert (await replay(replays, ids=[place.id])).counts == {"parked": 1}
    assert (await replay(replays, current_environment=True)).counts == {"delivered": 1}
    assert delivered(bench) == ["e2"]


async def test_one_that_cannot_be_read_or_processed_does_not_keep_the_others(bench, replays, caplog):
    await bury(bench, letter(1), letter(2), letter(3))
    await bench.storage.blobs(DEAD_LETTERS).put(path_of(letter(2)), b"no record")
    await bench.storage.blobs(DEAD_LETTERS).put(
        path_of(letter(4)), letter(4, event=letter(4).event.stamp({}), organization="gone").encode()
    )
    done = await replay(replays)
    assert done.counts["kept"] == 1
    assert done.state == "done"
    assert "it cannot be read" in caplog.text


async def test_a_letter_for_which_nothing_was_done_is_not_taken_away(bench, replays, monkeypatch):
    async def nothing_done(work):
        return [Stale()]

    await bury(bench, letter(1))
    monkeypatch.setattr(bench.pipeline, "resume", nothing_done)
    await replay(replays)
    assert len(await bench.dead()) == 1


async def test_a_job_that_is_cancelled_stops_at_once_when_nobody_works_on_it(bench, replays):
    await bury(bench, letter(1))
    job = await replays.ask("replay", Filter(), per_second=1000)
    assert (await replays.cancel(job.id)).state == "cancelled"
    await replays.carry_on(JobOrder(job=job.id))
    assert delivered(bench) == []
    assert len(await bench.continuations()) == 1  # the first order alone: none was added
    assert (await replays.run(job.id)).state == "cancelled"
    assert (await replays.cancel(job.id)).state == "cancelled"
    with pytest.raises(UnknownJob):
        await replays.cancel("0" * 32)


async def test_a_job_that_is_done_is_not_cancelled(bench, replays):
    await bury(bench, letter(1))
    job = await replays.ask("replay", Filter(), order=False, per_second=1000)
    await replays.run(job.id)
    assert (await replays.cancel(job.id)).state == "done"


async def test_jobs_are_deleted_thirty_days_after_they_were_written_last(bench, replays):
    job = await replays.ask("replay", Filter(), order=False)
    await replays.cancel(job.id)
    jobs = Jobs(bench.storage)
    now = bench.clock.now()
    assert await jobs.sweep(now + timedelta(days=29)) == 0
    assert await jobs.sweep(now + timedelta(days=31)) == 2
    with pytest.raises(UnknownJob):
        await replays.job(job.id)
    async with jobs.working() as lease:
        assert lease is not None
