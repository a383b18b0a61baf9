"""When a failed delivery is tried again: a pure decision."""

import random
from collections.abc import Sequence
from datetime import timedelta

import msgspec

# Azure keeps a queue message invisible for at most 7 days; a target that asks for more is asked again earlier.
LONGEST = timedelta(days=6)
# Deliveries that wait for a probe are spread over this many seconds behind it, or over its own wait if that is less.
_SPREAD_SECONDS = 10.0


FAULTS = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=5))
"""The longest delay after each attempt that failed in a way that nobody has foreseen.

Such a fault mostly comes again with the same message, so it is a dead letter soon; a lack of memory or a part of
another process may be over by then.
"""


class Retry(msgspec.Struct, frozen=True):
    """Try again after `delay`."""

    delay: timedelta


class GiveUp(msgspec.Struct, frozen=True):
    """The schedule is exhausted."""

    attempts: int


def decide(  # noqa: PLR0913  # what the decision depends on
    schedule: Sequence[timedelta],
    attempt: int,
    retry_after: float | None,
    rng: random.Random,
    *,
    age: timedelta = timedelta(0),
    give_up_after: timedelta | None = None,
) -> Retry | GiveUp:
    """Decide what follows a transient failure.

    Full jitter: the delay is drawn evenly between nothing and the schedule's step, so that deliveries that failed
    together do not come back together. Source: "Exponential Backoff And Jitter", AWS Architecture Blog.

    Args:
        schedule: The longest delay after each attempt.
        attempt: How many attempts were made, the failed one included.
        retry_after: Seconds that the other side asked to wait, at the least.
        rng: Where the jitter comes from.
        age: How long ago the delivery failed for the first time.
        give_up_after: The age at which it is given up; None: never.
    """
    if attempt > len(schedule) or (give_up_after is not None and age >= give_up_after):
        return GiveUp(attempt)
    return _later(schedule[attempt - 1], retry_after, rng)


def postpone(  # noqa: PLR0913  # what the decision depends on
    schedule: Sequence[timedelta],
    attempt: int,
    wait: float,
    rng: random.Random,
    *,
    age: timedelta,
    give_up_after: timedelta,
) -> Retry | GiveUp:
    """Decide when a delivery comes again that was not attempted, since its target is left alone.

    Args:
        schedule: The longest delay after each attempt.
        attempt: How many attempts were made; this is none.
        wait: Seconds until the target is probed.
        rng: Where the jitter comes from.
        age: How long ago the delivery failed for the first time.
        give_up_after: The age at which it is given up.
    """
    if age >= give_up_after:
        return GiveUp(attempt)
    step = schedule[min(attempt, len(schedule) - 1)] if schedule else timedelta(0)
    # Behind the probe, and spread: the first of them finds out whether the target is back, before the others come.
    return _later(step, wait + rng.uniform(0.1, 1.0) * min(max(wait, 1.0), _SPREAD_SECONDS), rng)


def _later(step: timedelta, floor: float | None, rng: random.Random) -> Retry:
    drawn = rng.uniform(0, step.total_seconds())
    # Bounded before it becomes a timedelta: a target may ask for more seconds than one can hold.
    return Retry(timedelta(seconds=min(LONGEST.total_seconds(), max(drawn, floor or 0.0))))
