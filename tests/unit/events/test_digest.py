"""The same content has the same digest however it is spelled; other content never has."""

import copy
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.events.decode import decode
from integration.events.digest import digest_of
from tests.unit.events.test_decode import inbound

ORDER = {
    "BusinessEventId": "SalesOrderConfirmed",
    "EventId": "A",
    "EventTime": "/Date(1720000000123)/",
    "OrderTotal": 1000,
    "Lines": [{"Price": 12.5, "Text": "größe"}, None, True],
}
SCALARS = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    SCALARS | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


def digest(value, type_="T", subject=None) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return digest_of(type_, subject, data, is_json=True)


def mirrored(value):
    """Return the same value with members in the opposite order."""
    if isinstance(value, dict):
        return {name: mirrored(value[name]) for name in reversed(value)}
    return [mirrored(each) for each in value] if isinstance(value, list) else value


@given(JSON)
def test_spelling_does_not_count(value):
    for spelled in (
        json.dumps(value, indent=3),
        json.dumps(value, ensure_ascii=False),
        json.dumps(mirrored(value), separators=(",", ":")),
    ):
        assert digest(spelled.encode("utf-8", "surrogatepass")) == digest(json.dumps(value).encode())


@given(JSON, JSON)
def test_other_values_have_another_digest(one, other):
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    if not same and one != other:
        assert digest(one) != digest(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2024-07-03T09:46:40.1230000Z", "2024-07-03T09:46:40.123Z"),
        ("2024-07-03T09:46:40Z", "2024-07-03T09:46:40.0000000+00:00"),
        ("2024-07-03T11:46:40+02:00", "2024-07-03T09:46:40+00:00"),
        ("/Date(1720000000123)/", "2024-07-03T09:46:40.123Z"),
        ("/Date(1720000000123+0200)/", "2024-07-03T09:46:40.123+00:00"),
        ("2024-07-03T09:46:40.10", "2024-07-03T09:46:40.1"),
        ("4EF5A7C0-11D2-4C5B-9D77-3B1F0C2A9E10", "{4ef5a7c0-11d2-4c5b-9d77-3b1f0c2a9e10}"),
        (1000, 1000.0),
        (1e3, 1000),
        (-0.0, 0),
    ],
)
def test_what_event_grids_trigger_writes_anew_is_the_same(one, other):
    assert digest({"a": [one]}) == digest({"a": [other]})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2024-07-03T09:46:40Z", "2024-07-03T09:46:40"),
        ("2024-07-03T09:46:40Z", "2024-07-03T09:46:41Z"),
        ("2024-07-03T09:46:40.0000001Z", "2024-07-03T09:46:40Z"),
        ("2024-13-03T09:46:40Z", "2024-13-03T09:46:40.0Z"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+13:00"),
        ("2024-07-03", "2024-07-03T00:00:00Z"),
        (1, "1"),
        (1, True),
        (0, False),
        (None, ""),
        (9007199254740993, 9007199254740992),
        (1000, 1000.0001),
        ({"a": None}, {}),
        ([1, 2], [2, 1]),
        ("A", "a"),
        ("4EF5A7C011D24C5B9D773B1F0C2A9E10", "4ef5a7c011d24c5b9d773b1f0c2a9e10"),
    ],
)
def test_what_says_something_else_is_something_else(one, other):
    assert digest({"a": one}) != digest({"a": other})


@given(st.datetimes(datetime(1970, 1, 2), datetime(9000, 1, 1)), st.integers(-840, 840))  # noqa: DTZ001  # zoned below
def test_an_instant_is_itself_in_every_zone(at, minutes):
    zoned = at.replace(tzinfo=UTC)
    there = zoned.astimezone(timezone(timedelta(minutes=minutes)))
    assert digest(there.isoformat()) == digest(zoned.isoformat())


def test_type_and_subject_count():
    assert len({digest(ORDER), digest(ORDER, "U"), digest(ORDER, subject="s")}) == 3
    assert digest(ORDER, 'T","s') != digest(ORDER, "T", "s")


@pytest.mark.parametrize(
    "twice",
    [b'{"Amount":999,"Amount":1}', b'{"a":{"b":1,"b":1}}', b'[{"Amount":999,"Amount":1}]', b'{"a":1,"\\u0061":1}'],
)
def test_an_object_that_names_a_member_twice_is_told_by_its_bytes(twice):
    """Receivers disagree which of the two counts, so none of them may pass for the plain one."""
    last_wins = json.dumps(json.loads(twice)).encode()
    assert digest(twice) != digest(last_wins)
    assert digest(twice) == digest(bytes(twice))
    assert digest(twice) != digest(twice + b" ")


@pytest.mark.parametrize("odd", [b"[" * 100_000, b"[" * 900 + b"]" * 900, b"9" * 5000, b"\xff", b"{", b"1e999", b""])
def test_whatever_the_bytes_are_there_is_a_digest(odd):
    assert len(digest(odd)) == 64
    assert digest(odd) != digest(odd + b"1")


def test_data_that_is_no_json_is_told_by_its_bytes():
    assert digest_of("T", None, b"[1]", is_json=False) != digest_of("T", None, b"[1]", is_json=True)
    assert digest_of("T", None, b"[1]", is_json=False) != digest_of("T", None, b"[1] ", is_json=False)


def test_an_event_is_the_same_however_it_is_wrapped_and_traced():
    contract = json.dumps(ORDER).encode()
    grid = {"id": "g", "eventType": "t", "subject": "", "eventTime": "2026-01-01T00:00:00Z", "data": ORDER}
    respelled = copy.deepcopy(grid)
    respelled["data"] = {**ORDER, "EventTime": "2024-07-03T09:46:40.123Z", "OrderTotal": 1000.0}
    cloud = {"specversion": "1.0", "id": "c", "source": "s", "type": "t", "data": ORDER}
    parameters = [{"key": name, "value": value} for name, value in ORDER.items()]
    context = {"MessageName": "m", "PrimaryEntityName": "none", "InputParameters": parameters, "Depth": 1}
    bodies = [contract, json.dumps(contract.decode()).encode(), [ORDER], [grid], [respelled], cloud, context]
    found = [decode(inbound(body)).events[0] for body in bodies]
    found.append(decode(inbound(contract, headers={"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"})).events[0])
    assert {event.shape for event in found} == {"business_event"}
    assert len({event.key for event in found}) == 1
    assert len({event.digest for event in found}) == 1
    assert found[0].stamp({"fnourl": "u"}).digest == found[0].digest
