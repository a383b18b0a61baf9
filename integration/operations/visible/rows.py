"""Rows of the watch, without those of others."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta

import msgspec

from integration.clock import Clock
from integration.delivery.breaking.circuit_rows import CircuitRows
from integration.delivery.breaking.circuit_rows import Standing as Circuit
from integration.errors import CallerRefused
from integration.health.incidents import Ended, Incidents, Recent
from integration.health.machine import Incident, State
from integration.health.maintenance import MaintenanceCall
from integration.health.standing import WORKER, Standing, Watched
from integration.health.standings import Kept, Standings
from integration.health.sums import DAY, Sums
from integration.health.totals import Seen, Span, Totals
from integration.operations.visible.sight import Sight
from integration.storage import Storage


class Subjects:
    """Who is watched, of those that are there.

    Args:
        sight: Which organizations are there.
        sources: The names of their sources.
    """

    def __init__(self, sight: Sight, sources: Collection[str]) -> None:
        self.sight = sight
        self.sources = frozenset(sources)

    def has(self, sort: str, name: str) -> bool:
        """Tell whether a subject is theirs; targets and the app itself are everybody's and nobody's."""
        return (sort == "organization" and name in self.sight.organizations) or (
            sort == "source" and name in self.sources
        )

    def bare(self, incident: Incident | None) -> Incident | None:
        """Leave out of an incident whom else it explains."""
        if incident is None:
            return None
        seen = self.sight.organizations | self.sources
        return msgspec.structs.replace(incident, children=tuple(each for each in incident.children if each in seen))


class VisibleStandings(Standings):
    """What the watch remembers of them.

    Args:
        storage: The worker's storage account.
        subjects: Who is there.
    """

    def __init__(self, storage: Storage, subjects: Subjects) -> None:
        super().__init__(storage)
        self._subjects = subjects

    async def all(self) -> Mapping[Watched, Kept]:
        """Read them; of the app itself only what waits of them."""
        found: dict[Watched, Kept] = {}
        for watched, kept in (await super().all()).items():
            if self._subjects.has(watched.sort, watched.name):
                found[watched] = msgspec.structs.replace(kept, standing=self._bare(kept.standing))
            elif watched == WORKER and kept.standing.waits is not None:
                found[watched] = Kept(self._waiting(kept.standing))
        return found

    async def load(self, watched: Watched) -> Kept:
        """Read one; one of others is as one that was never asked."""
        return await super().load(watched) if self._subjects.has(watched.sort, watched.name) else Kept(Standing())

    async def change(self, watched: Watched, apply: Callable[[Standing], Standing], known: Kept | None = None) -> Kept:
        """Change one that is there."""
        if not self._subjects.has(watched.sort, watched.name):
            raise CallerRefused
        return await super().change(watched, apply, known)

    def _bare(self, standing: Standing) -> Standing:
        states: dict[str, State] = {}
        for kind, state in standing.states.items():
            incident, last = self._subjects.bare(state.incident), self._subjects.bare(state.last)
            states[kind] = msgspec.structs.replace(state, incident=incident, last=last)
        return msgspec.structs.replace(standing, states=states)

    def _waiting(self, standing: Standing) -> Standing:
        waits, seen = standing.waits, self._subjects.sight.organizations
        if waits is None:
            return Standing()
        parked = {name: counts for name, counts in waits.parked.items() if name in seen}
        return Standing(waits=msgspec.structs.replace(waits, parked=parked, oldest=None))


class VisibleIncidents(Incidents):
    """Their incidents that have ended, and maintenance that was called for them or for all.

    Args:
        storage: The worker's storage account.
        clock: The time.
        subjects: Who is there.
    """

    def __init__(self, storage: Storage, clock: Clock, subjects: Subjects) -> None:
        super().__init__(storage, clock)
        self._subjects = subjects

    async def ended(self, *, subject: str = "", kind: str = "", since: datetime | None = None) -> list[Ended]:
        """Give those that are theirs."""
        return self._theirs(await super().ended(subject=subject, kind=kind, since=since))

    async def recent(self, since: datetime) -> Recent:
        """Give those that are theirs."""
        found = await super().recent(since)
        calls = tuple(filter(self._concerns, found.calls))
        return msgspec.structs.replace(found, ended=tuple(self._theirs(found.ended)), calls=calls)

    async def find(self, incident: str) -> Ended | None:
        """Give the one of this id, if it is theirs."""
        found = await super().find(incident)
        return next(iter(self._theirs([found] if found is not None else [])), None)

    async def calls(self) -> list[MaintenanceCall]:
        """Give those that were called for them, or for all."""
        return list(filter(self._concerns, await super().calls()))

    async def call(self, call: MaintenanceCall) -> None:
        """Keep one of theirs.

        Raises:
            CallerRefused: It is for others, or for all.
        """
        if call.organization not in self._subjects.sight.organizations:
            raise CallerRefused
        await super().call(call)

    def _theirs(self, ended: Collection[Ended]) -> list[Ended]:
        return [
            msgspec.structs.replace(each, incident=self._subjects.bare(each.incident) or each.incident)
            for each in ended
            if self._subjects.has(each.sort, each.name)
        ]

    def _concerns(self, call: MaintenanceCall) -> bool:
        return not call.organization or call.organization in self._subjects.sight.organizations


class NoCircuits(CircuitRows):
    """Nothing of targets: they are shared, and their names tell of others."""

    async def all(self) -> Mapping[str, Circuit]:
        """Give none."""
        return {}


class VisibleSums(Sums):
    """What was counted of them.

    Args:
        storage: The worker's storage account.
        clock: The time.
        subjects: Who is there.
    """

    def __init__(self, storage: Storage, clock: Clock, subjects: Subjects) -> None:
        super().__init__(storage, clock)
        self._subjects = subjects

    async def read_all(self, lasting: timedelta = DAY) -> tuple[Totals, Mapping[str, Seen]]:
        """Add up theirs."""
        totals, seen = await super().read_all(lasting)
        theirs = {name: each for name, each in seen.items() if name in self._subjects.sources}
        return msgspec.structs.replace(totals, spans=tuple(map(self._span, totals.spans))), theirs

    def _span(self, span: Span) -> Span:
        seen = self._subjects.sight.organizations
        return Span(
            span.at,
            {key: count for key, count in span.counts.items() if key.organization in seen},
            {key: few for key, few in span.firsts.items() if key.organization in seen},
            {name: at for name, at in span.seen.items() if name in self._subjects.sources},
        )
