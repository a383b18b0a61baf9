"""Are more callers refused than should be? Told from counts, which all processes write to the storage account."""

from datetime import datetime, timedelta

from integration.health.check import OK, Answer, not_asked
from integration.health.probes.codes import CALLERS_REFUSED
from integration.health.probes.growing import spoken
from integration.health.totals import Totals

HINT = (
    "CallerRefused: give the client the app role, or enter it in [[clients]]. CallerUnknown: a token that has expired, "
    "is for another app or of another tenant; or somebody tries whether the door is open. Nobody of them was let in."
)
MOST_EXAMPLES = 5
"""How many of the first refusals are told, those that say the same once."""


class CallersProbe:
    """Looks at the counts.

    Args:
        most: How many may be refused; half as many are too few to go on with an alarm.
        window: Within which time.
    """

    def __init__(self, most: int, window: timedelta) -> None:
        self._most = most
        self.window = window

    def ask(self, totals: Totals, now: datetime) -> Answer:
        """Answer.

        Args:
            totals: What the fleet has counted, over the window at least.
            now: The time.

        Returns:
            `bad` where there are more than `most`, `ok` where there are at most half as many. Between the two nothing
            is said, so that a number about the limit raises one alarm and no second one. The facts: how many (`count`),
            by `reasons`, when the first was (`since`) and what was wrong with some (`examples`).
        """
        recent = totals.since(now - self.window)
        reasons = recent.by("refused", lambda key: key.reason or "other")
        count = sum(reasons.values())
        message = f"{count} callers were refused within {spoken(self.window)}"
        if count > self._most:
            return _refused(recent, message, reasons)
        if not totals.complete:
            return not_asked("there are more counts than are read at once")
        if count > self._most // 2:
            return Answer(health="not_asked", code="NotAsked", message=f"{message}, neither many nor few")
        return OK


def _refused(recent: Totals, message: str, reasons: dict[str, int]) -> Answer:
    by_reason = ", ".join(f"{reason} {count}" for reason, count in reasons.items())
    facts = {"count": str(sum(reasons.values())), "reasons": by_reason}
    firsts = [first for _, first in recent.firsts("refused", "")]
    if firsts:
        facts["since"] = firsts[0].at.isoformat()
        facts["examples"] = "; ".join(list(dict.fromkeys(first.message for first in firsts))[:MOST_EXAMPLES])
    return Answer(health="bad", code=CALLERS_REFUSED, message=f"{message}: {by_reason}", hint=HINT, facts=facts)
