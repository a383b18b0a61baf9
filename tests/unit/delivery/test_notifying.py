"""Alerts of the watch go by the routes that take them, or by those that are named, and each route is settled alone."""

from datetime import UTC, datetime

import pytest

from integration.config.keys.model import Route
from integration.delivery import decode_continuation
from integration.delivery.notifying import Told
from integration.errors import StorageUnavailable, TargetRejected, TargetUnavailable
from integration.events.alerts import Alert, event_of
from integration.events.alerts.types import LOST, RESTORED, TARGET_OPENED
from integration.routing.table import RouteTable, escalation_route

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
    bench.escalation = ("orders",)
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
