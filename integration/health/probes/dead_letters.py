"""Do more deliveries become dead letters than should?"""

from collections.abc import Collection, Mapping
from datetime import datetime

from integration.config.keys.health import Thresholds
from integration.health.check import Answer
from integration.health.probes.codes import DEAD_LETTERS_GROWING
from integration.health.probes.growing import growing
from integration.health.totals import Totals

HINT = "Mend what the reasons name, then replay them."


class DeadLettersProbe:
    """Looks at the counts.

    Args:
        thresholds: How many are too many, and within which time, by the organizations' names.
    """

    def __init__(self, thresholds: Mapping[str, Thresholds]) -> None:
        self._thresholds = thresholds

    @property
    def organizations(self) -> Collection[str]:
        """Those that are asked about."""
        return self._thresholds

    def ask(self, totals: Totals, now: datetime) -> Mapping[str, Answer]:
        """Answer for each organization, as `growing` says.

        Args:
            totals: What the fleet has counted, over the longest window at least.
            now: The time.
        """
        return growing(
            totals,
            "dead_lettered",
            thresholds=self._thresholds,
            now=now,
            code=DEAD_LETTERS_GROWING,
            words="deliveries became dead letters",
            hint=HINT,
        )
