"""Property: the indexed table says what the slow evaluation of every route says."""

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.config.keys.model import Route
from integration.errors import ConfigurationError
from integration.events.event import Event
from integration.routing.table import RouteTable
from tests.unit.routing import naive, strategies


def compiled(routes: list[Route]) -> tuple[RouteTable, list[Route]]:
    """Compile, without the routes that contradict themselves."""
    try:
        return RouteTable.compile(routes), routes
    except ConfigurationError as error:
        bad = {int(problem.key[len("routes[") :].partition("]")[0]) for problem in error.problems}
        sound = [route for i, route in enumerate(routes) if i not in bad]
        return RouteTable.compile(sound), sound


@settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
@given(strategies.routes(), st.lists(strategies.events(), min_size=1, max_size=6))
def test_an_indexed_table_equals_evaluating_every_route(routes, events):
    table, sound = compiled(routes)
    for event in events:
        matches = table.match(event)
        expected = naive.match(sound, event)
        assert ([r.name for r in matches.routes], [r.name for r in matches.undecided]) == expected
        verdicts = {each.route: each.matched for each in table.explain(event)}
        taken, undecided = expected
        assert [name for name, verdict in verdicts.items() if verdict] == taken
        assert [name for name, verdict in verdicts.items() if verdict is None] == undecided


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
@given(strategies.routes(), strategies.events(), strategies.texts, strategies.texts)
def test_deciding_with_the_link_equals_matching_the_stamped_event(routes, event, url, identifier):
    table, _ = compiled(routes)
    plain = msgspec.structs.replace(event, extensions={}, shape="business_event")  # an alert is never undecided
    stamped = msgspec.structs.replace(plain, extensions={"fnourl": url, "fnoid": identifier})
    before = table.match(plain)
    decided = [*before.routes, *(route for route in before.undecided if table.decide(route, stamped))]
    assert sorted(route.ordinal for route in decided) == [route.ordinal for route in table.match(stamped).routes]


def test_a_pattern_that_proves_nothing_is_not_taken_for_one_of_the_same_route_that_does():
    """Found by the property above: by `*o*d*` any type with an o in it went the way that `Order*` had proven."""
    routes = [
        Route(name="exact", target="t", event_types=("Order",)),
        Route(name="patterns", target="t", event_types=("Order*", "*o*d*")),
    ]
    table = RouteTable.compile(routes)

    def taken(type_: str) -> list[str]:
        event = Event(id="1", source="s", type=type_, organization="contoso", data=msgspec.Raw(b"{}"))
        return [route.name for route in table.match(event).routes]

    assert taken("Order") == ["exact", "patterns"]
    assert taken("OrderPlaced") == ["patterns"]
    assert taken("fno-link.target.opened") == ["patterns"]
    assert taken("fno-link.integration.lost") == []
