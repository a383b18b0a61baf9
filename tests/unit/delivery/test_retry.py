"""When a failed delivery is tried again: the documented schedule, spread out, and what the other side asked for."""

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.config.keys.model import Delivery
from integration.delivery.backoff import LONGEST, GiveUp, Retry, decide

SCHEDULE = Delivery().retry_after


def test_the_schedule_is_the_documented_one():
    assert [step.total_seconds() for step in SCHEDULE] == [5, 300, 1800, 7200, 18000, 36000, 36000]


@given(st.integers(1, 7), st.integers())
def test_a_delay_lies_within_its_step(attempt, seed):
    decision = decide(SCHEDULE, attempt, None, random.Random(seed))
    assert isinstance(decision, Retry)
    assert timedelta(0) <= decision.delay <= SCHEDULE[attempt - 1]


@given(st.integers(1, 7), st.floats(0, 500_000), st.integers())
def test_what_the_other_side_asked_for_is_honoured_up_to_what_a_queue_can_hold(attempt, asked, seed):
    decision = decide(SCHEDULE, attempt, asked, random.Random(seed))
    assert isinstance(decision, Retry)
    assert decision.delay >= min(timedelta(seconds=asked), LONGEST)
    assert decision.delay <= LONGEST


@given(st.integers(8, 100))
def test_after_the_last_step_it_is_given_up(attempt):
    assert decide(SCHEDULE, attempt, 1.0, random.Random(1)) == GiveUp(attempt)


def test_an_empty_schedule_gives_up_at_once():
    assert decide((), 1, None, random.Random(1)) == GiveUp(1)


def test_deliveries_that_failed_together_do_not_come_back_together():
    rng = random.Random(7)
    delays = {decide(SCHEDULE, 3, None, rng) for _ in range(50)}
    assert len(delays) == 50


@pytest.mark.parametrize("asked", [float("inf"), 1e300, 1e12])
def test_a_target_that_asks_for_more_time_than_there_is_gets_the_longest_wait(asked):
    assert decide((timedelta(seconds=1),), 1, asked, random.Random(1)) == Retry(LONGEST)
