"""Are more deliveries parked than should be?"""

from collections.abc import Mapping
from datetime import datetime

from integration.config.keys.health import Thresholds
from integration.health.check import Answer
from integration.health.probes.codes import PARKED_GROWING
from integration.health.probes.growing import growing
from integration.health.totals import Totals

HINT = "They go on by themselves when the link is back; those for another environment wait for an order."


class ParkedProbe:
    """Looks at the counts.

    Args:
        thresholds: How many are too many, and within which time, by the organizations' names.
    """

    def __init__(self, thresholds: Mapping[str, Thresholds]) -> None:
        self._thresholds = thresholds

    def ask(self, totals: Totals, now: datetime) -> Mapping[str, Answer]:
        """Answer for each organization, as `growing` says.

        Args:
            totals: What the fleet has counted, over the longest window at least.
            now: The time.
        """
        return growing(
            totals,
            "parked",
            thresholds=self._thresholds,
            now=now,
            code=PARKED_GROWING,
            words="deliveries were parked",
            hint=HINT,
        )
