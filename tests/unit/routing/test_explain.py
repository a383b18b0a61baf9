"""Explanations of routes: defaults give way, groups name what fails, and what waits for the link says so."""

from typing import Any

import msgspec

from integration.config.keys.model import Route
from integration.events.event import Event
from integration.routing import Explanation, RouteTable

LINKED = {"operator": "StringEndsWith", "key": "fnourl", "values": [".eu.dynamics.com"]}


def event(data: Any, **extensions: str) -> Event:
    raw = msgspec.Raw(msgspec.json.encode(data))
    return Event(id="1", source="https://x", type="T", organization="contoso", data=raw, extensions={**extensions})


def explained(one: Event, *routes: Route) -> list[tuple[bool | None, str]]:
    return [(each.matched, each.because) for each in RouteTable.compile(routes).explain(one)]


def test_a_default_route_gives_way_to_a_route_that_takes_the_event_whatever_the_link_says():
    taken, default = explained(
        event({}), Route(name="any", target="t"), Route(name="rest", target="t", default=True, filters=(LINKED,))
    )
    assert taken == (True, "the route has no conditions")
    assert default == (False, "a default route, and any took the event")


def test_a_default_route_waits_for_routes_that_the_link_decides():
    linked = Route(name="europe", target="t", filters=(LINKED,))
    rest = Route(name="rest", target="t", default=True)
    assert explained(event({}), linked, rest)[1] == (None, "a default route, and europe may take the event")
    elsewhere = event({}, fnourl="https://x.dynamics.com")
    assert explained(elsewhere, linked, rest) == [
        (False, 'filters[0]: fnourl is "https://x.dynamics.com", wanted StringEndsWith [".eu.dynamics.com"]'),
        (True, "no other route took the event; the route has no conditions"),
    ]


def test_groups_name_the_member_that_fails():
    high = {"operator": "NumberGreaterThan", "key": "data.Lines.Amount", "value": 10}
    usmf = {"operator": "StringIn", "key": "data.LegalEntity", "values": ["usmf"]}
    data = {"LegalEntity": "demf", "Lines": [{"Amount": 1}, {"Amount": 2}]}

    def because(entry: dict[str, Any]) -> str:
        return explained(event(data), Route(name="r", target="t", filters=(entry,)))[0][1]

    seen = "data.Lines.Amount is [1,2], wanted NumberGreaterThan 10"
    assert because({"any": [high, usmf]}) == f"filters[0]: none of 2 holds; the first: filters[0].any[0]: {seen}"
    assert because({"all": [{"not": usmf}, high]}) == f"filters[0]: filters[0].all[1]: {seen}"
    denied = {"not": {"operator": "StringIn", "key": "data.LegalEntity", "values": ["demf"]}}
    assert because(denied) == "filters[0]: what must not hold does: filters[0].not"


def test_an_explanation_is_a_value():
    assert Explanation("r", matched=True, because="x") == Explanation("r", matched=True, because="x")
