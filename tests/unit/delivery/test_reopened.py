"""Dead letters and the journal: a replay makes what failed, once; what was delivered since leaves no dead letter."""

import random
from datetime import timedelta

import msgspec
import pytest

from integration.config.keys.model import Route
from integration.dead_letters import Filter, Record
from integration.delivery import Work, decode_continuation
from integration.delivery.outcome import Buried, Deferred, Delivered, Held
from integration.delivery.queued.chain import Chain
from integration.delivery.queued.work import encode_continuation
from integration.errors import CorruptRecord, StorageUnavailable, TargetRejected, TargetUnavailable
from integration.events.decode import decode
from integration.events.event import Event
from integration.journal import Journal, Subject
from integration.journal.scope import ByRoute, Recheck, WholeEvent
from integration.storage.names import DEAD_LETTERS, PAYLOADS, RETRIES
from tests.fixtures.bench import ORDERS, OTHERS, business_event

BODY = business_event(EventId="A" * 8, EventTime="/Date(1767322800000)/")
REJECTED = TargetRejected("no", status=400)


class Killed(BaseException):
    """What kill -9 is to a test in one process."""


@pytest.fixture
def bench(bench):
    bench.journal = Journal(bench.storage, bench.clock, random.Random(1), timedelta(days=14))
    bench.build((ORDERS, OTHERS))
    return bench


def event_of(bench) -> Event:
    (event,) = decode(bench.inbound(BODY)).events
    return event


async def row(bench):
    found = await bench.journal.find(Subject.of(event_of(bench)))
    assert found is not None
    return found


async def failed(bench) -> Record:
    """Let the delivery by `orders` fail for good; the one by `others` is made."""
    bench.orders.failures = [REJECTED]
    await bench.pipeline.receive(bench.inbound(BODY))
    bench.clock.seconds += 1
    (letter,) = await bench.dead()
    return letter


async def replay(bench) -> dict[str, int]:
    job = await bench.replays().ask("replay", Filter(), order=False, per_second=1000)
    done = await bench.replays().run(job.id)
    assert done is not None
    return done.counts


async def works(bench) -> list[Work]:
    return [each for each in map(decode_continuation, await bench.continuations()) if isinstance(each, Work)]


async def test_a_replay_makes_the_failed_delivery_only_and_is_journalled(bench):
    letter = await failed(bench)
    kept = await row(bench)
    assert kept.entry(ByRoute("orders")).letter.endswith(".json")
    assert letter.generation == kept.generation == 1
    assert await replay(bench) == {"delivered": 1}
    assert (len(bench.orders.shipments), len(bench.others.shipments)) == (1, 1)
    kept = await row(bench)
    assert (kept.state, kept.replayed, kept.resent, kept.generation) == ("done", 1, 0, 2)
    assert kept.entry(ByRoute("orders")).letter == ""
    assert await bench.dead() == []


async def test_a_resend_that_delivers_takes_the_dead_letter_away(bench):
    await failed(bench)
    assert await bench.pipeline.receive(bench.inbound(BODY)) == [Delivered("orders", 200, "ok")]
    assert await bench.dead() == []
    kept = await row(bench)
    assert (kept.state, kept.resent, kept.replayed) == ("done", 1, 0)
    assert await replay(bench) == {}
    assert len(bench.orders.shipments) == 1


async def test_a_resend_that_is_deferred_leaves_its_chain_and_no_dead_letter(bench):
    await failed(bench)
    bench.orders.failures = [TargetUnavailable()]
    (outcome,) = await bench.pipeline.receive(bench.inbound(BODY))
    assert isinstance(outcome, Deferred)
    assert await bench.dead() == []
    (work,) = await works(bench)
    assert await bench.pipeline.resume(work) == [Delivered("orders", 200, "ok")]


async def test_a_resend_that_fails_the_same_way_leaves_the_new_dead_letter(bench):
    await failed(bench)
    bench.orders.failures = [REJECTED]
    assert await bench.pipeline.receive(bench.inbound(BODY)) == [Buried("orders", "TargetRejected")]
    (letter,) = await bench.dead()
    assert letter.generation == 2
    bench.orders.failures = [TargetRejected("gone", status=404)]
    bench.clock.seconds += 1
    assert await replay(bench) == {"deadLettered": 1}
    (letter,) = await bench.dead()
    assert (letter.generation, letter.message) == (3, "gone")


