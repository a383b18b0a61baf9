"""Payloads too large for a queue message: no crash makes a false dead letter of one, or loses one."""

import random
from datetime import timedelta

import msgspec
import pytest

from integration.delivery import Work, decode_continuation
from integration.delivery.outcome import Deferred, Delivered, PutOff, Stale
from integration.delivery.queued.claim_checks import KEEP
from integration.delivery.queued.queue import STOOD_STILL_AFTER
from integration.errors import CorruptRecord, StorageUnavailable, TargetUnavailable
from integration.events.decode import decode
from integration.journal import ASK_AGAIN_AFTER, Entry, Journal, Run, Subject
from integration.journal.scope import ByRoute
from integration.storage.names import EVENTS, PAYLOADS, RETRIES
from tests.fixtures.bench import AT, ORDERS, business_event

BODY = business_event(EventId="L" * 8, EventTime="/Date(1767322800000)/", Notes="n" * 100_000)


class Killed(BaseException):
    """What kill -9 is to a test in one process."""


@pytest.fixture(params=["journal", "no journal"])
def bench(request, bench):
    if request.param == "journal":
        bench.journal = Journal(bench.storage, bench.clock, random.Random(1), timedelta(days=14))
    bench.build((ORDERS,))
    return bench


async def works(bench) -> list[Work]:
    return [each for each in map(decode_continuation, await bench.continuations()) if isinstance(each, Work)]


async def deferred(bench, failures=1) -> Work:
    """Let a large event fail; returns its retry message."""
    bench.orders.failures = [TargetUnavailable() for _ in range(failures)]
    await bench.pipeline.receive(bench.inbound(BODY))
    (work,) = await works(bench)
    assert work.event is None
    return work


def killing(bench, step):
    """Kill the process right before or right after its effect number `step`; returns a way to undo it."""
    made, undo = 0, []

    def struck(owner, name):
        effect = getattr(owner, name)
        undo.append(lambda: setattr(owner, name, effect))

        async def run(*args, **more):
            nonlocal made
            for moment in ("before", "after"):
                if moment == "after":
                    result = await effect(*args, **more)
                made += 1
                if made == step:
                    raise Killed(moment, name)
            return result

        setattr(owner, name, run)

    checks = bench.retries.claim_checks
    effects = [(checks, "keep"), (checks, "settle"), (bench.storage.queue(RETRIES), "put"), (bench.orders, "deliver")]
    if bench.journal:
        effects += [(bench.journal, "claim"), (bench.journal, "end")]
    for owner, name in effects:
        struck(owner, name)
    return lambda: [each() for each in undo]


@pytest.mark.parametrize("again", [0, 1], ids=["delivered", "deferred again"])
async def test_a_kill_between_any_two_effects_makes_no_dead_letter_and_loses_no_payload(bench, again):
    """The message comes again after the kill, as the queue gives it back; so do all that it left behind."""
    for step in range(1, 30):
        work = await deferred(bench, 1 + again)
        restored = killing(bench, step)
        killed = False
        try:
            await bench.pipeline.resume(work)
        except Killed:
            killed = True
        restored()
        waiting = [work] if killed else []
        for _ in range(6):
            bench.clock.seconds += 160
            for each in waiting:
                await bench.pipeline.resume(each)
            waiting = await works(bench)
        assert bench.orders.failures == []
        assert waiting == []
        assert [bytes(each.event.data) for each in bench.orders.shipments[:1]] == [BODY], step
        assert await bench.dead() == [], step
        bench.orders.shipments.clear()
        if bench.journal:  # the next step is about an event that the journal does not know
            table = await bench.storage.table("fnolinkjournal2026w01b")
            async for row in table.select():
                await table.remove(row.partition, row.key)
        if not killed:
            assert step > 4
            return
    pytest.fail("there are more effects than were tried")


async def test_a_message_that_comes_again_after_its_claim_check_was_emptied_has_been_dealt_with(bench):
    work = await deferred(bench)
    assert await bench.pipeline.resume(work) == [Delivered("orders", 200, "ok")]
    assert await bench.claim_checks() == []
    assert await bench.pipeline.resume(work) == [Stale()]
    assert len(bench.orders.shipments) == 1


async def test_an_old_message_that_comes_again_takes_no_payload_from_the_next_attempt(bench):
    first = await deferred(bench, 2)
    (outcome,) = await bench.pipeline.resume(first)
    assert isinstance(outcome, Deferred)
    assert await bench.pipeline.resume(first) == [Stale()]
    (second,) = await works(bench)
    assert second.payload != first.payload
    assert await bench.pipeline.resume(second) == [Delivered("orders", 200, "ok")]
    assert await bench.claim_checks() == []


