"""Parked deliveries go on when the link is back: oldest first, once, and never into another environment by surprise."""

import asyncio
import random
from collections import Counter, defaultdict
from datetime import timedelta

import msgspec
import pytest

from integration.delivery import Release, Work, decode_continuation
from integration.delivery.environment import fingerprint
from integration.delivery.outcome import Buried, Deferred, Delivered, Waiting
from integration.errors import TargetUnavailable, Unreachable
from integration.links.values import Linked
from integration.storage.names import PARKED, RETRIES
from tests.fixtures.bench import AT, LINKED, MOVED, NOT_LINKED, ORDERS, business_event

ONLY_ORDERS = (ORDERS,)


async def works(bench) -> list[Work]:
    return [each for each in map(decode_continuation, await bench.continuations()) if isinstance(each, Work)]


async def park(bench, count: int = 3, *, last: Linked | None = LINKED) -> None:
    bench.links.answer = msgspec.structs.replace(NOT_LINKED, last=last)
    for number in range(count):
        inbound = bench.inbound(business_event(EventId=f"{number:08}"))
        later = msgspec.structs.replace(inbound, received_at=AT + timedelta(seconds=count - number))
        await bench.pipeline.receive(later)


async def test_parked_deliveries_go_on_when_the_link_is_back_oldest_first(bench):
    bench.build(ONLY_ORDERS)
    await park(bench)
    bench.links.answer = LINKED
    assert await bench.releases.order("contoso", LINKED)
    (message,) = await bench.continuations()
    order = decode_continuation(message)
    assert order == Release(organization="contoso", held=True, environment=fingerprint(LINKED))
    outcomes = await bench.releases.run(order)
    assert outcomes == [Delivered("orders", 200, "ok")] * 3
    assert [shipment.event.id for shipment in bench.orders.shipments] == ["00000002", "00000001", "00000000"]
    assert await bench.parked() == []
    assert not await bench.releases.order("contoso", LINKED)


async def test_many_go_on_at_once_and_those_of_one_subject_in_turn(bench):
    bench.build(ONLY_ORDERS)
    bench.links.answer = NOT_LINKED
    for number in range(60):
        inbound = bench.inbound(business_event(EventId=f"{number:08}", ContextRecordSubject=f"account({number % 6})"))
        await bench.pipeline.receive(msgspec.structs.replace(inbound, received_at=AT + timedelta(seconds=60 - number)))
    bench.links.answer = LINKED
    deliver, rng, under_way, widest = bench.orders.deliver, random.Random(2), Counter(), []

    async def slowly(shipment):
        under_way[shipment.event.subject] += 1
        widest.append((max(under_way.values()), under_way.total()))
        for _ in range(rng.randrange(9)):
            await asyncio.sleep(0)
        receipt = await deliver(shipment)
        under_way[shipment.event.subject] -= 1
        return receipt

    bench.orders.deliver = slowly
    assert await bench.releases.run(Release(organization="contoso")) == [Delivered("orders", 200, "ok")] * 60
    assert max(widest) == (1, 6)
    came = defaultdict(list)
    for shipment in bench.orders.shipments:
        came[shipment.event.subject].append(shipment.event.id)
    assert all(ids == sorted(ids, reverse=True) for ids in came.values())
    assert await bench.parked() == []


async def test_when_the_link_goes_while_it_releases_nothing_more_begins(bench):
    bench.at_once = 4
    bench.build(ONLY_ORDERS)
    await park(bench, 30)
    bench.links.answer = LINKED
    deliver = bench.orders.deliver

    async def gone_meanwhile(shipment):
        bench.links.answer = NOT_LINKED
        return await deliver(shipment)

    bench.orders.deliver = gone_meanwhile
    outcomes = await bench.releases.run(Release(organization="contoso"))
    assert set(outcomes) == {Delivered("orders", 200, "ok")}
    assert 1 <= len(outcomes) <= bench.at_once
    assert len(await bench.parked()) == 30 - len(outcomes)
    assert await bench.continuations() == []  # whoever sees it linked again orders a release


