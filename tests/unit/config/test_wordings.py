"""Wordings end in time: what could take for ever is refused, and what is taken was tried on the worst texts."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration.config.keys.wordings import MOST_WAYS, TEXT, finds, ways, wording_fault


@pytest.mark.parametrize(
    "pattern",
    [
        "nicht.*integriert",
        "finance (and|und|et) operations?",
        r"pas .{0,40} intégr[ée]",
        r"no est[áa]\s+integrad[oa]",
        "^(?i:n.o integrado)",
        r"[](]x",
        r"a{2}b{3,}",
        "a|b|c|d|e",
        "(?P<who>contoso|fabrikam) ist nicht",
        "(?:ab){3}",
        r"\(\d+\)",
    ],
)
def test_wordings_that_people_write_are_taken(pattern):
    assert wording_fault(pattern) == ""


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(", "no regular expression"),
        ("*a", "no regular expression"),
        ("a{99999999999999}", "no regular expression"),
        ("[[a]", "no regular expression"),
        (r"(a)\1", "refers back"),
        ("(?P<a>a)(?P=a)", "refers back"),
        ("(a+)+$", "too many ways"),
        ("(a*)*", "too many ways"),
        ("(a|a)*$", "too many ways"),
        ("(a|ab)(c|bcd)*", "too many ways"),
        ("(.*)(.*)(.*)x", "too many ways"),
        ("a?" * 30 + "a" * 30, "too many ways"),
        ("(a|a)" * 30 + "b", "too many ways"),
        ("(a{1,9}){1,9}", "too many ways"),
        ("(?:a+){20}", "too many ways"),
        (r"[](]+[](]+[](]+", "too many ways"),
    ],
)
def test_what_could_take_for_ever_is_refused(pattern, why):
    assert why in wording_fault(pattern)


def test_a_wording_is_looked_for_in_any_case_and_only_in_the_beginning():
    assert finds(["nicht.*integriert"], "Diese Umgebung ist NICHT mit F&O Integriert.")
    assert not finds(["nicht.*integriert"], "nothing of the kind")
    assert not finds(["nicht"], " " * TEXT + "nicht")
    assert not finds([], "nicht")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(["a", "a*", "a+", ".*", "(a|aa)", "a?", "[ab]+", "(aa?)", "(?:a|b)", "a{1,5}", "|", "b"]),
        min_size=1,
        max_size=8,
    ).map("".join)
)
def test_whatever_is_taken_ends_on_the_worst_text(pattern):
    if wording_fault(pattern) == "":
        assert 0 < ways(pattern) <= MOST_WAYS
        for text in ("a" * TEXT, "a" * (TEXT - 1) + "!", "ab" * (TEXT // 2)):
            finds([pattern], text)


@given(st.text("ab()[]{}|*+?\\.^$123,", max_size=12))
def test_any_text_is_judged(pattern):
    try:
        re.compile(pattern)
    except (re.error, OverflowError, FutureWarning):
        assert wording_fault(pattern)
    else:
        assert isinstance(wording_fault(pattern), str)
