"""All that is asked of the app itself: its storage account, targets and sources, and what is kept of deliveries."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol

from integration.clock import Clock
from integration.config.keys.health import Thresholds
from integration.health.check import OK, Answer, Check, Kind, not_asked
from integration.health.probes.asking import ASK_WITHIN_SECONDS, answered
from integration.health.probes.callers import CallersProbe
from integration.health.probes.dead_letters import DeadLettersProbe
from integration.health.probes.foreign import WINDOW as FOREIGN_WINDOW
from integration.health.probes.foreign import ForeignProbe
from integration.health.probes.parked import ParkedProbe
from integration.health.probes.sources import FAILING_FOR, SourcesProbe
from integration.health.probes.storage import StorageProbe
from integration.health.probes.targets import TargetsProbe
from integration.health.totals import Seen, Totals

APP = "app"
"""The subject of what is about no organization, target or source."""


class Counted(Protocol):
    """What the fleet has counted."""

    async def read_all(self, lasting: timedelta) -> tuple[Totals, Mapping[str, Seen]]:
        """Read it, with when each source had its latest event; raises StorageUnavailable."""
        ...


class AppProbe:
    """Asks it all, at once.

    Args:
        storage: Asks of the storage account.
        targets: Asks of the targets.
        sources: Asks of the sources.
        thresholds: What is too much, by organization.
        counted: What the fleet has counted.
        callers: Looks at who was refused; None: nobody may show a token.
        clock: The time.
        within: Seconds that reading the counts may take.
    """

    def __init__(  # noqa: PLR0913  # one probe a check
        self,
        *,
        storage: StorageProbe,
        targets: TargetsProbe,
        sources: SourcesProbe,
        thresholds: Mapping[str, Thresholds],
        counted: Counted,
        clock: Clock,
        callers: CallersProbe | None = None,
        within: float = ASK_WITHIN_SECONDS,
    ) -> None:
        self._storage = storage
        self._targets = targets
        self._sources = sources
        self._dead_letters = DeadLettersProbe(thresholds)
        self._parked = ParkedProbe(thresholds)
        self._foreign = ForeignProbe(thresholds)
        self._counted = counted
        self._callers = callers
        self._clock = clock
        self._within = within
        windows = [each.growing_window for each in thresholds.values()]
        self._lasting = max(FAILING_FOR, FOREIGN_WINDOW, *windows, callers.window if callers else FAILING_FOR)

    async def ask(self) -> Mapping[Check, Answer]:
        """Ask: what only the storage account could answer is not asked while it does not.

        Returns:
            An answer for each check; the broker and the poison queues are asked all the same.
        """
        found: dict[Check, Answer] = {}
        storage, targets, counted = await asyncio.gather(self._storage.ask(), self._targets.ask(), self._ask_counted())
        found[Check("storage", APP)] = storage
        by_kind: dict[Kind, Mapping[str, Answer]] = {"target": targets, **counted}
        for kind, answers in by_kind.items():
            found |= {Check(kind, subject): answer for subject, answer in answers.items()}
        return found

    async def _ask_counted(self) -> Mapping[Kind, Mapping[str, Answer]]:
        found: list[tuple[Totals, Mapping[str, Seen]]] = []

        async def reading() -> Answer:
            found.append(await self._counted.read_all(self._lasting))
            return OK

        asked = await answered(reading(), within=self._within, whom="the table of counts", check="storage")
        now = self._clock.now()
        nothing: tuple[Totals, Mapping[str, Seen]] = (Totals(), {})
        totals, seen = found[0] if found else nothing
        sources = await self._sources.ask(seen, totals, now)
        if not found:
            behind = not_asked(f"storage ({asked.code})")
            # What is bad is so, whatever was counted; that nothing is wrong is not known.
            sources = {name: answer if answer.health != "ok" else behind for name, answer in sources.items()}
            kept = dict.fromkeys(self._dead_letters.organizations, behind)
            callers = {APP: behind} if self._callers else {}
            return {"source": sources, "dead_letters": kept, "parked": kept, "foreign": kept, "callers": callers}
        return {
            "source": sources,
            "dead_letters": self._dead_letters.ask(totals, now),
            "parked": self._parked.ask(totals, now),
            "foreign": self._foreign.ask(totals, now),
            "callers": {APP: self._callers.ask(totals, now)} if self._callers else {},
        }