async def test_a_dead_letter_that_a_kill_left_behind_is_not_delivered_again(bench, monkeypatch):
    """The row says that the delivery was made; the process died before it took the dead letter away."""
    await failed(bench)

    async def killed(path, generation):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(bench.dead_letters, "supersede", killed)
        with pytest.raises(Killed):
            await bench.pipeline.receive(bench.inbound(BODY))
    assert len(await bench.dead()) == 1
    assert await replay(bench) == {"ignored": 1}
    assert await bench.dead() == []
    assert len(bench.orders.shipments) == 1


async def test_a_dead_letter_that_cannot_be_removed_now_is_left_and_said(bench, monkeypatch, caplog):
    await failed(bench)

    async def unavailable(place, version):
        raise StorageUnavailable

    with monkeypatch.context() as patched:
        patched.setattr(bench.dead_letters, "remove", unavailable)
        assert await bench.pipeline.receive(bench.inbound(BODY)) == [Delivered("orders", 200, "ok")]
    assert "left behind" in caplog.text


async def test_what_became_a_dead_letter_anew_meanwhile_is_not_taken_away(bench):
    letter = await failed(bench)
    (path,) = await bench.records(DEAD_LETTERS)
    await bench.dead_letters.bury(msgspec.structs.replace(letter, generation=5))
    assert not await bench.dead_letters.supersede(path, 5)
    assert await bench.dead_letters.supersede(path, 6)
    assert not await bench.dead_letters.supersede(path, 6)
    assert not await bench.dead_letters.supersede("no/dead/letter", 6)


async def test_a_replay_killed_before_it_removes_its_dead_letter_delivers_once(bench, monkeypatch):
    await failed(bench)
    job = await bench.replays().ask("replay", Filter(), order=False, per_second=1000)

    async def killed(*args):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(bench.dead_letters, "remove_many", killed)
        with pytest.raises(Killed):
            await bench.replays().run(job.id)
    done = await bench.replays().run(job.id)
    assert done is not None
    assert done.counts == {"ignored": 1}
    assert len(bench.orders.shipments) == 1


@pytest.mark.parametrize("step", range(1, 9))
async def test_a_replay_killed_at_any_effect_delivers_at_most_the_one_in_flight_twice(bench, step):
    await failed(bench)
    job = await bench.replays().ask("replay", Filter(), order=False, per_second=1000)
    made, restore = 0, []

    def struck(owner, name):
        effect = getattr(owner, name)
        restore.append(lambda: setattr(owner, name, effect))

        async def run(*args, **more):
            nonlocal made
            made += 1
            if made == step:
                raise Killed(name)
            result = await effect(*args, **more)
            made += 1
            if made == step:
                raise Killed(name)
            return result

        setattr(owner, name, run)

    for owner, name in (
        (bench.journal, "claim"),
        (bench.journal, "end"),
        (bench.dead_letters, "remove_many"),
        (bench.orders, "deliver"),
    ):
        struck(owner, name)
    with pytest.raises(Killed):
        await bench.replays().run(job.id)
    for each in restore:
        each()
    bench.clock.seconds += 160
    await bench.replays().run(job.id)
    in_flight = 4 <= step <= 5  # made, and not in the row
    assert len(bench.orders.shipments) == 1 + in_flight
    assert {each.message_id for each in bench.orders.shipments} == {f"{event_of(bench).key[:32]}:orders:r1"}
    assert await bench.dead() == []
    assert (await row(bench)).state == "done"


async def test_a_replay_ends_the_chain_that_was_under_way(bench):
    bench.orders.failures = [TargetUnavailable()]
    await bench.pipeline.receive(bench.inbound(BODY))
    (old,) = await works(bench)
    work = Work(scope=ByRoute("orders"), accepted_at=bench.clock.now(), event=event_of(bench))
    assert await bench.pipeline.resume(work.anew("reopen", 1)) == [Delivered("orders", 200, "ok")]
    await bench.pipeline.resume(old)
    assert len(bench.orders.shipments) == 1


async def test_a_replay_that_meets_another_run_waits_as_a_message_and_is_no_stale_retry(bench, monkeypatch):
    letter = await failed(bench)
    await bench.journal.claim(Subject.of(event_of(bench)), "source", accepted_at=letter.accepted_at)
    messages: list[bytes] = []

    async def put(message, *, delay):  # a queue would keep it invisible by the machine's clock
        messages.append(message)

    monkeypatch.setattr(bench.storage.queue(RETRIES), "put", put)
    assert await replay(bench) == {"parked": 1}
    assert await bench.dead() == []
    bench.clock.seconds += 160
    work = decode_continuation(messages.pop())
    assert isinstance(work, Work)
    assert (work.begins, work.chain.replay) == ("reopen", 1)
    assert await bench.pipeline.resume(work) == [Delivered("orders", 200, "ok")]
    assert len(bench.others.shipments) == 1


