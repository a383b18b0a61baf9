"""Many dead letters are under way at once: those about one thing in turn, through kills, cancelling, lost leases."""

import asyncio
import random
from collections import Counter, defaultdict
from datetime import timedelta

import pytest

from integration.dead_letters import Filter, Place, path_of
from integration.journal import Journal
from integration.storage.memory.blobs import Held
from integration.storage.names import DEAD_LETTERS, DEAD_LETTERS_LEASE, JOBS
from integration.storage.turn import RENEW_AFTER_SECONDS
from tests.fixtures.bench import ORDERS, OTHERS
from tests.fixtures.letters import Killed, about, bury, delivered, letter, message_id, replay


async def test_three_hundred_killed_with_a_full_window_come_once_but_for_those_under_way(bench, replays):
    await bury(bench, *(letter(number) for number in range(300)))
    job = await replays.ask("replay", Filter(), order=False, per_second=1000)
    kept, rng = bench.dead_letters.remove, random.Random(3)

    async def die(place, version):
        for _ in range(rng.randrange(40)):
            await asyncio.sleep(0)
        if len(bench.orders.shipments) >= 137:
            raise Killed
        return await kept(place, version)

    bench.dead_letters.remove = die
    with pytest.raises(Killed):
        await replays.run(job.id)
    bench.dead_letters.remove = kept
    under_way = len(delivered(bench)) - (300 - len(await bench.dead()))
    assert 1 < under_way <= bench.configuration.delivery.replays_at_once
    done = await bench.replays().run(job.id)
    assert done is not None
    assert done.state == "done"
    times = Counter(shipment.message_id for shipment in bench.orders.shipments)
    assert times.keys() == {message_id(number, 1) for number in range(300)}
    assert sum(count - 1 for count in times.values()) == under_way
    assert max(times.values()) == 2
    assert await bench.dead() == []


async def test_those_of_one_subject_go_in_the_order_of_first_acceptance_and_others_pass_them(bench, replays):
    rng = random.Random(7)
    records = [letter(number, event=about(number, f"account({rng.randrange(5)})")) for number in range(200)]
    await bury(bench, *records)
    deliver, under_way, most = bench.orders.deliver, Counter(), []

    async def slowly(shipment):
        under_way[shipment.event.subject] += 1
        most.append((max(under_way.values()), under_way.total()))
        for _ in range(rng.randrange(9)):
            await asyncio.sleep(0)
        receipt = await deliver(shipment)
        under_way[shipment.event.subject] -= 1
        return receipt

    bench.orders.deliver = slowly
    assert (await replay(replays)).counts == {"delivered": 200}
    assert max(most) == (1, 5)
    came = defaultdict(list)
    for shipment in bench.orders.shipments:
        came[shipment.event.subject].append(int(shipment.event.id[1:]))
    assert all(numbers == sorted(numbers, reverse=True) for numbers in came.values())


async def test_two_deliveries_of_one_event_do_not_hold_each_others_claim(bench):
    bench.journal = Journal(bench.storage, bench.clock, random.Random(1), timedelta(days=14))
    bench.build((ORDERS, OTHERS))
    bench.clock.seconds = 10.0
    await bury(bench, letter(1), letter(1, route="others", target="others"))
    assert (await replay(bench.replays())).counts == {"delivered": 2}
    assert len(bench.orders.shipments) == len(bench.others.shipments) == 1


async def test_what_is_slow_is_overtaken_and_the_cursor_waits_for_it(bench, replays):
    await bury(bench, *(letter(number) for number in range(40)))
    deliver, free, cursors = bench.orders.deliver, asyncio.Event(), []

    async def first_waits(shipment):
        if shipment.event.id == "e39":
            await free.wait()
        elif len(bench.orders.shipments) == 38:
            free.set()
        return await deliver(shipment)

    bench.orders.deliver = first_waits
    job = await replays.ask("replay", Filter(), order=False, per_second=1000)
    done = await replays.run(job.id, seen=lambda job: cursors.append((job.counts.get("delivered", 0), job.cursor)))
    assert done is not None
    assert done.counts == {"delivered": 40}
    assert delivered(bench)[-1] == "e39"
    assert (39, "") in cursors  # all the others were done, and the cursor had not moved
    assert done.cursor == Place.read(path_of(letter(0))).id


