"""What is refused at load, where, and with which hint."""

from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from integration.config.keys.model import Route
from integration.errors import ConfigurationError, Problem
from integration.events.event import Event
from integration.routing.operators import OPERATORS
from integration.routing.table import RouteTable
from tests.unit.routing import strategies


def problems(*filters: Any, **route: Any) -> list[str]:
    found = problems_of([Route(name="r", target="t", filters=filters, **route)])
    assert all(problem.file == "fno-link.toml" for problem in found)
    return [f"{problem.key}: {problem.message} ({problem.hint})" for problem in found]


def problems_of(routes: list[Route]) -> tuple[Problem, ...]:
    try:
        RouteTable.compile(routes, file="fno-link.toml")
    except ConfigurationError as error:
        return error.problems
    return ()


def compare(key: str, operator: str, *values: Any, **value: Any) -> dict[str, Any]:
    return {"key": key, "operator": operator, **({"values": list(values)} if values else {}), **value}


def test_all_problems_of_all_routes_are_reported_at_once():
    routes = [
        Route(name="a", target="t", filters=(compare("data.A", "StringIs", "x"),)),
        Route(name="b", target="t", enabled=False, filters=({"operator": "NumberIn"}, {"not": []}), event_types=("",)),
    ]
    with pytest.raises(ConfigurationError) as caught:
        RouteTable.compile(routes)
    assert [problem.key for problem in caught.value.problems] == [
        "routes[0].filters[0].operator",
        "routes[1].event_types[0]",
        "routes[1].filters[0].key",
        "routes[1].filters[0].values",
        "routes[1].filters[1].not",
    ]


def test_an_unknown_operator_is_answered_with_the_nearest_and_all_others():
    (problem,) = problems(compare("data.A", "stringIn", "x"))
    assert "did you mean StringIn?" in problem
    assert all(name in problem for name in OPERATORS)


@pytest.mark.parametrize(
    ("entry", "place", "words"),
    [
        ({"key": "data.A", "operator": "StringIn"}, "filters[0].values", 'values = ["usmf", "demf"]'),
        (compare("data.A", "StringIn", 5), "filters[0].values[0]", "is 5, not text"),
        (compare("data.A", "StringIn", "a", None), "filters[0].values[1]", "is null, not text"),
        (compare("data.A", "StringContains", ""), "filters[0].values[0]", "is empty text"),
        (compare("data.A", "StringIn", value="x"), "filters[0].value", "takes `values`"),
        ({"key": "data.A", "operator": "StringIn", "values": []}, "filters[0].values", "is []"),
        ({"key": "data.A", "operator": "StringIn", "values": "usmf"}, "filters[0].values", 'is "usmf"'),
        (compare("data.A", "NumberIn", "5"), "filters[0].values[0]", 'is "5", not a number'),
        (compare("data.A", "NumberIn", True), "filters[0].values[0]", "is true, not a number"),
        (compare("data.A", "NumberGreaterThan", value=float("nan")), "filters[0].value", "not a number"),
        (compare("data.A", "NumberGreaterThan", 5), "filters[0].values", "takes `value`"),
        (compare("data.A", "NumberInRange", [5, 1]), "filters[0].values[0]", "low end 5 is above its high end 1"),
        (compare("data.A", "NumberInRange", 5), "filters[0].values[0]", "not a pair"),
        (compare("data.A", "NumberInRange", [1, 2, 3]), "filters[0].values[0]", "not a pair"),
        (compare("data.A", "NumberInRange", [1, "2"]), "filters[0].values[0]", "not a pair"),
        (compare("data.A", "BoolEquals", value="true"), "filters[0].value", "not true or false"),
        (compare("data.A", "IsNotNull", value=1), "filters[0].value", "IsNotNull takes none"),
        ({"operator": "IsNotNull"}, "filters[0].key", "is missing"),
        (compare("", "IsNotNull"), "filters[0].key", "does not begin with"),
        (compare("data.", "IsNotNull"), "filters[0].key", "from character 5"),
        (compare("data..A", "IsNotNull"), "filters[0].key", "from character 5"),
        (compare('data["A', "IsNotNull"), "filters[0].key", "from character 5"),
        (compare("LegalEntity.Name", "IsNotNull"), "filters[0].key", "did you mean `data.LegalEntity.Name`?"),
        (compare(7, "IsNotNull"), "filters[0].key", "is 7, not text"),
        ({**compare("data.A", "IsNotNull"), "operatorType": "IsNotNull"}, "filters[0].operatorType", "given twice"),
        ({**compare("data.A", "IsNotNull"), "vlaues": []}, "filters[0].vlaues", "is not known"),
        ({"any": [], "all": []}, "filters[0]", "mixes `any`"),
        ({"any": [{"all": "x"}]}, "filters[0].any[0].all", 'is "x"'),
        ({"not": 5}, "filters[0].not", "is 5"),
        ("StringIn", "filters[0]", "not a table"),
    ],
)
def test_a_wrong_filter_is_refused_with_its_place(entry, place, words):
    found = problems(entry)
    assert any(problem.startswith(f"routes[0].{place}: ") and words in problem for problem in found), found


