"""Each outcome counts, for an operator, as the word that it always had."""

from datetime import UTC, datetime

import pytest

from integration.delivery.outcome import (
    Buried,
    Deferred,
    Delivered,
    Duplicate,
    Held,
    Ignored,
    PutOff,
    Stale,
    Waiting,
    named,
)

WORDS = {
    "delivered": [Delivered("orders")],
    "deferred": [Deferred("orders", datetime(2026, 1, 2, tzinfo=UTC), "TargetUnavailable", 1)],
    "parked": [Waiting("orders", "NotLinked"), Held("orders")],
    "deadLettered": [Buried("orders", "TargetRejected")],
    "ignored": [Ignored("echo"), Duplicate(), PutOff(), Stale()],
}


@pytest.mark.parametrize(("word", "outcome"), [(word, each) for word, outcomes in WORDS.items() for each in outcomes])
def test_an_outcome_counts_as(word, outcome):
    assert named(outcome) == word


def test_no_two_that_decide_what_is_done_next_are_equal():
    told = [Duplicate(), PutOff(), Stale(), Held(""), Waiting("", ""), Ignored("")]
    assert all((one == other) == (one is other) for one in told for other in told)