async def test_an_event_whose_route_is_gone_is_routed_anew_and_not_delivered_twice(bench):
    bench.orders.failures = [TargetUnavailable()]
    await bench.pipeline.receive(bench.inbound(BODY))
    (work,) = await works(bench)
    renamed = Route(name="renamed", target="orders", event_types=("SalesOrder*",))
    bench.build((renamed, OTHERS))
    assert await bench.pipeline.resume(work) == [Buried("orders", "RouteGone")]
    bench.clock.seconds += 1
    assert await replay(bench) == {"delivered": 1}
    assert [each.route for each in bench.orders.shipments] == ["renamed"]
    assert len(bench.others.shipments) == 1
    kept = await row(bench)
    assert (kept.state, [entry.route for entry in kept.deliveries]) == ("done", ["others", "renamed"])
    assert await bench.dead() == []


async def test_an_unrouted_event_leaves_no_dead_letter_once_it_comes_again_and_a_route_takes_it(bench):
    bench.build(())
    assert await bench.pipeline.receive(bench.inbound(BODY)) == [Buried("", "Unrouted")]
    bench.build((ORDERS, OTHERS))
    await bench.pipeline.receive(bench.inbound(BODY))
    assert await bench.dead() == []
    assert (await row(bench)).state == "done"


async def test_a_whole_replay_of_a_done_event_takes_its_old_dead_letter_away(bench):
    await failed(bench)
    work = Work(scope=WholeEvent(), accepted_at=bench.clock.now(), event=event_of(bench))
    assert len(await bench.pipeline.resume(work.anew("replay", 1))) == 2
    assert await bench.dead() == []
    assert (len(bench.orders.shipments), len(bench.others.shipments)) == (1, 2)


@pytest.mark.parametrize("scope", [ByRoute("orders"), Recheck("1234")])
async def test_a_poison_retry_message_of_an_older_generation_is_replayed_and_delivered(bench, scope):
    """Its claim-check could not be read when it became a dead letter; now it can."""
    bench.orders.failures = [TargetUnavailable()]
    bench.others.failures = [TargetUnavailable()]
    await bench.pipeline.receive(bench.inbound(BODY))
    for old in await works(bench):
        await bench.pipeline.resume(old) if old.scope == ByRoute("others") else None
    work = Work(
        scope=scope,
        accepted_at=bench.clock.now(),
        event=event_of(bench),
        chain=Chain(attempt=3, generation=1),
    )
    record = Record(
        organization="unknown",
        reason=CorruptRecord().code,
        message="m",
        accepted_at=bench.clock.now(),
        recorded_at=bench.clock.now(),
        source=RETRIES,
        body=encode_continuation(work),
    )
    await bench.dead_letters.bury(record)
    bench.clock.seconds += 1
    counts = await replay(bench)
    if scope == ByRoute("orders"):
        assert counts == {"delivered": 1}
        (shipment,) = bench.orders.shipments
        assert (shipment.attempt, shipment.message_id) == (4, f"{event_of(bench).key[:32]}:orders:r1")
    else:
        assert counts == {"ignored": 1}  # nothing that failed is left to do: the chain goes on
    assert await bench.dead() == []


async def test_a_retry_message_whose_claim_check_is_gone_stays_a_dead_letter_through_a_replay(bench):
    work = Work(
        scope=ByRoute("orders"),
        accepted_at=bench.clock.now(),
        payload="payloads/deliveries/x",
        chain=Chain(attempt=1, generation=1),
    )
    record = Record(
        organization="unknown",
        reason="CorruptRecord",
        message="m",
        accepted_at=bench.clock.now(),
        recorded_at=bench.clock.now(),
        source=RETRIES,
        body=encode_continuation(work),
    )
    await bench.dead_letters.bury(record)
    bench.clock.seconds += 1
    assert await replay(bench) == {"kept": 1}
    await bench.storage.blobs(PAYLOADS).put("payloads/deliveries/x", b"{}")
    assert await replay(bench) == {"kept": 1}
    assert len(await bench.dead()) == 1


async def test_a_refused_replay_of_a_message_waits_for_the_run_that_holds_its_event(bench):
    event = event_of(bench)
    await bench.journal.claim(Subject.of(event), "source", accepted_at=bench.clock.now())
    assert await bench.pipeline.receive(bench.inbound(BODY), replay=1) == [Held("")]
    assert await bench.storage.queue(RETRIES).depth() == 1
