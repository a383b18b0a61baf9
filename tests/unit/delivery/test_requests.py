"""What a delivery asks of the storage account."""

from integration.errors import TargetUnavailable
from tests.fixtures.journaled import BODY, DELIVERED, DUPLICATE, journaled, works

MARK = 1
"""The first process of all notes that nothing is of before."""
ONCE = {"tables": 1}
"""Which tables there are of before: asked once in the life of a process."""


async def test_an_event_delivered_at_its_first_attempt_costs_two_requests_and_no_others(bench):
    journaled(bench)
    assert await bench.pipeline.receive(bench.inbound(BODY)) == DELIVERED
    assert bench.storage.account.requests == {**ONCE, "insert": MARK + 1, "replace": 1}


async def test_a_duplicate_costs_a_try_a_look_and_its_count(bench):
    journaled(bench)
    await bench.pipeline.receive(bench.inbound(BODY))
    bench.storage.account.requests.clear()
    assert await bench.pipeline.receive(bench.inbound(BODY)) == DUPLICATE
    assert bench.storage.account.requests == {"insert": 1, "get": 1, "replace": 1}


async def test_a_retry_costs_a_message_and_three_requests_of_the_journal(bench):
    journaled(bench)
    bench.orders.failures = [TargetUnavailable()]
    await bench.pipeline.receive(bench.inbound(BODY))
    assert bench.storage.account.requests == {**ONCE, "insert": MARK + 1, "put_message": 1, "replace": 1}
    (work,) = await works(bench)
    bench.storage.account.requests.clear()
    await bench.pipeline.resume(work)
    assert bench.storage.account.requests == {"get": 1, "replace": 2}
