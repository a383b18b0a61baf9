"""How fno-link stands: read from rows alone, which every process writes, in five requests for a thousand organizations.

On Azure every function that is not HTTP runs in a process of its own: nothing that the process which answers has in
memory says anything of deliveries. What cannot be read is told as such, and the rest is shown.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Mapping
from datetime import datetime, timedelta

import msgspec

from integration.clock import Clock
from integration.config.keys.model import Configuration
from integration.delivery.breaking.circuit_rows import CircuitRows
from integration.delivery.breaking.circuit_rows import Standing as Circuit
from integration.errors import FnoLinkError, StorageUnavailable, UnknownOrganization
from integration.health.incidents import Incidents, Recent
from integration.health.levels import Level, level_of, level_of_organization, link_state, worst
from integration.health.overdue import is_overdue
from integration.health.standing import WORKER, Standing, Watched
from integration.health.standings import Standings
from integration.health.sums import Sums
from integration.health.totals import Seen, Totals
from integration.loggers import logger
from integration.operations import status_traffic as traffic
from integration.operations.query import LIMIT, ROWS, bookmark
from integration.operations.status_incidents import ended_incidents, open_incidents
from integration.operations.status_organizations import (
    Bookmark,
    integration_of,
    listed,
    organization_status,
    standing_of,
)
from integration.operations.status_shapes import OrganizationState, PublicStatus, Status

log = logger("operations")

AFTER = bookmark("status")
QUERY = (ROWS, AFTER)
"""What says which organizations are shown."""
ANSWERS_WITHIN_SECONDS = 8.0
"""How long one part is waited for; a page that shows the rest is worth more than one that comes too late."""
LOOKED_BACK = timedelta(days=14)
"""How far back incidents that are over are shown, to the beginning of that month."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Which organizations are asked for.

    Args:
        limit: How many at most.
        after: The last of the page before.
    """

    limit: int = LIMIT
    after: Bookmark | None = None


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """Where it is read.

    Args:
        standings: What the watch remembers: a row a subject.
        circuits: What the fleet knows of targets.
        sums: What all processes have counted.
        incidents: Those that are over, and the maintenance that was called.
    """

    standings: Standings
    circuits: CircuitRows
    sums: Sums
    incidents: Incidents


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What was read.

    Args:
        standings: By whom they are about.
        circuits: By target.
        totals: What was counted.
        seen: By source.
        recent: Of incidents.
        notes: What could not be read, and why.
    """

    standings: Mapping[Watched, Standing] = {}
    circuits: Mapping[str, Circuit] = {}
    totals: Totals = Totals()
    seen: Mapping[str, Seen] = {}
    recent: Recent = Recent()
    notes: tuple[str, ...] = ()


