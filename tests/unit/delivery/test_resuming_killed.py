"""A replay, a release and a purge are killed at each request that they make, done or not done, with the window full."""

import asyncio
import random
from collections import Counter
from datetime import timedelta

import msgspec
import pytest

from integration.dead_letters import Filter
from integration.delivery import JobOrder, Release, Work, decode_continuation
from integration.delivery.resuming import removing
from integration.journal import Journal
from tests.fixtures.bench import AT, LINKED, NOT_LINKED, ORDERS, OTHERS, Bench, business_event
from tests.fixtures.letters import Killed, letter

LETTERS = 16
AT_ONCE = 6


class Process:
    """A process that dies at its n-th request: nothing that it asks from then on is done."""

    def __init__(self, bench: Bench, monkeypatch, at: int, *, done: bool) -> None:
        self.requests = 0
        self.dead = False
        self.task = asyncio.current_task()
        ask, deliver = bench.storage.account.ask, bench.orders.deliver

        async def asked(what, act):
            if self.dead:
                raise Killed
            self.requests += 1
            if self.requests == at:
                self.dead = True
                self.task.cancel()  # who waits for another task's request waits no more
                if done:
                    await ask(what, act)
                raise Killed
            return await ask(what, act)

        async def shipped(shipment):
            if self.dead:
                raise Killed
            return await deliver(shipment)

        monkeypatch.setattr(bench.storage.account, "ask", asked)
        monkeypatch.setattr(bench.orders, "deliver", shipped)

    async def run(self, work) -> None:
        """Work until it is done, or dead."""
        try:
            await work
        except (Killed, asyncio.CancelledError):
            assert self.dead
            while self.task.cancelling():
                self.task.uncancel()


def built(bench: Bench) -> Bench:
    """Begin a new process on the same account."""
    bench.at_once = AT_ONCE
    bench.journal = Journal(bench.storage, bench.clock, random.Random(1), timedelta(days=14))
    bench.build((ORDERS, OTHERS))
    return bench


async def all_the_rest(bench: Bench) -> None:
    """Let the function app do what waits on the retry queue, until nothing does."""
    replays = bench.replays()
    for _ in range(40):
        bench.clock.seconds += 200  # every lease is over, and every delay
        for each in map(decode_continuation, await bench.continuations()):
            match each:
                case Work():
                    await bench.pipeline.resume(each)
                case Release():
                    await bench.releases.run(each)
                case JobOrder():
                    await replays.carry_on(each)
        if await bench.storage.queue("fno-link-retries").depth() == 0:
            return
    pytest.fail("it never comes to an end")


def judge(bench: Bench, expected: set[str]) -> None:
    """Each came, under one message id, and no more came twice than were under way."""
    times = Counter(shipment.message_id for shipment in bench.orders.shipments)
    assert times.keys() == expected, "lost, or under another id"
    assert sum(times.values()) - len(times) <= AT_ONCE
    assert max(times.values()) <= 2


def points(requests: int) -> list[int]:
    """Choose crash points: each of the first, then some of each stretch."""
    return sorted({*range(1, 16), *range(16, requests + 1, 7)})


async def replayed(bench: Bench, monkeypatch, at: int, *, done: bool, **letters) -> int:
    built(bench).clock.seconds = 10.0
    monkeypatch.setattr(removing, "TOGETHER", 5)  # some are gathered, and some removed, at any moment
    for number in range(LETTERS):
        event = msgspec.structs.replace(letter(number).event, subject=f"account({number % 8})")
        await bench.dead_letters.bury(letter(number, event=event, **letters))
    await bench.replays().ask("replay", Filter(), per_second=2)
    (order,) = map(decode_continuation, await bench.continuations())
    with monkeypatch.context() as patched:
        process = Process(bench, patched, at, done=done)
        await process.run(bench.replays().carry_on(order))
    built(bench)
    if process.dead:
        bench.clock.seconds += 200
        await bench.replays().carry_on(order)  # its message comes again
    await all_the_rest(bench)
    judge(bench, {f"{letter(number).key[:32]}:orders:r1" for number in range(LETTERS)})
    assert await bench.dead() == []
    job = await bench.replays().job(order.job)
    assert job.state == "done"
    wanted = len(bench.others.shipments) + LETTERS
    assert sum(job.counts.values()) <= wanted, "some are counted twice"
    assert process.dead or job.counts == {"delivered": wanted}
    return process.requests


async def routed_anew(bench: Bench, monkeypatch, at: int, *, done: bool) -> int:
    """Replay what no route had taken: a run of the event as a whole."""
    requests = await replayed(bench, monkeypatch, at, done=done, reason="Unrouted", route="")
    times = Counter(shipment.message_id for shipment in bench.others.shipments)
    assert len(times) == LETTERS
    assert max(times.values()) <= 2
    return requests


async def released(bench: Bench, monkeypatch, at: int, *, done: bool) -> int:
    built(bench)
    bench.links.answer = msgspec.structs.replace(NOT_LINKED, last=LINKED)
    for number in range(LETTERS):
        inbound = bench.inbound(business_event(EventId=f"{number:08}", ContextRecordSubject=f"account({number % 8})"))
        await bench.pipeline.receive(msgspec.structs.replace(inbound, received_at=AT + timedelta(seconds=number)))
    expected = {f"{record.key[:32]}:orders" for record in await bench.parked()}
    bench.links.answer = LINKED
    await bench.releases.order("contoso")
    (order,) = map(decode_continuation, await bench.continuations())
    with monkeypatch.context() as patched:
        process = Process(bench, patched, at, done=done)
        await process.run(bench.releases.run(order))
    built(bench)
    if process.dead:
        bench.clock.seconds += 200
        await bench.releases.run(order)
    await all_the_rest(bench)
    if await bench.releases.order("contoso"):  # what another run held: the timer looks again
        await all_the_rest(bench)
    judge(bench, expected)
    assert await bench.parked() == []
    return process.requests


async def purged(bench: Bench, monkeypatch, at: int, *, done: bool) -> int:
    built(bench).clock.seconds = 10.0
    for number in range(LETTERS):
        await bench.dead_letters.bury(letter(number))
    await bench.replays().ask("purge", Filter(), per_second=8)
    (order,) = map(decode_continuation, await bench.continuations())
    with monkeypatch.context() as patched:
        process = Process(bench, patched, at, done=done)
        await process.run(bench.replays().carry_on(order))
    if process.dead:
        bench.clock.seconds += 200
        await bench.replays().carry_on(order)
    await all_the_rest(bench)
    assert await bench.dead() == []
    assert bench.orders.shipments == []
    assert (await bench.replays().job(order.job)).state == "done"
    return process.requests


@pytest.mark.parametrize("done", [False, True], ids=["before the request", "after it"])
@pytest.mark.parametrize("what", [replayed, routed_anew, released, purged], ids=lambda what: what.__name__)
async def test_killed_at_any_request_it_loses_none_and_repeats_no_more_than_were_under_way(
    what, done, monkeypatch, make_bench
):
    requests = await what(make_bench(), monkeypatch, 0, done=done)
    assert requests > (20 if what is purged else 3 * LETTERS)
    for at in points(requests):
        await what(make_bench(), monkeypatch, at, done=done)
