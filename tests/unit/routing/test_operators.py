"""Every operator by type, case, missing key and array, as a table."""

import msgspec
import pytest

from integration.config.keys.model import Route
from integration.events.event import Event
from integration.routing.operators import OPERATORS
from integration.routing.table import RouteTable
from tests.unit.routing import naive

VALUES = {
    "missing": naive.MISSING,
    "null": None,
    "same text": "Contoso",
    "other case": "cONTOSO",
    "longer text": "contoso ltd",
    "ends like it": "Old CONTOSO",
    "within": "my Contoso ltd",
    "other text": "fabrikam",
    "empty text": "",
    "number text": "10",
    "10": 10,
    "10.0": 10.0,
    "9.5": 9.5,
    "20": 20,
    "-1": -1,
    "big": 2**53 + 1,
    "true": True,
    "false": False,
    "object": {"a": 10},
    "empty array": [],
    "array with text": ["fabrikam", "CONTOSO"],
    "array without": ["fabrikam", "northwind"],
    "array with number": [99, 10],
    "array of other numbers": [99, 98],
    "mixed array": [None, True, "contoso", 10, {"a": 1}],
    "array of null": [None],
    "nested array": [["fabrikam"], [["contoso", 10]]],
}
TEXTS = {"same text", "other case", "array with text", "mixed array", "nested array"}
TENS = {"10", "10.0", "array with number", "mixed array", "nested array"}
ABSENT = {"missing", "null"}
PRESENT = set(VALUES) - ABSENT
# operator → (the filter's values, what matches)
TABLE: dict[str, tuple[dict[str, object], set[str]]] = {
    "StringIn": ({"values": ["contoso", "x"]}, TEXTS),
    "StringNotIn": ({"values": ["contoso", "x"]}, set(VALUES) - TEXTS),
    "StringBeginsWith": ({"values": ["CONTOSO", "x"]}, TEXTS | {"longer text"}),
    "StringNotBeginsWith": ({"values": ["CONTOSO", "x"]}, PRESENT - TEXTS - {"longer text"}),
    "StringEndsWith": ({"values": ["contoso", "x"]}, TEXTS | {"ends like it"}),
    "StringNotEndsWith": ({"values": ["contoso", "x"]}, PRESENT - TEXTS - {"ends like it"}),
    "StringContains": ({"values": ["ConToso", "x"]}, TEXTS | {"longer text", "ends like it", "within"}),
    "StringNotContains": (
        {"values": ["ConToso", "x"]},
        PRESENT - TEXTS - {"longer text", "ends like it", "within"},
    ),
    "NumberIn": ({"values": [10, 77]}, TENS),
    "NumberNotIn": ({"values": [10, 77]}, set(VALUES) - TENS),
    "NumberLessThan": ({"value": 10}, {"9.5", "-1"}),
    "NumberLessThanOrEquals": ({"value": 10}, {"9.5", "-1"} | (TENS)),
    "NumberGreaterThan": ({"value": 10}, {"20", "big", "array with number", "array of other numbers"}),
    "NumberGreaterThanOrEquals": ({"value": 10}, TENS | {"20", "big", "array of other numbers"}),
    "NumberInRange": ({"values": [[10, 20], [2**53 + 1, 2**54]]}, TENS | {"20", "big"}),
    "NumberNotInRange": ({"values": [[10, 20], [2**53 + 1, 2**54]]}, set(VALUES) - TENS - {"20", "big"}),
    "BoolEquals": ({"value": True}, {"true", "mixed array"}),
    "IsNullOrUndefined": ({}, ABSENT),
    "IsNotNull": ({}, PRESENT),
}


def event_with(value: object) -> Event:
    data = {} if value is naive.MISSING else {"Key": value}
    return Event(
        id="1", source="https://contoso", type="T", organization="contoso", data=msgspec.Raw(msgspec.json.encode(data))
    )


def test_the_table_has_every_operator_that_event_grid_documents():
    assert set(TABLE) == set(OPERATORS)
    assert len(OPERATORS) == 19


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("operator", TABLE)
def test_an_operator_does_what_event_grid_documents(operator, value):
    values, matching = TABLE[operator]
    entry = {"operator": operator, "key": "data.Key", **values}
    event = event_with(VALUES[value])
    expected = value in matching
    table = RouteTable.compile([Route(name="r", target="t", filters=(entry,))])
    assert bool(table.match(event).routes) is expected
    assert naive.entry_holds(entry, event) is expected
    assert table.explain(event)[0].matched is expected
    # The same through the index, which the neighbours below force.
    many = RouteTable.compile(Route(name=f"r{i}", target="t", filters=(entry,)) for i in range(5))
    assert len(many.match(event).routes) == (5 if expected else 0)


@pytest.mark.parametrize("operator", TABLE)
def test_a_pasted_filter_compares_arrays_only_when_it_says_so(operator):
    values, matching = TABLE[operator]
    pasted = {"advancedFilters": [{"operatorType": operator, "key": "data.Key", **values}]}
    closed = RouteTable.compile([Route(name="r", target="t", filter=pasted)])
    opened = RouteTable.compile(
        [Route(name="r", target="t", filter={**pasted, "enableAdvancedFilteringOnArrays": True})]
    )
    negative = "Not" in operator
    for name, value in VALUES.items():
        event = event_with(value)
        assert bool(opened.match(event).routes) is (name in matching)
        expected = negative if isinstance(value, list) else name in matching
        assert bool(closed.match(event).routes) is expected, name


@pytest.mark.parametrize("operator", TABLE)
def test_a_key_leads_through_arrays_of_objects(operator):
    values, matching = TABLE[operator]
    table = RouteTable.compile(
        [Route(name="r", target="t", filters=({"operator": operator, "key": "data.Lines.Key", **values},))]
    )

    def lines(*each: object) -> Event:
        data = {"Lines": [{} if value is naive.MISSING else {"Key": value} for value in each]}
        raw = msgspec.Raw(msgspec.json.encode(data))
        return Event(id="1", source="s", type="T", organization="contoso", data=raw)

    for name, value in VALUES.items():
        assert bool(table.match(lines(naive.MISSING, value)).routes) is (name in matching), name
    negative = "Not" in operator
    assert bool(table.match(lines("fabrikam", "contoso", 10, 15, True)).routes) is (
        operator == "IsNotNull" or (not negative and operator not in {"IsNullOrUndefined", "NumberLessThan"})
    )