async def test_nothing_is_released_while_the_link_is_not_back(bench):
    bench.build(ONLY_ORDERS)
    await park(bench)
    for answer in (NOT_LINKED, Unreachable("no route to host")):
        bench.links.answer = answer
        assert await bench.releases.run(Release(organization="contoso")) == []
        assert len(await bench.parked()) == 3


async def test_parked_deliveries_for_another_environment_are_held_until_that_one_is_back(bench):
    bench.build(ONLY_ORDERS)
    await park(bench)
    bench.links.answer = MOVED
    outcomes = await bench.releases.run(Release(organization="contoso"))
    assert outcomes == [Waiting("orders", "ParkedForOtherEnvironment")] * 3
    assert {record.reason for record in await bench.parked()} == {"ParkedForOtherEnvironment"}
    assert await bench.releases.run(Release(organization="contoso", held=True)) == []
    assert bench.orders.shipments == []
    bench.links.answer = LINKED
    assert await bench.releases.run(Release(organization="contoso", held=True)) == [Delivered("orders", 200, "ok")] * 3
    assert await bench.parked() == []


async def test_what_is_held_is_ordered_whenever_its_own_environment_is_linked(bench):
    bench.build(ONLY_ORDERS)
    await park(bench)
    bench.links.answer = MOVED
    await bench.releases.run(Release(organization="contoso"))
    assert not await bench.releases.order("contoso", MOVED)
    assert await bench.releases.order("contoso", LINKED)
    (message,) = await bench.continuations()
    bench.links.answer = LINKED
    assert await bench.releases.run(decode_continuation(message)) == [Delivered("orders", 200, "ok")] * 3


@pytest.mark.parametrize("remembered", [NOT_LINKED, MOVED], ids=["not linked", "another environment"])
async def test_a_process_with_an_older_answer_than_the_order_asks_before_it_judges(bench, remembered):
    bench.build(ONLY_ORDERS)
    await park(bench)
    bench.links.answer = LINKED
    assert await bench.releases.order("contoso", LINKED)
    (message,) = await bench.continuations()
    bench.links.remembered = remembered
    assert await bench.releases.run(decode_continuation(message)) == [Delivered("orders", 200, "ok")] * 3
    assert await bench.parked() == []


async def test_a_route_may_say_that_the_new_environment_gets_what_was_parked(bench):
    bench.build((msgspec.structs.replace(ORDERS, on_relink="deliver"),))
    await park(bench)
    bench.links.answer = MOVED
    assert await bench.releases.run(Release(organization="contoso")) == [Delivered("orders", 200, "ok")] * 3
    assert {shipment.event.extensions["fnoid"] for shipment in bench.orders.shipments} == {"two"}


async def test_what_was_parked_before_any_link_was_known_goes_to_the_first_one(bench):
    bench.build(ONLY_ORDERS)
    await park(bench, last=None)
    bench.links.answer = MOVED
    assert await bench.releases.run(Release(organization="contoso")) == [Delivered("orders", 200, "ok")] * 3


async def test_one_instance_at_a_time_releases(bench):
    bench.build(ONLY_ORDERS)
    await park(bench)
    bench.links.answer = LINKED
    async with bench.dead_letters.releasing("contoso") as lease:
        assert lease is not None
        assert await bench.releases.run(Release(organization="contoso")) == []
    assert len(await bench.parked()) == 3
    assert await bench.storage.queue(RETRIES).depth() == 1


async def test_a_release_that_meets_another_one_is_not_ordered_again_for_nothing(bench):
    bench.build(ONLY_ORDERS)
    async with bench.dead_letters.releasing("contoso") as lease:
        assert lease is not None
        assert await bench.releases.run(Release(organization="contoso", held=True)) == []
    assert await bench.storage.queue(RETRIES).depth() == 0