async def test_a_claim_check_that_cannot_be_emptied_is_left_to_the_sweep(bench, monkeypatch, caplog):
    work = await deferred(bench)
    blobs = bench.storage.blobs(PAYLOADS)

    async def unavailable(path, body):
        raise StorageUnavailable

    with monkeypatch.context() as patched:
        patched.setattr(blobs, "put", unavailable)
        assert await bench.pipeline.resume(work) == [Delivered("orders", 200, "ok")]
    assert "left to the sweep" in caplog.text
    assert len(await bench.claim_checks()) == 1
    bench.clock.seconds += (KEEP + timedelta(days=1)).total_seconds()
    assert await bench.retries.sweep() == 1
    assert await bench.claim_checks() == []


async def test_the_sweep_deletes_what_is_old_and_nothing_younger(bench):
    blobs = bench.storage.blobs(PAYLOADS)
    old = [f"payloads/{kind}/{day}/x{n}" for kind in ("intake", "deliveries") for day in ("2024/12/31", "2025/12/18")
           for n in range(20)]  # fmt: skip
    young = ["payloads/intake/2025/12/19/x", "payloads/deliveries/2026/01/01/x", "payloads/note", "leases/due"]
    for path in (*old, *young):
        await blobs.put(path, b"x")
    assert bench.clock.now() == AT  # 2 January, 14 days later than 19 December
    assert await bench.retries.sweep() == len(old)
    assert [path async for path in blobs.names("")] == sorted(young)


@pytest.mark.parametrize("queue", [EVENTS, f"{EVENTS}-poison", RETRIES, f"{RETRIES}-poison"])
async def test_nothing_is_swept_while_messages_stand_that_may_need_it(bench, queue, caplog):
    await bench.storage.blobs(PAYLOADS).put("payloads/deliveries/2025/01/01/x", b"x")
    await bench.storage.queue(queue).put(b"waits")
    bench.clock.seconds += timedelta(days=36_500).total_seconds()  # Azurite dates messages by the machine's clock
    assert await bench.retries.sweep() == 0
    assert "no claim-check is swept" in caplog.text


async def test_nothing_is_swept_while_due_retries_have_not_been_moved(bench):
    await bench.storage.blobs(PAYLOADS).put("payloads/deliveries/2025/01/01/x", b"x")
    await bench.retries.later(Work(scope=ByRoute("orders"), accepted_at=AT, payload="payloads/x"), timedelta(hours=1))
    bench.clock.seconds += (STOOD_STILL_AFTER + timedelta(hours=2)).total_seconds()
    assert await bench.retries.sweep() == 0
    assert await bench.retries.move_due(None) == 1
    await bench.continuations()
    assert await bench.retries.sweep() == 1


@pytest.mark.parametrize("path", ["", "leases/due", "payloads/deliveries/2026/01/01/none"])
async def test_a_message_without_its_payload_says_so(bench, path):
    with pytest.raises(CorruptRecord, match="gone"):
        await bench.pipeline.resume(Work(scope=ByRoute("orders"), accepted_at=AT, payload=path))


async def test_a_claim_check_that_cannot_be_read_says_so(bench):
    await bench.storage.blobs(PAYLOADS).put("payloads/x", b"{no event")
    with pytest.raises(CorruptRecord, match="cannot be read"):
        await bench.pipeline.resume(Work(scope=ByRoute("orders"), accepted_at=AT, payload="payloads/x"))


async def test_a_copy_that_waits_for_another_run_keeps_the_payload_of_its_message(bench):
    work = await deferred(bench)
    redeemed = await bench.retries.redeem(work)
    assert redeemed is not None
    await bench.retries.later(redeemed, timedelta(0))
    (copy,) = await works(bench)
    assert copy == msgspec.structs.replace(work, about=copy.about)


async def test_a_message_that_is_put_off_leaves_its_payload_to_the_copy_that_waits(bench):
    work = await deferred(bench)
    if bench.journal is None:
        return  # nothing holds an event without a journal
    held = await bench.journal.claim(Subject.of(an_event_of(bench)), "replay", accepted_at=AT, scope=ByRoute("others"))
    assert isinstance(held, Run)
    assert await bench.pipeline.resume(work) == [PutOff()]
    await bench.journal.end(held, (Entry(slot=ByRoute("others"), state="delivered"),))
    bench.clock.seconds += ASK_AGAIN_AFTER.total_seconds()
    (copy,) = await works(bench)
    assert copy.payload == work.payload
    assert await bench.pipeline.resume(copy) == [Delivered("orders", 200, "ok")]
    assert await bench.claim_checks() == []


def an_event_of(bench):
    (event,) = decode(bench.inbound(BODY)).events
    return event
