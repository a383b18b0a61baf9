"""The seal of forms: made and checked by anybody with the key, for a while, and by nobody else."""

import pytest

from integration.web.message import Request
from integration.web.status.seal import LASTS, judged, key_of, seal
from tests.status_sample import NOW

KEY = "a key of the operator's page"


def test_a_seal_is_good_for_its_key_until_it_is_old():
    text = seal(KEY, NOW)
    assert judged(text, KEY, NOW) == judged(text, KEY, NOW + LASTS * 0.99) == "good"
    assert judged(text, KEY, NOW + LASTS) == "old"
    assert judged(text, "another key", NOW) == judged(text, KEY[:-1], NOW) == "wrong"


def test_who_has_the_key_only_in_part_or_changes_the_time_has_none():
    until, _, mac = seal(KEY, NOW).partition(".")
    later = str(int(until) + 1)
    for text in (f"{later}.{mac}", f"{until}.{mac[:-1]}", f"0{until}.{mac}", f"{until}.{mac}.", f"{until}{mac}", mac):
        assert judged(text, KEY, NOW) == "wrong", text


@pytest.mark.parametrize(
    "text", ["", ".", "1.", ".a", "-1.a", "1e9.a", "٣.a", "9" * 400, f"{'9' * 400}.a", "\ud800.\ud800"]
)
def test_no_text_is_a_seal_by_chance_and_none_makes_it_fail(text):
    assert judged(text, KEY, NOW) == "wrong"


def test_without_a_key_nothing_is_sealed():
    # Anybody could make the same.
    assert judged(seal("", NOW), "", NOW) == "wrong"


def test_the_key_does_not_stand_in_its_seal():
    assert KEY not in seal(KEY, NOW)
    assert seal(KEY, NOW) != seal(KEY[::-1], NOW)


def test_the_key_is_found_as_the_host_finds_it():
    assert key_of(Request(query={"code": "a"})) == key_of(Request(query={"Code": "a"})) == "a"
    assert key_of(Request(query={"code": "a"}, headers={"x-functions-key": "b"})) == "b"
    assert key_of(Request(query={"code": "a"}, headers={"x-functions-key": ""})) == ""
    assert key_of(Request()) == ""