async def test_a_release_that_takes_too_long_is_continued_by_another_order(bench):
    bench.build(ONLY_ORDERS)
    await park(bench)
    bench.links.answer = LINKED
    delivered = bench.orders.deliver

    async def slowly(shipment):
        bench.clock.seconds += 45
        return await delivered(shipment)

    bench.orders.deliver = slowly
    assert len(await bench.releases.run(Release(organization="contoso"))) == 2
    (message,) = await bench.continuations()
    assert await bench.releases.run(decode_continuation(message)) == [Delivered("orders", 200, "ok")]
    assert await bench.parked() == []


async def test_a_parked_delivery_whose_target_fails_goes_to_the_retries(bench):
    bench.build(ONLY_ORDERS)
    await park(bench, 1)
    bench.links.answer = LINKED
    bench.orders.failures = [TargetUnavailable()]
    (outcome,) = await bench.releases.run(Release(organization="contoso"))
    assert isinstance(outcome, Deferred)
    assert await bench.parked() == []
    (work,) = await works(bench)
    assert await bench.pipeline.resume(work) == [Delivered("orders", 200, "ok")]


async def test_a_corrupt_parked_delivery_becomes_a_dead_letter_and_the_others_go_on(bench):
    bench.build(ONLY_ORDERS)
    await park(bench, 1)
    await bench.storage.blobs(PARKED).put("contoso/NotLinked/2026/01/01/000000000000-x-y.json", b"{broken")
    bench.links.answer = LINKED
    outcomes = await bench.releases.run(Release(organization="contoso"))
    assert outcomes == [Delivered("orders", 200, "ok")]
    assert await bench.parked() == []
    (record,) = await bench.dead()
    assert (record.reason, record.body) == ("CorruptRecord", b"{broken")


async def test_what_is_parked_too_long_becomes_a_dead_letter(bench):
    bench.build(ONLY_ORDERS)
    await park(bench)
    assert await bench.releases.expire("contoso") == []
    bench.clock.seconds = timedelta(days=14, seconds=2).total_seconds()
    assert await bench.releases.expire("contoso") == [Buried("orders", "ParkedTooLong")] * 2
    assert len(await bench.parked()) == 1
    assert {record.reason for record in await bench.dead()} == {"ParkedTooLong"}


async def test_many_that_are_parked_too_long_are_under_way_at_once_those_of_a_subject_in_turn(bench, monkeypatch):
    bench.at_once = 4
    bench.build(ONLY_ORDERS)
    bench.links.answer = NOT_LINKED
    for number in range(24):
        inbound = bench.inbound(business_event(EventId=f"{number:08}", ContextRecordSubject=f"account({number % 6})"))
        await bench.pipeline.receive(msgspec.structs.replace(inbound, received_at=AT + timedelta(seconds=number)))
    bury, under_way, most, came = bench.dead_letters.bury, Counter(), [], []

    async def slowly(record):
        under_way[record.event.subject] += 1
        most.append((max(under_way.values()), under_way.total()))
        for _ in range(len(came) % 5):
            await asyncio.sleep(0)
        path = await bury(record)
        came.append((record.event.subject, record.accepted_at))
        under_way[record.event.subject] -= 1
        return path

    monkeypatch.setattr(bench.dead_letters, "bury", slowly)
    bench.clock.seconds = (timedelta(days=14) + timedelta(seconds=17)).total_seconds()
    bench.storage.account.requests.clear()
    assert await bench.releases.expire("contoso") == [Buried("orders", "ParkedTooLong")] * 18
    assert max(most) == (1, bench.at_once)
    for subject in {subject for subject, _ in came}:
        times = [at for each, at in came if each == subject]
        assert times == sorted(times)
    assert {at for _, at in came} == {AT + timedelta(seconds=number) for number in range(18)}
    assert len(await bench.parked()) == 6
    assert bench.storage.account.requests["get_blob"] == 18 + 6  # those that stay were read by this test alone


async def test_a_release_of_an_organization_that_is_no_longer_configured_does_nothing(bench):
    assert await bench.releases.run(Release(organization="gone")) == []
