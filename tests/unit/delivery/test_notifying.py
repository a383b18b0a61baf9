"""Alerts of the watch go by the routes that take them, or by those that are named, and each route is settled alone."""

import asyncio
from datetime import UTC, datetime

import pytest

from integration.config.keys.model import Route
from integration.delivery import decode_continuation
from integration.delivery.notifying import Told
from integration.errors import StorageUnavailable, TargetRejected, TargetUnavailable
from integration.events.alerts import Alert, event_of
from integration.events.alerts.types import LOST, RESTORED, TARGET_OPENED
from integration.journal import Subject
from integration.routing.table import RouteTable, escalation_route
from tests.fixtures.journaled import journaled

AT = datetime(2026, 11, 28, 12, tzinfo=UTC)
LOSSES = Route(name="losses", target="orders", event_types=(LOST,))
ALL = Route(name="all", target="others", event_types=("fno-link.*",))


def alert(kind: str = LOST, *, check: str = "integration", subject: str = "contoso", transition: str = "triggered"):
    data = Alert(
        organization="contoso",
        organization_url="https://contoso.crm.dynamics.com",
        subject=subject,
        check=check,
        incident="abc",
        transition=transition,
        n=1,
        since=AT,
    )
    return event_of(kind, data, AT)


@pytest.fixture
def told_to(bench):
    bench.escalation = ("orders", "others")
    bench.build((LOSSES, ALL))

    def ids():
        return [[shipment.event.id for shipment in target.shipments] for target in (bench.orders, bench.others)]

    return ids


async def test_an_alert_goes_by_every_route_that_takes_it(bench, told_to):
    assert await bench.pipeline.notify(alert(), AT) == Told(("losses", "all"))
    assert told_to() == [["abc:triggered:1"], ["abc:triggered:1"]]


async def test_an_end_goes_by_the_routes_that_are_named_though_they_do_not_take_it(bench, told_to):
    end = alert(RESTORED, transition="resolved")
    assert await bench.pipeline.notify(end, AT, routes=("losses",)) == Told(("losses",))
    assert told_to() == [["abc:resolved:1"], []]
    assert await bench.pipeline.notify(end, AT, routes=()) == Told()


async def test_what_has_it_already_does_not_get_it_again(bench, told_to):
    assert await bench.pipeline.notify(alert(), AT, settled=("losses",)) == Told(("losses", "all"))
    assert told_to() == [[], ["abc:triggered:1"]]


async def test_a_route_that_is_gone_is_passed_over_and_said(bench, told_to, caplog):
    assert await bench.pipeline.notify(alert(), AT, routes=("gone", "all")) == Told(("all",))
    assert "gone" in caplog.text


async def test_an_escalation_goes_to_its_targets_by_a_route_that_takes_nothing_else(bench, told_to):
    step = escalation_route("orders")
    assert await bench.pipeline.notify(alert(), AT, routes=(), targets=("orders", "orders")) == Told((step,))
    assert told_to() == [["abc:triggered:1"], []]
    assert [route.name for route in bench.pipeline._notifying._table.match(alert()).routes] == ["losses", "all"]
    # Its end finds the way back by the same name.
    end = alert(RESTORED, transition="resolved")
    assert await bench.pipeline.notify(end, AT, routes=(step,)) == Told((step,))


async def test_a_step_to_a_target_that_a_route_leads_to_tells_it_nothing_twice(bench, told_to):
    step = escalation_route("others")
    assert await bench.pipeline.notify(alert(), AT, targets=("others",)) == Told(("losses", "all"))
    end = alert(RESTORED, transition="resolved")
    assert await bench.pipeline.notify(end, AT, routes=("losses", "all", step)) == Told(("losses", "all"))
    assert told_to() == [["abc:triggered:1", "abc:resolved:1"]] * 2


async def test_an_alert_about_a_target_is_never_sent_there(bench, told_to):
    about = alert(TARGET_OPENED, check="target", subject="others")
    assert await bench.pipeline.notify(about, AT) == Told()
    assert await bench.pipeline.notify(about, AT, routes=("all", "losses")) == Told(("losses",))


@pytest.mark.parametrize("failure", [TargetUnavailable("down"), TargetRejected("no", status=400)])
async def test_a_target_that_does_not_take_it_has_it_later_or_as_a_dead_letter(bench, told_to, failure):
    bench.orders.failures = [failure]
    assert await bench.pipeline.notify(alert(), AT) == Told(("losses", "all"))
    assert told_to() == [[], ["abc:triggered:1"]]
    kept = len(await bench.continuations()) + len(await bench.dead())
    assert kept == 1


async def test_what_is_sent_again_after_a_crash_is_delivered_once(bench, told_to):
    journaled(bench)
    bench.build((LOSSES,))
    bench.orders.failures = [TargetUnavailable("down")]
    step = escalation_route("others")
    for _ in range(3):  # who sent it died each time before he could note it
        told = await bench.pipeline.notify(alert(), AT, targets=("others",))
        assert told == Told(("losses", step))
        bench.clock.seconds += 60  # at the next round
    assert told_to() == [[], ["abc:triggered:1"]]
    [continuation] = await bench.continuations()
    for _ in range(2):  # a queue may bring a message twice
        await bench.pipeline.resume(decode_continuation(continuation))
    assert told_to() == [["abc:triggered:1"], ["abc:triggered:1"]]
    row = await bench.journal.find(Subject.of(alert()))
    assert {entry.route: entry.state for entry in row.deliveries} == dict.fromkeys(told.taken, "delivered")


async def test_of_two_that_send_it_at_once_each_route_hears_one(bench, told_to):
    journaled(bench)
    bench.build((LOSSES, ALL))
    both = await asyncio.gather(*(bench.pipeline.notify(alert(), AT) for _ in range(2)))
    assert both == [Told(("losses", "all"))] * 2
    for message in await bench.continuations():
        await bench.pipeline.resume(decode_continuation(message))
    assert told_to() == [["abc:triggered:1"], ["abc:triggered:1"]]


async def test_an_end_that_goes_by_other_routes_than_the_trigger_is_another_event(bench, told_to):
    journaled(bench)
    bench.build((LOSSES, ALL))
    await bench.pipeline.notify(alert(), AT, routes=("losses",))
    await bench.pipeline.notify(alert(RESTORED, transition="resolved"), AT, routes=("losses",))
    assert told_to() == [["abc:triggered:1", "abc:resolved:1"], []]


async def test_only_what_could_not_be_stored_is_left(bench, told_to, monkeypatch):
    bench.orders.failures = [TargetUnavailable("down")]

    async def gone(*args, **kwargs):
        raise StorageUnavailable

    monkeypatch.setattr(bench.retries, "later", gone)
    told = await bench.pipeline.notify(alert(), AT)
    assert told == Told(("all",), ("losses",))
    assert await bench.pipeline.notify(alert(), AT, settled=told.taken) == Told(("all", "losses"))
    assert told_to() == [["abc:triggered:1"], ["abc:triggered:1"]]


async def test_a_deferred_escalation_is_delivered_from_the_queue(bench, told_to):
    bench.orders.failures = [TargetUnavailable("down")]
    await bench.pipeline.notify(alert(), AT, routes=(), targets=("orders",))
    [continuation] = await bench.continuations()
    await bench.pipeline.resume(decode_continuation(continuation))
    assert told_to() == [["abc:triggered:1"], []]


def test_no_configured_route_can_have_the_name_of_an_escalation():
    table = RouteTable.compile((LOSSES,), escalation=("losses",))
    assert set(table.by_name) == {"losses", "escalation:losses"}
    assert [route.name for route in table.routes] == ["losses"]
