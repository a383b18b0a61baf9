"""Each outcome is counted once it is final, with what tells it from others; a replay by an operator came in before."""

import json

import pytest

from integration.delivery import decode_continuation
from integration.errors import TargetRejected, TargetUnavailable
from integration.links.values import NotLinked
from integration.tally import Key
from tests.fixtures.bench import AT

IN = Key("in", "contoso", "erp")


def message(bench, identity="1", **more):
    data = {
        "BusinessEventId": "SalesOrderConfirmedBusinessEvent",
        "EventId": identity,
        "EventTime": "/Date(1767268800000)/",
        "ControlNumber": 1,
        "BusinessEventLegalEntity": "USMF",
        "MajorVersion": 0,
        "MinorVersion": 0,
        **more,
    }
    return bench.inbound(json.dumps(data).encode())


def kinds(bench):
    return sorted(key for key, _ in bench.counted)


async def test_an_event_counts_once_in_and_once_a_delivery(bench):
    await bench.pipeline.receive(message(bench))
    targets = [Key("delivered", "contoso", "erp", target) for target in ("orders", "others")]
    assert kinds(bench) == sorted([IN, *targets])


async def test_what_is_deferred_counts_each_time_with_its_error_and_its_end_with_the_first_words(bench):
    bench.orders.failures = [TargetUnavailable("away", status=503)] * 9
    await bench.pipeline.receive(message(bench))
    deferred = Key("deferred", "contoso", "erp", "orders", "TargetUnavailable")
    assert kinds(bench).count(deferred) == 1
    for _ in range(2):
        bench.clock.seconds += 3600
        for body in await bench.continuations():
            await bench.pipeline.resume(decode_continuation(body))
    assert kinds(bench).count(deferred) == 2
    buried = Key("dead_lettered", "contoso", "erp", "orders", "RetriesExhausted")
    ((_, first),) = [each for each in bench.counted if each[0] == buried]
    assert (first.type, first.id, first.route) == ("SalesOrderConfirmedBusinessEvent", "1", "orders")
    assert first.message == "given up after 3 attempts; the last one: away"
    # It came in once, however often it was tried.
    assert kinds(bench).count(IN) == 1


async def test_what_is_refused_parked_or_not_to_be_read_counts_by_its_reason(bench):
    bench.orders.failures = [TargetRejected("no", status=400)]
    await bench.pipeline.receive(message(bench))
    bench.links.answer = NotLinked(code="0x80048d0b", message="not linked", checked_at=AT)
    await bench.pipeline.receive(message(bench, "2"))
    await bench.pipeline.receive(bench.inbound(b"{"))
    found = kinds(bench)
    assert Key("dead_lettered", "contoso", "erp", "orders", "TargetRejected") in found
    assert Key("parked", "contoso", "erp", "orders", "NotLinked") in found
    assert Key("dead_lettered", "contoso", "erp", "", "Undecodable") in found
    assert found.count(IN) == 3


async def test_nothing_is_counted_that_could_not_be_kept(bench):
    bench.storage.account.away = True
    with pytest.raises(Exception, match="away"):
        await bench.pipeline.receive(bench.inbound(b"{"))
    assert kinds(bench) == [IN]


async def test_what_an_operator_replays_did_not_come_in_again(bench):
    bench.orders.failures = [TargetRejected("no", status=400)]
    await bench.pipeline.receive(message(bench))
    await bench.pipeline.receive(message(bench), replay=1)
    assert kinds(bench).count(IN) == 1


async def test_texts_from_outside_are_cut_and_cleaned(bench):
    await bench.pipeline.receive(message(bench, "i" * 5_000 + "\x00", BusinessEventId="t" * 3_000 + "\n"))
    for _, first in bench.counted:
        if first is not None:
            assert max(map(len, (first.type, first.id, first.message))) <= 300
            assert (first.type + first.id + first.message).isprintable()
