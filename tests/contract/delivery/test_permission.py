"""Receivers that take deliveries only after the handshake of CloudEvents' web hooks, asked by one fleet."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import msgspec
import pytest

from integration.config.keys.model import WebhookTarget
from integration.delivery.shipment import Shipment
from integration.delivery.targets.permission import permission_of
from integration.delivery.targets.post import Answer
from integration.delivery.targets.webhook import Webhook
from integration.errors import NotPermitted, NotPermittedYet, RateReached, Spared, TargetRejected, TargetUnavailable
from integration.events.event import Event
from integration.storage.memory import MemoryStorage

ORIGIN = "fno-link.contoso.com"
EVENT = Event(id="e1", source="/s", type="t", organization="contoso", data=msgspec.Raw(b'{"a":1}'))


class Clock:
    def __init__(self) -> None:
        self.at = datetime(2026, 1, 2, 3, 4, 15, tzinfo=UTC)

    def now(self):
        return self.at

    def monotonic(self):
        return self.at.timestamp()

    async def sleep(self, seconds):
        self.at += timedelta(seconds=seconds)


@pytest.fixture
async def instance(receivers):
    """Give instances of one fleet: they have a storage account in common."""
    clock, made = Clock(), []
    storage = MemoryStorage(clock)
    async with httpx.AsyncClient(trust_env=False) as http:

        def make(**changes):
            given = {"url": receivers.url("shy"), "timeout": timedelta(seconds=20), "origin": ORIGIN, **changes}
            made.append(Webhook(WebhookTarget(name="hook", validate=True, **given), http, clock, storage=storage))
            return made[-1]

        make.clock, make.storage = clock, storage
        yield make
        for each in made:
            await each.close()
    await storage.close()


async def deliver(instance, event=EVENT):
    return await instance.deliver(Shipment(event, "route"))


def got(receivers, method="POST"):
    return [dict(each.headers) for each in receivers.received("shy") if each.method == method]


async def test_who_is_to_be_asked_is_never_sent_to_unasked():
    target = WebhookTarget(name="hook", url="https://a.example/hook", validate=True, origin=ORIGIN)
    async with httpx.AsyncClient(trust_env=False) as http:
        with pytest.raises(ValueError, match="asked first"):
            Webhook(target, http)


async def test_a_receiver_is_asked_once_by_the_whole_fleet_and_each_delivery_says_who_sends(receivers, instance):
    receivers.protect("shy", ORIGIN)
    first, second = instance(headers={"Authorization": "Bearer token"}), instance()
    await asyncio.gather(*(deliver(first) for _ in range(5)))
    assert (await deliver(second)).status == 200
    [asked] = got(receivers, "OPTIONS")
    assert (asked["webhook-request-origin"], asked["authorization"]) == (ORIGIN, "Bearer token")
    assert "webhook-request-rate" not in asked
    assert [each["webhook-request-origin"] for each in got(receivers)] == [ORIGIN] * 6


async def test_another_url_or_rate_is_another_question(receivers, instance):
    receivers.protect("shy")
    target = instance(url=receivers.url("shy") + "/{data.a}", rate=60)
    await deliver(target)
    await deliver(target, msgspec.structs.replace(EVENT, data=msgspec.Raw(b'{"a":2}')))
    await deliver(instance(url=receivers.url("shy") + "/{data.a}", rate=90))
    assert [each["webhook-request-rate"] for each in got(receivers, "OPTIONS")] == ["60", "60", "90"]


@pytest.mark.parametrize(
    ("then", "error"), [("retry", NotPermittedYet), ("dead_letter", NotPermitted)], ids=["retry", "dead_letter"]
)
async def test_without_a_permission_nothing_is_sent(receivers, instance, then, error):
    target = instance(not_permitted=then)
    for status, headers in ((200, {}), (405, {}), (200, {"WebHook-Allowed-Origin": "another.example"}), (302, {})):
        receivers.fail("shy", status, headers=headers)
        with pytest.raises(error, match=f"{ORIGIN} may send") as caught:
            await deliver(target)
        assert (caught.value.transient, caught.value.status) == (then == "retry", status)
    assert got(receivers) == []
    receivers.heal("shy")
    receivers.protect("shy")
    await deliver(target)
    assert len(got(receivers)) == 1


async def test_one_that_cannot_be_asked_now_is_asked_later(receivers, instance):
    target = instance(not_permitted="dead_letter")
    receivers.fail("shy", 503, headers={"Retry-After": "7"})
    with pytest.raises(TargetUnavailable) as caught:
        await deliver(target)
    assert caught.value.retry_after == 7
    receivers.drop("shy")
    with pytest.raises(TargetUnavailable):
        await deliver(target)
    assert got(receivers) == []


async def test_a_permission_that_is_taken_back_is_asked_for_anew(receivers, instance):
    receivers.protect("shy")
    first, second = instance(), instance()
    await deliver(first)
    receivers.fail("shy", 410, times=1)
    with pytest.raises(TargetRejected):
        await deliver(first)
    await deliver(second)
    await deliver(first)
    assert len(got(receivers, "OPTIONS")) == 2


async def test_what_a_receiver_takes_a_minute_holds_for_all_instances_together(receivers, instance):
    receivers.protect("shy", rate=25)
    fleet = [instance(rate=100) for _ in range(3)]
    delivered, held = 0, []
    for _ in range(12):
        for each in fleet:
            try:
                await deliver(each)
                delivered += 1
            except RateReached as reached:
                held.append(reached)
    assert delivered == len(got(receivers)) == 25
    assert len(held) == 11
    assert {reached.retry_after for reached in held} == {45.0}
    assert isinstance(held[0], Spared)
    instance.clock.at += timedelta(seconds=45)
    receivers.protect("shy", rate=25)
    assert (await deliver(fleet[0])).status == 200


async def test_waiters_of_one_instance_get_all_that_is_left(receivers, instance):
    receivers.protect("shy", rate=20)
    target = instance()
    done = await asyncio.gather(*(deliver(target) for _ in range(30)), return_exceptions=True)
    assert sum(not isinstance(each, Exception) for each in done) == 20
    assert {type(each) for each in done if isinstance(each, Exception)} == {RateReached}


@pytest.mark.parametrize(
    ("origin", "rate", "asked", "permitted"),
    [
        ("*", "*", 100, 0),
        ("FNO-LINK.contoso.com", "7", 100, 7),
        (ORIGIN, "", 100, 100),
        (ORIGIN, "", 0, 0),
        (ORIGIN, "0", 100, 100),
        (ORIGIN, "-1", 0, 0),
        (ORIGIN, "9" * 30, 5, 5),
        (ORIGIN, "٣", 5, 5),
        ("evil.example", "*", 0, None),
        ("", "*", 0, None),
    ],
)
def test_an_answer_is_read_by_its_headers(origin, rate, asked, permitted):
    headers = {"webhook-allowed-origin": origin, "webhook-allowed-rate": rate}
    found = permission_of(Answer(405, headers=headers), ORIGIN, asked, datetime.now(UTC))
    assert (found.rate if found else None) == permitted
