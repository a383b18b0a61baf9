"""Many dead letters at once on a real account: in turn by subject, removed as they were read, purged in batches."""

import asyncio
from collections import Counter, defaultdict
from datetime import timedelta

import msgspec

from integration.dead_letters import Filter
from integration.storage.names import DEAD_LETTERS
from tests.fixtures.bench import ORDERS
from tests.fixtures.letters import bury, letter

LETTERS, SUBJECTS = 48, 6


async def test_those_of_one_subject_keep_their_order_and_a_purge_takes_the_rest(bench):
    bench.build((ORDERS,))
    bench.clock.seconds = 10.0
    records = [
        letter(number, event=msgspec.structs.replace(letter(number).event, subject=f"account({number % SUBJECTS})"))
        for number in range(LETTERS)
    ]
    await bury(bench, *records, *(letter(number, reason="Unrouted") for number in range(LETTERS, LETTERS + 20)))
    deliver, under_way, widest = bench.orders.deliver, Counter(), []

    async def noted(shipment):
        under_way[shipment.event.subject] += 1
        widest.append((max(under_way.values()), under_way.total()))
        await asyncio.sleep(0.01)
        receipt = await deliver(shipment)
        under_way[shipment.event.subject] -= 1
        return receipt

    bench.orders.deliver = noted
    replays = bench.replays()
    job = await replays.ask("replay", Filter(reason="TargetRejected"), order=False, per_second=1000)
    done = await replays.run(job.id)
    assert done is not None
    assert (done.state, done.counts) == ("done", {"delivered": LETTERS})
    assert max(widest)[0] == 1
    assert max(total for _, total in widest) > 1
    came = defaultdict(list)
    for shipment in bench.orders.shipments:
        came[shipment.event.subject].append(int(shipment.event.id[1:]))
    assert all(numbers == sorted(numbers, reverse=True) for numbers in came.values())

    await bench.storage.blobs(DEAD_LETTERS).put("contoso/notes.txt", b"no dead letter")
    bench.clock.seconds += timedelta(hours=1).total_seconds()
    job = await replays.ask("purge", Filter(), order=False, per_second=1000)
    done = await replays.run(job.id)
    assert done is not None
    assert (done.state, done.counts) == ("done", {"purged": 20})
    assert [path async for path in bench.storage.blobs(DEAD_LETTERS).names("")] == ["contoso/notes.txt"]
