"""How long something is to be silent: one way of saying it, never over before it begins, never for ever."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from integration.errors import InvalidRequest
from integration.operations.spans import check_signature, check_span, end_of

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_for_and_until_say_the_same():
    assert end_of("2h", None, NOW) == NOW + timedelta(hours=2)
    there = datetime(2026, 1, 2, 6, 4, 5, tzinfo=timezone(timedelta(hours=1)))
    assert end_of("", there, NOW) == NOW + timedelta(hours=2)


@pytest.mark.parametrize(
    ("for_", "until"),
    [
        ("", None),
        ("2h", NOW),
        ("two hours", None),
        ("0s", None),
        ("-2h", None),
        ("31d", None),
        ("9" * 30 + "d", None),
        ("٣h", None),
        ("", NOW.replace(tzinfo=None)),
        ("", datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_read(for_, until):
    with pytest.raises(InvalidRequest):
        check_span(for_, until)


@pytest.mark.parametrize("until", [NOW, NOW - timedelta(days=1), NOW + timedelta(days=30, seconds=1)])
def test_what_is_over_or_endless_is_refused(until):
    check_span("", until)
    with pytest.raises(InvalidRequest):
        end_of("", until, NOW)


@pytest.mark.parametrize(
    ("by", "note"), [("", ""), (" ", ""), ("a" * 101, ""), ("a\nb", ""), ("a", "\x1b[2J"), ("a", "x" * 501)]
)
def test_who_says_so_can_be_shown(by, note):
    with pytest.raises(InvalidRequest):
        check_signature(by, note)
    check_signature("Ada Lovelace", "an upgrade\nin two steps")
