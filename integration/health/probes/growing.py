"""Is something kept that should not be, more and more of it? Told from counts: no blob is listed."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from integration.config.keys.health import Thresholds
from integration.events.alerts import Failed
from integration.events.alerts.alert import MOST_NAMED
from integration.health.check import OK, Answer
from integration.health.totals import Totals
from integration.tally import What


def growing(  # noqa: PLR0913  # what growth is judged by
    totals: Totals,
    what: What,
    *,
    thresholds: Mapping[str, Thresholds],
    now: datetime,
    code: str,
    words: str,
    hint: str,
) -> Mapping[str, Answer]:
    """Answer for each organization.

    Args:
        totals: What the fleet has counted, over the longest window at least.
        what: Which kind of number.
        thresholds: How many are too many, and within which time, by the organizations' names.
        now: The time.
        code: Of the answer where there are more.
        words: What became of them, for the message.
        hint: What to do.

    Returns:
        `bad` where there are more than `growing`. The facts: how many (`count`), by `reasons`, and when the first was
        (`since`); `failed` names the first ones, each with its error.
    """
    windows = {each.growing_window for each in thresholds.values()}
    recent = {window: totals.since(now - window) for window in windows}
    counts = {window: each.by(what, lambda key: key.organization) for window, each in recent.items()}
    answers: dict[str, Answer] = {}
    for name, threshold in thresholds.items():
        window = threshold.growing_window
        count = counts[window].get(name, 0)
        message = f"{count} {words} within {spoken(window)}"
        grows = count > threshold.growing
        answers[name] = _answer(recent[window], what, name, count, code, message, hint) if grows else OK
    return answers


def _answer(  # noqa: PLR0913, PLR0917  # the parts of an answer
    totals: Totals, what: What, organization: str, count: int, code: str, message: str, hint: str
) -> Answer:
    mine = totals.of(organization)
    reasons = mine.by(what, lambda key: key.reason)
    facts = {"count": str(count), "reasons": ", ".join(f"{reason} {n}" for reason, n in reasons.items())}
    firsts = mine.firsts(what, organization)[:MOST_NAMED]
    if firsts:
        facts["since"] = firsts[0][1].at.isoformat()
        message = f"{message}; first: {firsts[0][1].message}"
    failed = tuple(
        Failed(type=first.type, id=first.id, code=key.reason, message=first.message, route=first.route)
        for key, first in firsts
    )
    return Answer(health="bad", code=code, message=message, hint=hint, facts=facts, failed=failed)


def spoken(window: timedelta) -> str:
    """Say how long a window is, for a message."""
    minutes = round(window.total_seconds() / 60)
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"
