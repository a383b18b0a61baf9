"""Health, as `application/health+json`."""

import asyncio
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec

from integration.clock import Clock
from integration.config.keys.health import Health as Watch
from integration.delivery.breaking.circuit_rows import CircuitRows
from integration.delivery.breaking.circuit_rows import Standing as Circuit
from integration.errors import Problem, StorageUnavailable
from integration.health.incidents import Incidents
from integration.health.levels import worst
from integration.health.maintenance import MaintenanceCall, silence
from integration.health.source_rows import SourceRows
from integration.health.standing import WORKER, Standing, Watched
from integration.health.standings import Standings
from integration.health.totals import Seen
from integration.operations.query import Flag
from integration.single_flight import SingleFlight
from integration.storage.names import EVENTS, RETRIES
from integration.version import VERSION
from integration.web import health_checks as told
from integration.web.answers import refusing
from integration.web.health_shapes import Health, HealthDetails
from integration.web.message import Response

# Who probes health waits a few seconds; a storage account that hangs is an answer too.
STORAGE_ANSWERS_WITHIN_SECONDS = 4.0
# Strangers may ask as often as they like: what they are told is looked up once in this many seconds.
FRESH_FOR_SECONDS = 5.0
_OWN = (EVENTS, RETRIES)
LIVE = Flag("live", "Only whether this process answers.")
"""What the status takes; whatever else stands in its query is passed over: probes add what they like."""
_TYPE = {"Content-Type": "application/health+json", "Cache-Control": "no-store"}


class Rows(msgspec.Struct, frozen=True):
    """Where it is read: a table each, five requests for a thousand subjects and more.

    Args:
        standings: What the watch remembers.
        circuits: What the fleet knows of targets.
        sources: When each source had its latest event.
        incidents: Has the maintenance that was called.
    """

    standings: Standings
    circuits: CircuitRows
    sources: SourceRows
    incidents: Incidents


class _Read(msgspec.Struct, frozen=True):
    standings: Mapping[Watched, Standing] = {}
    circuits: Mapping[str, Circuit] = {}
    sources: Mapping[str, Seen] = {}
    calls: Sequence[MaintenanceCall] = ()


class HealthPages:
    """`/api/health` and `/api/health/details`.

    Args:
        settings: When the watch runs, and when it is silent.
        organizations: The configured names.
        targets: The names of the enabled ones.
        sources: The names of the enabled ones.
        rows: Where it is read.
        clock: The time.
    """

    def __init__(  # noqa: PLR0913  # what is told, and where it is read
        self,
        *,
        settings: Watch,
        organizations: Sequence[str],
        targets: Sequence[str],
        sources: Sequence[str],
        rows: Rows,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._organizations = organizations
        self._targets = targets
        self._sources = sources
        self._rows = rows
        self._clock = clock
        self._told: Response | None = None
        self._fresh_until = 0.0
        self._looking = SingleFlight[str, Response]()

    @refusing()
    async def status(self, query: Mapping[str, str] = MappingProxyType({})) -> Response:
        """Tell anyone whether all is well, as of some seconds ago: 200 with pass or warn, 503 with fail.

        Args:
            query: With `live=true` it is only told that this process answers, for whoever would restart it otherwise.

        Returns:
            The answer; 400 where `live` is neither true nor false.
        """
        if LIVE.read(query):
            return alive()
        if self._told is not None and self._clock.monotonic() < self._fresh_until:
            return self._told
        return await self._looking.join("status", self._look)

    async def _look(self) -> Response:
        self._told = _answer({"status": (await self._all())["status"]}, Health)
        self._fresh_until = self._clock.monotonic() + FRESH_FOR_SECONDS
        return self._told

    async def details(self) -> Response:
        """Tell, to who has a key, how each organization stands, each target and each source, and the watch itself."""
        return _answer(await self._all() | {"version": VERSION}, HealthDetails)

    async def _all(self) -> dict[str, Any]:
        try:
            async with asyncio.timeout(STORAGE_ANSWERS_WITHIN_SECONDS):
                found = await self._read()
        except (StorageUnavailable, TimeoutError) as error:
            late = StorageUnavailable(f"no answer within {STORAGE_ANSWERS_WITHIN_SECONDS} s")
            away = error if isinstance(error, StorageUnavailable) else late
            storage = {"status": "fail", "code": away.code, "output": str(away), "hint": away.hint}
            return {"status": "fail", "checks": {"storage": storage}, "targets": {}, "sources": {}}
        return self._shown(found)

    async def _read(self) -> _Read:
        rows = self._rows
        reading = asyncio.gather(rows.standings.all(), rows.circuits.all(), rows.sources.read(), rows.incidents.calls())
        standings, circuits, sources, calls = await reading
        known = {watched: kept.standing for watched, kept in standings.items()}
        return _Read(known, circuits, sources, calls)

    def _shown(self, found: _Read) -> dict[str, Any]:
        now, known = self._clock.now(), found.standings
        asked = [each.asked_at for each in known.values() if each.asked_at is not None]
        app = known.get(WORKER, Standing())
        calls = [call for call in found.calls if call.until > now]
        shown: dict[str, Any] = {
            "checks": {name: self._organization(name, found, calls) for name in self._organizations},
            "targets": {
                name: told.of_target(found.circuits.get(name), known.get(Watched("target", name)), now)
                for name in self._targets
            },
            "sources": {
                name: told.of_source(found.sources.get(name), known.get(Watched("source", name)), now)
                for name in (*self._sources, *_others(known, self._sources))
            },
            "app": {kind: told.of_state(kind, state, now) for kind, state in app.states.items()},
        }
        watch = told.of_watch(max(asked, default=None), self._settings.schedule, now)
        statuses = [each["status"] for part in shown.values() for each in part.values()]
        head = {"status": worst([*statuses, watch["status"]]), "time": now, "watch": watch}
        return head | shown | ({"maintenance": [told.of_call(call) for call in calls]} if calls else {})

    def _organization(self, name: str, found: _Read, calls: Sequence[MaintenanceCall]) -> dict[str, Any]:
        now, standing = self._clock.now(), found.standings.get(Watched("organization", name))
        platform = standing.platform if standing is not None else None
        silent = silence(name, now, windows=self._settings.maintenance, calls=calls, platform=platform)
        return told.of_organization(standing, now, maintenance="; ".join(silent.because) if silent else "")


def alive() -> Response:
    """Tell that this process answers, whatever else is wrong: a restart mends no lost link and no configuration."""
    return _answer({"status": "pass"}, Health)


def degraded_status(problems: Sequence[Problem]) -> Response:
    """Tell anyone that the configuration has problems, and how many."""
    return _answer({"status": "fail", "problems": len(problems)}, Health)


def degraded_details(problems: Sequence[Problem]) -> Response:
    """Tell, to who has a key, which problems the configuration has."""
    listed = [{"file": p.file, "key": p.key, "message": p.message, "hint": p.hint} for p in problems]
    return _answer({"status": "fail", "version": VERSION, "problems": listed}, HealthDetails)


def _others(known: Mapping[Watched, Standing], sources: Sequence[str]) -> list[str]:
    """Name what is watched like a source and is none: the worker's own queues, while something is wrong with them."""
    found = [watched.name for watched, each in known.items() if watched.sort == "source" and each.incidents]
    return sorted(name for name in found if name in _OWN and name not in sources)


def _answer(content: dict[str, Any], shape: type[Health | HealthDetails]) -> Response:
    # By the shape that the OpenAPI document has: what it does not know would fail here.
    return Response.json(503 if content["status"] == "fail" else 200, msgspec.convert(content, shape), _TYPE)
