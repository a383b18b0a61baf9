"""The id of a dead letter leads to its place and nowhere else, and filters take exactly what they say."""

import base64
import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.dead_letters import Filter, Place, Record, path_of
from integration.errors import InvalidRequest, UnknownDeadLetter

AT = datetime(2026, 1, 2, 3, 4, 5, 678, UTC)


def place(**changes) -> Place:
    fields = {"organization": "contoso", "reason": "Unrouted", "message": "m", "accepted_at": AT, "recorded_at": AT}
    found = Place.read(path_of(Record(**{**fields, "body": b"x", **changes})))
    assert found is not None
    return found


def test_an_id_names_its_dead_letter_and_is_safe_in_urls():
    one = place(route="orders")
    assert Place.of_id(one.id) == one
    assert one.accepted_at == AT
    assert set(one.id) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "é",
        "%%%",
        "A" * 5000,
        encoded("leases/contoso"),
        encoded("../fno-link-jobs/jobs/1.json"),
        encoded("contoso/../../x/2026/01/02/030405000678-" + "0" * 64 + "-" + "0" * 12 + ".json"),
        encoded("contoso/Unrouted/2026/01/02/030405000678-" + "0" * 64 + "-" + "0" * 12 + ".json\n"),
        encoded("contoso/Unrouted/2026/01/02/030405000678-" + "0" * 64 + "-" + "0" * 12 + ".json/../x"),
    ],
)
def test_nothing_else_can_be_addressed(text):
    with pytest.raises(UnknownDeadLetter):
        Place.of_id(text)


@given(st.text(max_size=300))
def test_any_text_is_an_id_or_is_refused(text):
    with contextlib.suppress(UnknownDeadLetter):
        assert Place.of_id(text).id == text


def test_an_id_with_padding_or_spare_bits_is_not_the_id():
    one = place()
    with pytest.raises(UnknownDeadLetter):
        Place.of_id(one.id + "=")


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        (Filter(), True),
        (Filter(organization="contoso", reason="Unrouted", route="orders"), True),
        (Filter(organization="fabrikam"), False),
        (Filter(reason="Poison"), False),
        (Filter(route="order"), False),
        (Filter(since=AT), True),
        (Filter(since=AT.replace(microsecond=679)), False),
        (Filter(until=AT), False),
        (Filter(until=AT.replace(microsecond=679)), True),
    ],
)
def test_a_filter_is_met_by_all_that_it_says(wanted, meant):
    assert wanted.covers(place(route="orders")) is meant


@pytest.mark.parametrize(
    "fields",
    [{"organization": "../x"}, {"reason": "a/b"}, {"since": datetime(2026, 1, 1)}],  # noqa: DTZ001
)
def test_a_filter_that_is_none_is_refused(fields):
    with pytest.raises(InvalidRequest):
        Filter(**fields)
