"""Scanning JSON text and times before parsing agrees with the parsed value, in one pass, whatever is sent."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.events.scan import elements, is_deeper, mend_surrogates
from integration.events.times import instant, known
from tests.strategies.events import documents, dumps


def depth(value):
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0


@given(documents)
def test_depth_is_that_of_the_parsed_value(value):
    text = dumps(value)
    assert not is_deeper(text, depth(value))
    assert depth(value) == 0 or is_deeper(text, depth(value) - 1)


@given(st.lists(documents, max_size=5), st.sampled_from([None, 1, 3]))
def test_elements_are_those_of_the_parsed_array(values, indent):
    text = json.dumps(values, indent=indent).encode()
    assert [json.loads(element) for element in elements(text)] == json.loads(text)


@pytest.mark.parametrize("text", [b'["' + b"\\" * 99_999, b'["a' * 50_000, b"[" * 500_000, b"[" + b"{}," * 300_000])
def test_hostile_text_is_scanned_in_one_pass(text):
    assert elements(text)
    is_deeper(text, 64)
    mend_surrogates(text)


def test_an_element_without_end_takes_what_follows_along():
    assert elements(b"[1, " + b"[" * 20_000 + b"]" * 20_000 + b", 2]") == [
        b"1",
        b"[" * 20_000 + b"]" * 20_000 + b", 2]",
    ]


@given(st.text(st.characters(codec="utf-8")))
def test_whole_characters_are_not_mended(text):
    escaped = json.dumps(text).encode()
    assert mend_surrogates(escaped) == escaped


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("/Date(1767268800000)/", "2026-01-01T12:00:00+00:00"),
        ("/Date(1767268800000-0500)/", "2026-01-01T12:00:00+00:00"),
        ("2026-01-01T12:00:00.1234567Z", "2026-01-01T12:00:00.123456+00:00"),
        ("2026-01-01T12:00:00", "2026-01-01T12:00:00+00:00"),
        ("2026-01-01T12:00:00+02:00", "2026-01-01T10:00:00+00:00"),
        ("/Date(-2208988800000)/", None),
        ("1900-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("/Date(999999999999999999)/", None),
        ("soon", None),
        ("", None),
        (1767268800000, None),
        (None, None),
    ],
)
def test_times_are_read_as_microsoft_writes_them(value, expected):
    time = known(instant(value))
    assert (time.isoformat() if time else None) == expected
