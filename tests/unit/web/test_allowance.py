"""Each caller has a number of refreshes a minute, and none is held up by another."""

import pytest

from integration.errors import TooManyRefreshes
from integration.web.allowance import MOST_CALLERS, Allowance
from integration.web.answers import refusal
from tests.fake_clock import FakeClock


def taken(allowance, caller, times):
    for number in range(times):
        try:
            allowance.take(caller)
        except TooManyRefreshes as error:
            return number, error
    return times, None


async def test_as_many_as_a_minute_has_at_once_and_then_one_by_one():
    clock = FakeClock()
    allowance = Allowance(6, clock)
    number, error = taken(allowance, "one", 10)
    assert number == 6
    assert error.retry_after == pytest.approx(10)
    assert taken(allowance, "other", 6) == (6, None)
    await clock.advance(9.9)
    assert taken(allowance, "one", 1)[0] == 0
    await clock.advance(0.2)
    assert taken(allowance, "one", 2)[0] == 1
    await clock.advance(3600)
    assert taken(allowance, "one", 10)[0] == 6


def test_it_is_429_with_the_time_to_wait():
    answer = refusal(TooManyRefreshes(), retry_after=9.1)
    assert (answer.status, answer.headers["Retry-After"]) == (429, "10")


def test_callers_without_end_cost_no_memory():
    allowance = Allowance(1, FakeClock())
    for number in range(MOST_CALLERS * 2):
        allowance.take(f"caller {number}")
    assert len(allowance._buckets) == MOST_CALLERS
