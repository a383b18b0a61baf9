"""Do more deliveries become dead letters than should?"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from integration.health.check import Answer
from integration.health.probes.codes import DEAD_LETTERS_GROWING
from integration.health.probes.growing import growing
from integration.health.totals import Totals

HINT = "Mend what the reasons name, then replay them."


class DeadLettersProbe:
    """Looks at the counts.

    Args:
        organizations: Their configured names.
        more_than: How many within the window are no trouble yet.
        window: How far back.
    """

    def __init__(self, organizations: Collection[str], more_than: int, window: timedelta) -> None:
        self._organizations = organizations
        self._more_than = more_than
        self._window = window

    def ask(self, totals: Totals, now: datetime) -> Mapping[str, Answer]:
        """Answer for each organization, as `growing` says.

        Args:
            totals: What the fleet has counted, over the window at least.
            now: The time.
        """
        return growing(
            totals,
            "dead_lettered",
            organizations=self._organizations,
            more_than=self._more_than,
            window=self._window,
            now=now,
            code=DEAD_LETTERS_GROWING,
            words="deliveries became dead letters",
            hint=HINT,
        )
