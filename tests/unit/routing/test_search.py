"""Each search structure of the index finds what comparing one by one would find."""

import re

from hypothesis import given
from hypothesis import strategies as st

from integration.routing.event_types import fits
from integration.routing.search import Parts, Prefixes, bounds_found, ranges_found

texts = st.text("abc", max_size=12)
stored_texts = st.sets(st.text("abc", min_size=1, max_size=6), max_size=20)
numbers = st.integers(-5, 5) | st.floats(-5, 5, allow_nan=False)


@given(stored_texts, texts)
def test_prefixes_find_every_stored_text_that_a_text_begins_with(stored, text):
    found = Prefixes[str].of({each: each for each in stored}).find(text)
    assert sorted(found) == sorted(each for each in stored if text.startswith(each))


@given(stored_texts, texts)
def test_parts_find_every_stored_text_that_occurs_in_a_text(stored, text):
    found = Parts[str].of({each: each for each in stored}).find(text)
    assert sorted(found) == sorted(each for each in stored if each in text)


@given(st.lists(numbers, max_size=10), numbers)
def test_bounds_find_every_bound_that_a_number_passes(bounds, number):
    stored = {kind: [(bound, (kind, bound)) for bound in bounds] for kind in ("above", "from", "below", "to")}
    found = sorted(child for find in bounds_found(stored) for child in find(number))
    passed = {
        "above": lambda bound: number > bound,
        "from": lambda bound: number >= bound,
        "below": lambda bound: number < bound,
        "to": lambda bound: number <= bound,
    }
    assert found == sorted((kind, bound) for kind, test in passed.items() for bound in bounds if test(bound))


@given(st.lists(st.tuples(numbers, numbers).map(sorted).map(tuple), max_size=12), numbers)
def test_ranges_find_every_range_that_holds_a_number(ranges, number):
    found = sorted(child for find in ranges_found([(each, each) for each in ranges]) for child in find(number))
    assert found == sorted((low, high) for low, high in ranges if low <= number <= high)


@given(st.text("ab*", max_size=6), st.text("ab", max_size=8))
def test_a_pattern_fits_as_a_regular_expression_would(pattern, text):
    expected = re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text) is not None
    if "*" in pattern:
        assert fits(text, tuple(pattern.split("*"))) is expected
