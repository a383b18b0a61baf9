"""What comes from outside is one line that cannot forge, repaint or turn anything round."""

import logging
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.errors import Problem, TargetRejected
from integration.loggers import logger
from integration.plain_text import plain, plain_lines

HOSTILE = "a\x1b[2Jb\nERROR forged\r\t\x00\x7f\x9b31m\u202egpj.exe\u2066\u2028\ud800"


def test_what_is_not_seen_is_written_by_its_number():
    assert plain(HOSTILE) == (r"a\x1b[2Jb\nERROR forged\r\t\x00\x7f\x9b31m\u202egpj.exe\u2066\u2028\ud800")
    assert plain("\U000e0041") == r"\U000e0041"
    assert plain("Żółć 東京 🚚 a\xa0b") == "Żółć 東京 🚚 a\xa0b"


def test_long_text_is_cut_with_a_mark():
    assert plain("x" * 10, longest=10) == "x" * 10
    assert plain("x" * 11, longest=10) == "x" * 9 + "…"
    assert len(plain("\x00" * 11, longest=10)) == 10


def test_lines_of_a_text_stay_lines():
    assert plain_lines("a\n\tb\x1b\r\n") == "a\n    b\\x1b\\r\n"


@given(st.text(st.characters()))
def test_clean_text_can_be_shown_and_stays_as_it_is(text):
    cleaned = plain(text)
    cleaned.encode()
    assert {unicodedata.category(each) for each in cleaned}.isdisjoint({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
    assert plain(cleaned) == cleaned


def test_errors_and_problems_quote_clean_text():
    assert "\n" not in str(TargetRejected(HOSTILE))
    assert "\x1b" not in str(Problem("key", HOSTILE, HOSTILE, "file"))


@pytest.mark.parametrize("arguments", [("%s of %s", HOSTILE, 3), ("%(who)s", {"who": HOSTILE}), (HOSTILE,)])
def test_a_record_is_one_line_whatever_is_logged(caplog, arguments):
    log = logger("test")
    with caplog.at_level(logging.INFO):
        log.info(*arguments)
    (message,) = caplog.messages
    assert "forged" in message
    assert message.isprintable()


def test_numbers_keep_their_formats_and_structures_are_cleaned(caplog):
    log = logger("test")
    log.warning("%d %.1f %s %s %s", 3, 0.25, None, {"a": "\x1b"}, ValueError("\n"))
    assert caplog.messages == [r"3 0.2 None {'a': '\x1b'} \n"]


def test_a_traceback_cannot_pass_for_another_record(caplog):
    log = logger("test")
    try:
        raise ValueError(HOSTILE)  # noqa: TRY301
    except ValueError:
        log.exception("failed")
    assert "ValueError" in caplog.text
    forged = [line for line in caplog.text.splitlines() if line.startswith(("ERROR forged", "forged"))]
    assert forged == []
    assert "\x1b" not in caplog.text


def test_a_logger_is_cleaned_once_however_often_it_is_asked_for():
    assert logger("test") is logger("test")
    assert len(logger("test").filters) == 1
