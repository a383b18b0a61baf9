"""Routes that name an alert as it was called before: they go on receiving it, and `config check` says what to write."""

from datetime import UTC, datetime

import pytest

from integration.config.keys.model import Route
from integration.events.alerts import FORMER
from integration.events.event import Event
from integration.routing.doubts import doubts
from integration.routing.table import RouteTable

[(OLD, NEW)] = FORMER.items()


def alert(type_):
    return Event(id="1", source="s", type=type_, organization="contoso", shape="alert", time=datetime.now(UTC))


def table(**route):
    return RouteTable.compile((Route(name="r", target="t", **route),))


def on_type(operator, *values, key="type"):
    return {"filters": [{"operator": operator, "key": key, "values": list(values)}]}


TAKING = [
    {"event_types": (OLD,)},
    {"event_types": (OLD.upper(), "other")},
    {"event_types": ("fno-link.foreign*",)},
    {"filter": {"includedEventTypes": [OLD]}},
    on_type("StringIn", OLD),
    on_type("StringIn", OLD, key="eventType"),
    on_type("StringBeginsWith", "fno-link.foreign"),
    on_type("StringContains", "foreign_"),
    on_type("StringEndsWith", "foreign_organization"),
]


@pytest.mark.parametrize("route", TAKING)
def test_a_route_by_the_old_name_takes_the_alert_and_nothing_else_of_ours(route):
    routes = table(**route)
    assert [each.name for each in routes.match(alert(NEW)).routes] == ["r"]
    assert routes.takes_type(NEW)
    assert not routes.match(alert("fno-link.integration.lost")).routes
    [doubt] = doubts(routes.routes, {}, file="f")
    assert doubt.hint == f"write {NEW!r}"


def test_what_is_left_out_by_its_old_name_stays_left_out():
    routes = table(**on_type("StringNotIn", OLD))
    assert not routes.match(alert(NEW)).routes
    assert routes.match(alert("fno-link.integration.lost")).routes
    [doubt] = doubts(routes.routes, {}, file="f")
    assert doubt.key == "routes[0].filters[0]"


@pytest.mark.parametrize(
    "route",
    [
        {"event_types": ("fno-link.*",)},
        {"event_types": (NEW,)},
        {},
        {"filters": [{"operator": "StringIn", "key": "data.type", "values": [OLD]}]},
        {"filters": [{"operator": "IsNotNull", "key": "type"}]},
    ],
)
def test_what_takes_it_by_its_own_name_or_is_about_something_else_is_not_doubted(route):
    assert doubts(table(**route).routes, {}, file="f") == ()