async def test_what_was_read_long_before_its_turn_is_read_again(bench, replays):
    await bury(bench, letter(2), letter(1))
    deliver = bench.orders.deliver

    async def meanwhile(shipment):
        if shipment.event.id == "e2":  # the other is read by now, and a resend of it delivers it
            await bench.storage.blobs(DEAD_LETTERS).delete(path_of(letter(1)))
        return await deliver(shipment)

    bench.orders.deliver = meanwhile
    done = await replay(replays, per_second=0.1)
    assert done.counts == {"delivered": 1}
    assert delivered(bench) == ["e2"]


async def test_a_replay_that_loses_its_lease_stops_at_once_and_writes_nothing(bench, replays):
    await bury(bench, *(letter(number) for number in range(40)))
    job = await replays.ask("replay", Filter(), order=False, per_second=1)
    taken = []

    async def lost_meanwhile(shipment):
        receipt = await deliver(shipment)
        if not taken:
            taken.append(bench.clock.monotonic())
            leases = bench.storage.blobs(JOBS)._leases
            leases[DEAD_LETTERS_LEASE] = Held("another", bench.clock.monotonic() + 600)
        return receipt

    deliver, bench.orders.deliver = bench.orders.deliver, lost_meanwhile
    before = await replays.job(job.id)
    assert await replays.run(job.id) is None
    assert (await replays.job(job.id)).updated_at - before.updated_at < timedelta(seconds=RENEW_AFTER_SECONDS + 1)
    assert len(delivered(bench)) < 40
    bench.storage.blobs(JOBS)._leases.clear()
    done = await replays.run(job.id)
    assert done is not None
    assert done.state == "done"
    assert set(delivered(bench)) == {f"e{number}" for number in range(40)}
    assert len(delivered(bench)) <= 40 + bench.at_once


async def test_what_was_kept_ahead_of_the_cursor_is_counted_once_after_a_kill(bench, replays):
    await bury(bench, *(letter(number) for number in range(30)))
    broken = [n for n in range(30) if n % 3 == 1]
    for number in broken:
        await bench.storage.blobs(DEAD_LETTERS).put(path_of(letter(number)), b"no record")
    job = await replays.ask("replay", Filter(), order=False, per_second=2)
    deliver = bench.orders.deliver

    async def dies(shipment):
        if len(bench.orders.shipments) == 12:
            raise Killed
        return await deliver(shipment)

    bench.orders.deliver = dies
    with pytest.raises(Killed):
        await replays.run(job.id)
    bench.orders.deliver = deliver
    stored = await replays.job(job.id)
    assert stored.counts["delivered"] > 0
    done = await replays.run(job.id)
    assert done is not None
    assert done.counts["kept"] == len(broken)


async def test_a_job_is_cancelled_while_another_instance_works_on_it(bench):
    bench.at_once = 4
    bench.build((ORDERS,))
    bench.clock.seconds = 10.0
    await bury(bench, *(letter(number) for number in range(30)))
    replays = bench.replays()
    job = await replays.ask("replay", Filter(), order=False, per_second=1)
    answers = []

    async def cancel_at_the_third(shipment):
        receipt = await deliver(shipment)
        if len(bench.orders.shipments) == 3:
            answers.append(await bench.replays().cancel(job.id))
        return receipt

    deliver, bench.orders.deliver = bench.orders.deliver, cancel_at_the_third
    done = await replays.run(job.id)
    assert done is not None
    assert [each.over for each in answers] == [False]  # as it was written last: its worker has not seen it yet
    assert done.state == "cancelled"
    assert 3 <= len(delivered(bench)) < 3 + 2 * bench.at_once  # what was under way has come to its end
    stored = await replays.job(job.id)
    assert stored.counts == {"delivered": len(delivered(bench))}
    assert Place.of_id(stored.cursor).path == path_of(letter(30 - len(delivered(bench))))
    assert len(await bench.dead()) == 30 - len(delivered(bench))
