"""Health, as `application/health+json`."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from integration.clock import Clock
from integration.config.keys.model import Organization
from integration.delivery.breaking.circuit_rows import Standing, is_forgotten
from integration.errors import CorruptRecord, Problem, StorageUnavailable
from integration.health import States
from integration.health.state import State
from integration.single_flight import SingleFlight
from integration.web.message import Response

# Who probes health waits a few seconds; a storage account that hangs is an answer too.
STORAGE_ANSWERS_WITHIN_SECONDS = 4.0
# Strangers may ask as often as they like: what they are told is looked up once in this many seconds.
FRESH_FOR_SECONDS = 5.0
_TYPE = {"Content-Type": "application/health+json", "Cache-Control": "no-store"}


class Circuits(Protocol):
    """What the fleet knows of targets."""

    def open(self) -> Awaitable[Mapping[str, Standing]]:
        """Give those that are left alone, by name; raises StorageUnavailable."""
        ...


class HealthPages:
    """`/api/health` and `/api/health/details`.

    Args:
        organizations: By name.
        states: What the timer last found.
        circuits: What the fleet knows of targets.
        targets: The names of the enabled ones.
        clock: The time.
    """

    def __init__(
        self,
        organizations: Mapping[str, Organization],
        states: States,
        circuits: Circuits,
        targets: Sequence[str],
        clock: Clock,
    ) -> None:
        self._organizations = organizations
        self._states = states
        self._circuits = circuits
        self._targets = targets
        self._clock = clock
        self._told: Response | None = None
        self._fresh_until = 0.0
        self._looking = SingleFlight[str, Response]()

    async def status(self) -> Response:
        """Tell anyone whether all is well, as of some seconds ago: 200 with pass or warn, 503 with fail."""
        if self._told is not None and self._clock.monotonic() < self._fresh_until:
            return self._told
        return await self._looking.join("status", self._look)

    async def _look(self) -> Response:
        status, _, _ = await self._read()
        self._told = _answer({"status": status})
        self._fresh_until = self._clock.monotonic() + FRESH_FOR_SECONDS
        return self._told

    async def details(self) -> Response:
        """Tell, to who has a key, how each organization stands, and each target."""
        status, checks, targets = await self._read()
        return _answer({"status": status, "checks": checks, "targets": targets})

    async def _read(self) -> tuple[str, dict[str, Any], dict[str, Any]]:
        checks: dict[str, Any] = {}
        targets: dict[str, Any] = {}
        try:
            async with asyncio.timeout(STORAGE_ANSWERS_WITHIN_SECONDS):
                for name in self._organizations:
                    checks[name] = await self._check(name)
                open_ones, now = await self._circuits.open(), self._clock.now()
                targets = {name: _standing(open_ones.get(name), now) for name in self._targets}
        except (StorageUnavailable, TimeoutError) as error:
            late = StorageUnavailable(f"no answer within {STORAGE_ANSWERS_WITHIN_SECONDS} s")
            unavailable = error if isinstance(error, StorageUnavailable) else late
            checks["storage"] = {"status": "fail", "code": unavailable.code, "output": str(unavailable)}
        verdicts = {each["status"] for each in (*checks.values(), *targets.values())}
        status = "fail" if "fail" in verdicts else "warn" if "warn" in verdicts else "pass"
        return status, checks, targets

    async def _check(self, name: str) -> dict[str, Any]:
        try:
            state = (await self._states.load(name)).state
        except CorruptRecord as corrupt:
            return {"status": "warn", "code": corrupt.code, "output": str(corrupt)}
        shown: dict[str, Any] = {
            "status": _status(state),
            "state": state.kind,
            "since": state.since,
            "checkedAt": state.checked_at,
        }
        if state.trouble:
            shown |= {"trouble": state.trouble, "incident": state.incident}
        if state.kind != "linked":
            shown |= {"code": state.code, "output": state.message}
        if state.link is not None:
            shown |= {"url": state.link.url, "tenantId": state.link.tenant_id, "id": state.link.id}
        return shown


def degraded_status(problems: Sequence[Problem]) -> Response:
    """Tell anyone that the configuration has problems, and how many."""
    return _answer({"status": "fail", "problems": len(problems)})


def degraded_details(problems: Sequence[Problem]) -> Response:
    """Tell, to who has a key, which problems the configuration has."""
    listed = [{"file": p.file, "key": p.key, "message": p.message, "hint": p.hint} for p in problems]
    return _answer({"status": "fail", "problems": listed})


def _status(state: State) -> str:
    if state.trouble:
        return "fail"
    return "pass" if state.kind == "linked" else "warn"


def _standing(standing: Standing | None, now: datetime) -> dict[str, Any]:
    """Write how a target stands: left alone it is a warning, its deliveries wait."""
    if standing is None or is_forgotten(standing, now):
        return {"status": "pass", "circuit": "closed"}
    waits = standing.until is not None and standing.until > now
    about = {"since": standing.since, "until": standing.until, "opened": standing.opened}
    return {"status": "warn", "circuit": "open" if waits else "half_open", "code": standing.code, **about}


def _answer(content: dict[str, Any]) -> Response:
    return Response.json(503 if content["status"] == "fail" else 200, content, _TYPE)