def test_groups_nested_without_end_are_refused():
    entry: dict[str, Any] = compare("data.A", "IsNotNull")
    for _ in range(5000):
        entry = {"not": entry}
    (problem,) = problems(entry)
    assert "deeper than 32" in problem


IMPOSSIBLE = [
    [compare("type", "StringIn", "a"), compare("eventType", "StringIn", "b")],
    [compare("data.A", "StringIn", "a", "b"), compare("data.A", "StringNotIn", "B", "A", "c")],
    [compare("data.A", "StringIn", "abc"), compare("data.A", "StringNotContains", "B")],
    [compare("data.A", "StringIn", "abc"), compare("data.A", "StringBeginsWith", "b")],
    [compare("data.A", "StringBeginsWith", "ab"), compare("data.A", "StringBeginsWith", "b", "c")],
    [compare("data.A", "StringBeginsWith", "ab"), compare("data.A", "StringNotBeginsWith", "A")],
    [compare("data.A", "StringEndsWith", "ab"), compare("data.A", "StringEndsWith", "a")],
    [compare("data.A", "StringEndsWith", "ab"), compare("data.A", "StringNotEndsWith", "b")],
    [compare("data.A", "StringContains", "ab"), compare("data.A", "StringNotContains", "a")],
    [compare("data.A", "NumberIn", 1, 2), compare("data.A", "NumberGreaterThan", value=2)],
    [compare("data.A", "NumberIn", 1, 2), compare("data.A", "NumberNotInRange", [0, 5])],
    [compare("data.A", "NumberInRange", [1, 2]), compare("data.A", "NumberNotInRange", [0, 5])],
    [compare("data.A", "NumberGreaterThan", value=5), compare("data.A", "NumberLessThanOrEquals", value=5)],
    [compare("data.A", "NumberInRange", [1, 2], [7, 9]), compare("data.A", "NumberInRange", [3, 4])],
    [compare("data.A", "BoolEquals", value=True), compare("data.A", "BoolEquals", value=False)],
    [compare("data.A", "BoolEquals", value=True), compare("data.A", "StringIn", "true")],
    [compare("data.A", "IsNullOrUndefined"), compare("data.A", "IsNotNull")],
    [compare("data.A", "StringNotContains", "x"), compare("data.A", "IsNullOrUndefined")],
]
POSSIBLE = [
    [compare("data.A", "StringIn", "a", "b"), compare("data.A", "StringNotIn", "b")],
    [compare("data.A", "StringIn", "a"), compare("data.B", "StringIn", "b")],
    [compare("data.A", "StringNotIn", "a"), compare("data.A", "IsNullOrUndefined")],
    [compare("data.A", "NumberGreaterThanOrEquals", value=5), compare("data.A", "NumberLessThanOrEquals", value=5)],
    [compare("data.A", "StringBeginsWith", "a"), compare("data.A", "StringEndsWith", "b")],
    [compare("data.A", "StringBeginsWith", "a"), compare("data.A", "StringBeginsWith", "abc")],
    [compare("controlnumber", "NumberGreaterThan", value=5), compare("controlnumber", "StringBeginsWith", "5")],
    [{"all": [compare("data.A", "BoolEquals", value=True), compare("data.A", "BoolEquals", value=False)]}],
]


