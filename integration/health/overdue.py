"""Whether the watch runs: a round that did not is no answer, and nobody else would say so."""

from datetime import datetime
from itertools import islice

from integration.config.reading.firings import firings

MISSED = 3
"""How many rounds in a row are missed by a watch that does not run; the latest one may be under way."""


def is_overdue(last: datetime | None, schedule: str, now: datetime) -> bool:
    """Say whether more rounds are missing than may be.

    Args:
        last: When the last one asked; None: there was none.
        schedule: When they are to run.
        now: The time.
    """
    if last is None:
        return True
    return sum(1 for _ in islice(firings(schedule, last, now), MISSED + 1)) > MISSED
