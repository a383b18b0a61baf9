"""Whatever a Retry-After says is read or left aside, and nonsense is told once, in words of our own."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.delivery.backoff import LONGEST
from integration.retry_after import asked_wait, parse_retry_after

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("Mon, 01 Jan 2026 00:00:07 +99999999999", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -2359", None),
        ("Sat, 03 Jan 2026 00:00:00 GMT", 600.0),
        ("Mon, 31 Dec 2035 23:59:59 GMT", 600.0),
        ("Wed, 02 Jan 2036 00:00:01 GMT", None),
        ("Wed, 31 Dec 2025 23:59:59 GMT", 1.0),
        ("Fri, 01 Jan 2016 00:00:01 GMT", 1.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("Mon, 01 Jan 0001 00:00:00 GMT", None),
        ("Thu, 01 Jan 2026 00:00:07 GMT", 7.0),
        ("Thursday, 01-Jan-26 00:00:07 GMT", 7.0),
        ("Thu Jan  1 00:00:07 2026", 7.0),
        ("Thu, 01 Jan 2_026 00:00:07 GMT", None),
        ("Thu, +1 Jan 2026 00:00:07 GMT", None),
        ("Thu, 01 Jan -974 00:00:07 GMT", None),
        ("Thu, 01 Jan 2026 00:00:07\x00GMT", None),
        ("Thu, 01 Jan 2026\n00:00:07 GMT", None),
        ("2026-01-01T00:00:07Z", None),
        ("-5", None),
        ("+5", None),
        ("1.5", None),
        ("1e3", None),
        ("inf", None),
        ("nan", None),
        ("0", 1.0),
        ("000000000000000000000012", 12.0),
        ("86400", 600.0),
        ("315619200", 600.0),
        ("315619201", None),
        ("9999999999", None),
        ("9" * 400, None),
        ("9" * 100_000, None),
        ("-" + "9" * 400, None),
        ("0" * 400 + "7", 7.0),
        ("\x1c7", None),
        ("7\x00", None),
        ("7\x0b", None),
        ("1_0", None),
        ("0x10", None),
        ("7 s", None),
        ("\u0665", None),
        ("\u00b2", None),
        ("Mon, 01 J\u00e4n 2026 00:00:00 GMT", None),
        ("7, 9", None),
        (" 7 ", 7.0),
        ("\t7", 7.0),
        ("\u00a07", None),
        ("", None),
        (None, None),
    ],
)
def test_whatever_is_asked_for_is_read_or_left_aside(header, seconds):
    assert parse_retry_after(header, NOW) == seconds


def test_a_delivery_may_be_asked_to_wait_longer_than_a_link_call():
    assert parse_retry_after("86400", NOW, floor=0.0, cap=LONGEST.total_seconds()) == 86400.0
    assert parse_retry_after("0", NOW, floor=0.0) == 0.0


@pytest.mark.parametrize(
    "header", ["7", "0", "Thu, 01 Jan 2026 00:00:07 GMT", "Thu, 01 Jan 2026 00:00:00 GMT", "", None]
)
def test_what_can_be_meant_is_not_spoken_of(header, caplog):
    assert asked_wait(header, NOW, by="orders") == parse_retry_after(header, NOW)
    assert caplog.records == []


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("9" * 400, "a number of 400 digits"),
        ("-1", "2 characters that are neither whole seconds nor a date"),
        ("\x1b[2J top secret", "15 characters that are neither whole seconds nor a date"),
        ("Fri, 31 Dec 9999 23:59:59 GMT", "a date more than ten years away"),
        ("Mon, 01 Jan 9999 24:00:00 GMT", "29 characters that are neither whole seconds nor a date"),
    ],
)
def test_what_nobody_can_mean_is_told_once_and_in_words_of_our_own(header, told, caplog):
    assert asked_wait(header, NOW, by="orders") is None
    (record,) = caplog.records
    said = "the Retry-After of orders is left aside, our own schedule holds: nobody can mean "
    assert (record.levelname, record.getMessage()) == ("WARNING", said + told)


DATES = st.builds(
    "{}{} {} {} {}{} {}".format,
    st.sampled_from(["Mon, ", "", "Monday, ", ", "]),
    st.integers(-5, 40) | st.just("01"),
    st.sampled_from(["Jan", "jan", "Xxx", "", "\u0661"]),
    st.integers() | st.sampled_from(["", "26", "0000"]),
    st.sampled_from(["00:00:00", "24:00:00", "1.2.3", "12:99", "", "99999999999:1", "::"]),
    st.sampled_from([" ", "", "\t"]),
    st.sampled_from(["GMT", "+0000", "-0000", "+99999999999999", "-2400", "EST", "", "\u2212"]),
)


@given(DATES | st.text(alphabet="0123456789:+-,. GMTJan", max_size=40) | st.text())
def test_no_text_is_an_error(header):
    seconds = parse_retry_after(header, NOW)
    assert seconds is None or 1 <= seconds <= 600
