"""Each kind of parameter has one parser."""

from datetime import UTC, datetime

import pytest

from integration.errors import InvalidRequest
from integration.operations.parameters import moment, number, organization_name, words
from integration.operations.query import ROWS
from integration.web.query import known


@pytest.mark.parametrize(("text", "value"), [("", 50), ("1", 1), ("200", 200), ("007", 7), ("0" * 400 + "9", 9)])
def test_a_number_is_read(text, value):
    assert number("limit", text, default=50, most=200) == value


@pytest.mark.parametrize(
    "text", ["0", "000", "-1", "+1", " 1", "1.0", "1e2", "201", "000000001999999", "9" * 5000, "١", "²", "0x1", "1_0"]
)
def test_what_is_no_number_in_the_range_is_refused(text):
    with pytest.raises(InvalidRequest, match="limit is a number from 1 to 200"):
        number("limit", text, default=50, most=200)


@pytest.mark.parametrize("text", ["2026-01-02T03:04:05Z", "2026-01-02T05:04:05+02:00", "2026-01-01T21:04:05-06:00"])
def test_a_time_is_in_utc(text):
    at = moment("since", text)
    assert at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert at.tzinfo is UTC


def test_no_time_is_none():
    assert moment("since", "") is None


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "1600-12-31T23:59:59Z",
        "1601-01-01T00:00:00+00:01",
        "2026-01-02T03:04:05",
        "2026-01-02",
        "yesterday",
        "\x00",
    ],
)
def test_what_is_no_time_in_the_range_is_refused(text):
    with pytest.raises(InvalidRequest, match="since"):
        moment("since", text)


@pytest.mark.parametrize("text", ["Contoso", "a" * 41, "a/b", "a\x00", "ü", "a\n"])
def test_what_no_organization_can_be_called_is_refused(text):
    with pytest.raises(InvalidRequest):
        organization_name(text)


@pytest.mark.parametrize("text", ["a\nb", "\x00", "\ud800", "\u202e", "a" * 2049])
def test_what_no_stored_text_can_be_is_refused(text):
    with pytest.raises(InvalidRequest, match="type"):
        words("type", text)


def test_the_key_may_be_named_in_any_case_and_nothing_else_may():
    assert known({"Code": "k", "CLIENTID": "c", "limit": "1"}, [ROWS])["limit"] == "1"
    with pytest.raises(InvalidRequest, match="unknown parameter 'Limit'; known: limit"):
        known({"Limit": "1"}, [ROWS])
