"""Records that earlier code has written are read, and say the same when they are written again.

The files were written by the code of November 2026, one for each thing that a record can be about. They are never
written anew: an update must go on with what waits in an installation's queues, tables and containers.
"""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from integration.dead_letters import Record
from integration.delivery import decode_continuation
from integration.delivery.queued.work import encode_continuation
from integration.journal import entity

BEFORE = Path(__file__).parent / "written_before"
TABLE = "fnolinkjournal2026w48"  # of before an organization had one partition
COUNTS = ("differing", "duplicates", "replayed", "resent")
TIMES = ("accepted_at", "lease_until", "updated_at")


def of(folder: str) -> Callable[[Any], Any]:
    files = sorted((BEFORE / folder).glob("*.json"))
    assert files
    return pytest.mark.parametrize("file", files, ids=lambda file: file.stem)


@of("retries")
def test_a_retry_message_is_read_and_says_the_same(file):
    written = file.read_bytes()
    assert json.loads(encode_continuation(decode_continuation(written))) == json.loads(written)


@of("rows")
def test_a_journal_row_is_read_and_says_the_same(file):
    stored = json.loads(file.read_bytes())
    stored |= {name: datetime.fromisoformat(stored[name]) for name in TIMES if name in stored}
    again = entity.encode(entity.decode(stored), TABLE)
    assert json.loads(again.pop("deliveries")) == json.loads(stored.pop("deliveries"))
    # A count of 0 is not written any more: a row without one says the same.
    assert again == {name: value for name, value in stored.items() if name not in COUNTS or value}


@of("dead_letters")
def test_a_dead_letter_is_read_and_says_the_same(file):
    written = file.read_bytes()
    assert json.loads(Record.decode(written).encode()) == json.loads(written)