@pytest.mark.parametrize("filters", IMPOSSIBLE, ids=str)
def test_filters_that_no_value_can_pass_are_refused(filters):
    for order in (filters, filters[::-1]):
        (problem,) = problems(*order)
        assert problem.startswith("routes[0].filters[1]: contradicts filters[0]")


@pytest.mark.parametrize("filters", POSSIBLE, ids=str)
def test_filters_that_some_event_can_pass_are_taken(filters):
    assert problems(*filters) == []
    assert problems(*filters[::-1]) == []


def test_contradictions_are_found_between_all_places_of_a_route():
    assert (
        "filter.includedEventTypes: contradicts event_types"
        in problems(event_types=("A", "B"), filter={"includedEventTypes": ["C"]})[0]
    )
    assert (
        "contradicts subject_begins_with"
        in problems(compare("subject", "StringBeginsWith", "x"), subject_begins_with="account")[0]
    )
    assert problems(event_types=("A*",), filter={"includedEventTypes": ["*C"]}) == []


def test_the_elements_of_an_array_may_pass_one_filter_each_where_event_grid_says_so():
    both = [compare("data.A", "BoolEquals", value=True), compare("data.A", "BoolEquals", value=False)]
    assert problems(filter={"advancedFilters": both})
    assert problems(filter={"advancedFilters": both, "enableAdvancedFilteringOnArrays": True}) == []


@pytest.mark.parametrize(
    ("pasted", "place", "words"),
    [
        ("{", "filter", "is not JSON"),
        ("[]", "filter", "not an object"),
        ('{"includedEventType": ["A"]}', "filter.includedEventType", "did you mean includedEventTypes?"),
        ({"includedEventTypes": []}, "filter.includedEventTypes", "is empty"),
        ({"includedEventTypes": [1]}, "filter.includedEventTypes[0]", "not an event type"),
        ({"includedEventTypes": "A"}, "filter.includedEventTypes", "not a list"),
        ({"advancedFilters": [{"operatorType": "StringIn", "key": "data.A"}]}, "filter.advancedFilters[0].values", ""),
    ],
)
def test_a_wrong_pasted_filter_is_refused_with_its_place(pasted, place, words):
    found = problems(filter=pasted)
    assert any(problem.startswith(f"routes[0].{place}: ") and words in problem for problem in found), found


def test_asking_about_the_link_without_requiring_it_is_refused():
    entry = {"not": compare("fnourl", "StringEndsWith", ".cn")}
    assert "requires_link: is false" in problems(entry, requires_link=False)[0]
    table = RouteTable.compile([Route(name="r", target="t", filters=(entry,))])
    assert table.routes[0].requires_link


def test_messages_hold_no_more_than_the_beginning_of_a_value():
    (problem,) = problems(compare("data.A", "NumberIn", "secret" * 1000))
    assert len(problem) < 200
    assert problems({"operator": "x" * 10_000, "key": "data." + "." * 10_000})


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | strategies.texts,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["operator", "operatorType", "key", "value", "values", "any", "all", "not"])
            | st.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
wild_key = st.sampled_from(["data.A", "data", "subject", "fnourl", "data.Lines.A", "data['a.b']", "data[", "x.y", ""])
wild_entry = json_like | st.fixed_dictionaries(
    {"operator": st.sampled_from(sorted(OPERATORS)), "key": wild_key | st.text(max_size=6)},
    optional={"value": json_like, "values": json_like},
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(wild_entry, max_size=3), json_like, st.lists(strategies.events(), max_size=2))
@example([{"operator": "NumberIn", "key": "data.A", "values": [10**400]}], {}, [])
@example([{"operator": "NumberLessThan", "key": "data.A", "value": 10**5000}], {}, [])
@example([{"key": "\ud800", "operator": "\ud800"}], {"\ud800": "\ud800"}, [])
def test_any_filters_either_compile_or_are_refused(filters: list[Any], pasted: Any, events: list[Event]):
    route = Route(name="r", target="t", filters=tuple(filters), filter=pasted)
    found = problems_of([route])
    assert all(problem.key.startswith("routes[0]") and problem.message for problem in found)
    if found:
        return
    table = RouteTable.compile([route])
    for event in events:
        table.match(event)
        assert len(table.explain(event)) == 1