class StatusOperations:
    """What can be asked of how everything stands.

    Args:
        configuration: Who is watched.
        rows: Where it is read.
        clock: The time.
    """

    def __init__(self, configuration: Configuration, rows: Rows, clock: Clock) -> None:
        self._configuration = configuration
        self._rows = rows
        self._clock = clock

    async def read(self, asked: Asked) -> Status:
        """Tell how everything stands.

        Raises:
            StorageUnavailable: Nothing at all could be read.
        """
        return self._status(await self._found(), asked)

    async def states(self) -> PublicStatus:
        """Tell the names and the states of all organizations, and nothing else.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        standings = {watched: kept.standing for watched, kept in (await _timely(self._rows.standings.all())).items()}
        names = tuple(self._configuration.organizations)
        page = listed(names, standings, None, len(names))
        return PublicStatus(
            at=self._clock.now(),
            level=page.worst,
            organizations=tuple(
                OrganizationState(
                    name=name, level=level, state=link_state(integration_of(standing_of(name, standings)))
                )
                for name, level in page.page
            ),
        )

    async def state(self, name: str) -> OrganizationState:
        """Tell the state of one organization: one request.

        Raises:
            UnknownOrganization: It is not configured.
            StorageUnavailable: The account did not answer.
        """
        if name not in self._configuration.organizations:
            msg = f"no organization named {name[:64]!r} is configured"
            raise UnknownOrganization(msg)
        standing = (await _timely(self._rows.standings.load(Watched("organization", name)))).standing
        level = level_of_organization(standing.states)
        return OrganizationState(name=name, level=level, state=link_state(integration_of(standing)))

    async def _found(self) -> Found:
        notes: list[str] = []
        away: list[FnoLinkError] = []

        async def part[T](what: str, reading: Awaitable[T], nothing: T) -> T:
            try:
                return await _timely(reading)
            except FnoLinkError as error:
                away.append(error)
                notes.append(f"{what}: {error.code}: {error}")
                return nothing
            except Exception:
                away.append(StorageUnavailable("what is stored cannot be read"))
                log.exception("%s cannot be read for the status page", what)
                notes.append(f"{what}: the log says why")
                return nothing

        rows = self._rows
        since = self._clock.now() - LOOKED_BACK
        standings, circuits, (totals, seen), recent = await asyncio.gather(
            part("how organizations, targets and sources stand", rows.standings.all(), {}),
            part("the circuits", rows.circuits.all(), {}),
            part("what was counted", rows.sums.read_all(), (Totals(), {})),
            part("incidents that are over, and maintenance", rows.incidents.recent(since), Recent()),
        )
        if len(away) == _PARTS:
            raise away[0]
        if not totals.complete:
            notes.append("of what was counted in 24 hours the oldest is missing: there is more than is read at once")
        if not recent.is_whole:
            notes.append("there are more incidents that are over than are read at once")
        return Found(
            standings={watched: kept.standing for watched, kept in standings.items()},
            circuits=circuits,
            totals=totals,
            seen=seen,
            recent=recent,
            notes=tuple(notes),
        )

    def _status(self, found: Found, asked: Asked) -> Status:
        now, configured = self._clock.now(), self._configuration
        organizations, standings = configured.organizations, found.standings
        page = listed(tuple(organizations), standings, asked.after, asked.limit)
        sources = traffic.sources(configured.sources, standings, found.seen, found.totals)
        targets = traffic.targets(configured.targets, standings, found.circuits, found.totals, now)
        opened, open_in_all = open_incidents(standings, now)
        links = [integration_of(standing_of(name, standings)) for name in organizations]
        last = max(filter(None, (each.asked_at for each in standings.values())), default=None)
        app = standings.get(WORKER, Standing())
        notes, waits = list(found.notes), app.waits
        parked: Mapping[str, Mapping[str, int]] = waits.parked if waits is not None else {}
        if waits is not None and not waits.is_whole:
            notes.append("more deliveries are parked than are counted at once")
        by_reason: dict[str, int] = defaultdict(int)
        for counts in parked.values():
            for reason, count in counts.items():
                by_reason[reason] += count
        oldest = [each.oldest_waiting for each in targets] + ([waits.oldest] if waits is not None else [])
        if is_overdue(last, configured.health.schedule, now):
            notes.append("no round of the watch has ended lately: look whether the function health_timer runs")
        levels: list[Level] = [level_of(kind, state) for kind, state in app.states.items()]
        levels.extend(each.level for each in sources)
        levels.extend(each.level for each in targets)
        return Status(
            at=now,
            level=worst([page.worst, *levels, "warn" if notes else "pass"]),
            oldest_waiting=min(filter(None, oldest), default=None),
            parked=dict(by_reason),
            dead_letters=found.totals.by("dead_lettered", lambda key: key.reason),
            circuits_open=tuple(each.name for each in targets if each.circuit != "closed"),
            linked=sum(link_state(each) == "linked" for each in links),
            linked_since=max(filter(None, (_changed(each.since, each.relinked_at) for each in links)), default=None),
            last_round=last,
            organizations=tuple(
                organization_status(
                    organizations[name],
                    standing_of(name, standings),
                    now,
                    settings=configured.health,
                    calls=found.recent.calls,
                    parked=sum(parked.get(name, {}).values()),
                )
                for name, _ in page.page
            ),
            organizations_in_all=len(organizations),
            following=page.following,
            open_incidents=tuple(opened),
            open_in_all=open_in_all,
            ended_incidents=tuple(ended_incidents(standings, found.recent.ended, now)),
            hours=traffic.hours(found.totals, now),
            sources=tuple(sources[: traffic.MOST]),
            sources_in_all=len(sources),
            targets=tuple(targets[: traffic.MOST]),
            targets_in_all=len(targets),
            letters=traffic.letters(found.totals),
            notes=tuple(notes),
        )


_PARTS = 4


def read_query(texts: Mapping[str, str]) -> Asked:
    """Read which organizations are asked for.

    Args:
        texts: Those of `QUERY`.

    Raises:
        InvalidRequest: One is not of its form.
    """
    after = AFTER.text(texts)
    return Asked(limit=ROWS.read(texts), after=Bookmark.of_token(after) if after else None)


async def _timely[T](reading: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(ANSWERS_WITHIN_SECONDS):
            return await reading
    except TimeoutError:
        msg = f"no answer within {ANSWERS_WITHIN_SECONDS:g} s"
        raise StorageUnavailable(msg) from None


def _changed(*moments: datetime | None) -> datetime | None:
    return max(filter(None, moments), default=None)
