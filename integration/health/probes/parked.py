"""Are more deliveries parked than should be?"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from integration.health.check import Answer
from integration.health.probes.codes import PARKED_GROWING
from integration.health.probes.growing import growing
from integration.health.totals import Totals

HINT = "They go on by themselves when the link is back; those for another environment wait for an order."


class ParkedProbe:
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
            "parked",
            organizations=self._organizations,
            more_than=self._more_than,
            window=self._window,
            now=now,
            code=PARKED_GROWING,
            words="deliveries were parked",
            hint=HINT,
        )
