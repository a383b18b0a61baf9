"""When a failed delivery is tried again: a pure decision."""

import random
from collections.abc import Sequence
from datetime import timedelta

import msgspec

# Azure keeps a queue message invisible for at most 7 days; a target that asks for more is asked again earlier.
LONGEST = timedelta(days=6)


class Retry(msgspec.Struct, frozen=True):
    """Try again after `delay`."""

    delay: timedelta


class GiveUp(msgspec.Struct, frozen=True):
    """The schedule is exhausted."""

    attempts: int


def decide(
    schedule: Sequence[timedelta], attempt: int, retry_after: float | None, rng: random.Random
) -> Retry | GiveUp:
    """Decide what follows a transient failure.

    Full jitter: the delay is drawn evenly between nothing and the schedule's step, so that deliveries that failed
    together do not come back together. Source: "Exponential Backoff And Jitter", AWS Architecture Blog.

    Args:
        schedule: The longest delay after each attempt.
        attempt: How many attempts were made, the failed one included.
        retry_after: Seconds that the other side asked to wait, at the least.
        rng: Where the jitter comes from.
    """
    if attempt > len(schedule):
        return GiveUp(attempt)
    step = schedule[attempt - 1].total_seconds()
    drawn = rng.uniform(0, step)
    floor = max(0.0, retry_after or 0.0)
    # Bounded before it becomes a timedelta: a target may ask for more seconds than one can hold.
    return Retry(timedelta(seconds=min(LONGEST.total_seconds(), max(drawn, floor))))
