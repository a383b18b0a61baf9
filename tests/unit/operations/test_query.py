"""What a parameter says of itself is what it takes: its JSON Schema and its reader agree on any value."""

import re
from typing import get_args

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.errors import InvalidRequest
from integration.operations import control_numbers, event_orders, events, incident_pages, kept, status
from integration.operations.query import Choice, Flag, Moment, Number

QUERIES = (
    control_numbers.RESET_QUERY,
    event_orders.PURGE_QUERY,
    events.QUERY,
    incident_pages.QUERY,
    kept.QUERY,
    status.QUERY,
)
PARAMETERS = list({(type(each), each.name, str(each.schema)): each for query in QUERIES for each in query}.values())
VALUES = [
    *("contoso", "a" * 40, "a" * 41, "Contoso", "a/b", "1", "200", "201", "0", "-1", "007", "1.5", "true", "false"),
    *("TRUE", "done", "open", "integration", "nonsense", "Poison", "Poi son", "A" * 65, "x" * 2_048, "x" * 2_049),
    *("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.5+02:00", "2026-01-02", "yesterday"),
]  # fmt: skip


def takes(parameter, text):
    try:
        parameter.check({parameter.name: text})
    except InvalidRequest:
        return False
    return True


def described(parameter, text):
    """Say whether the schema takes it, as a text in a URL is read: a number where a number is meant."""
    value = int(text) if isinstance(parameter, Number) and re.fullmatch(r"\d+", text) else text
    if isinstance(parameter, Moment):
        return re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", text) is not None
    return jsonschema.Draft202012Validator(parameter.schema).is_valid(value)


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda each: each.name)
def test_the_schema_says_what_is_taken(parameter):
    assert {text: takes(parameter, text) for text in VALUES} == {text: described(parameter, text) for text in VALUES}
    # What is not given is never wrong: the Functions host leaves empty values out.
    assert takes(parameter, "")
    if parameter.example:
        assert takes(parameter, parameter.example)


@given(st.text(max_size=60))
def test_no_text_is_anything_but_taken_or_refused(text):
    for parameter in PARAMETERS:
        takes(parameter, text)


def test_the_words_of_a_choice_are_those_of_its_type():
    [state] = [each for each in events.QUERY if isinstance(each, Choice)]
    assert state.values == get_args(events.State.__value__)
    assert [each.default for each in event_orders.PURGE_QUERY if isinstance(each, Flag)] == ["true", "false"]
