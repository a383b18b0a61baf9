"""What a run is for is stored as the text that it always was; one that nobody knows stays as it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.journal.errand import (
    ENTIRE,
    Continuation,
    Ordered,
    Resent,
    Takeover,
    Unknown,
    errand_of,
    told,
)
from integration.journal.scope import NO_ROUTE, ByRoute

MINE = ByRoute("mine")
TEXTS = {
    "": ENTIRE,
    "4:mine": Continuation(4, MINE),
    "4:": Continuation(4, NO_ROUTE),
    "4:a:b": Continuation(4, ByRoute("a:b")),
    "release:mine": Ordered("release", MINE),
    "reopen:mine": Ordered("reopen", MINE),
    "replay:": Ordered("replay", NO_ROUTE),
    "resent": Resent(),
    "takeover": Takeover(),
}
UNKNOWN = ["mine", "04:mine", "-4:mine", "٤:mine", "resent:", "takeover:mine", "purge:mine", ":", "9" * 5000 + ":mine"]


@pytest.mark.parametrize("text", TEXTS)
def test_an_errand_is_stored_and_read_back(text):
    assert errand_of(text) == TEXTS[text]
    assert told(TEXTS[text]) == text


@pytest.mark.parametrize("text", UNKNOWN)
def test_what_nobody_knows_is_some_part_of_the_event(text):
    assert errand_of(text) == Unknown(text)


@given(st.text())
def test_any_text_is_written_again_as_it_was(text):
    assert told(errand_of(text)) == text
