"""How each subject stands, as `application/health+json` tells it: pure.

What is well is told in few words: there may be a thousand of it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from integration.delivery.breaking.circuit_rows import Standing as Circuit
from integration.delivery.breaking.circuit_rows import state_at
from integration.health.check import Answer
from integration.health.levels import level_of, level_of_organization, link_state
from integration.health.machine import ONE_AFTER_THE_OTHER, State
from integration.health.maintenance import MaintenanceCall
from integration.health.overdue import is_overdue
from integration.health.probes.codes import WATCH_STALE
from integration.health.standing import Standing
from integration.health.totals import Seen


def of_organization(standing: Standing | None, now: datetime, *, maintenance: str) -> dict[str, Any]:
    """Tell an organization.

    Args:
        standing: Its row; None: nobody has asked yet.
        now: The time.
        maintenance: Why its alerts are silent; empty: they are not.
    """
    states: Mapping[str, State] = standing.states if standing is not None else {}
    state = states.get("integration", State())
    shown: dict[str, Any] = {
        "status": level_of_organization(states),
        "state": link_state(state),
        "since": _whole(state.since),
        "checkedAt": _whole(state.checked_at),
    }
    if state.incident is not None:
        shown |= {"trouble": "lost" if shown["state"] == "not_linked" else "unreachable"}
    if state.link is not None:
        shown |= {"url": state.link.url, "tenantId": state.link.tenant_id, "id": state.link.id}
    shown |= _told(state, now)
    if maintenance:
        shown["maintenance"] = maintenance
    checks: dict[str, Any] = {}
    for kind in ONE_AFTER_THE_OTHER:
        part = state.parts.get(kind)
        if part is not None:
            checks[kind] = _answered(part.answer)
    checks |= {kind: of_state(kind, each, now) for kind, each in states.items() if kind != "integration"}
    # The names of what is well, in one list that is the same for most: a thousand times it costs nothing.
    well = [kind for kind, each in checks.items() if each == {"status": "pass"}]
    ill = {kind: each for kind, each in checks.items() if kind not in well}
    return shown | ({"passed": well} if well else {}) | ({"checks": ill} if ill else {})


def of_state(kind: str, state: State, now: datetime) -> dict[str, Any]:
    """Tell one machine.

    Args:
        kind: What it is about.
        state: Where it is.
        now: The time.
    """
    shown: dict[str, Any] = {"status": level_of(kind, state)}
    if shown["status"] != "pass" or state.not_asked:
        shown |= {"since": _whole(state.since), "checkedAt": _whole(state.checked_at)}
    return shown | _told(state, now)


def of_target(circuit: Circuit | None, standing: Standing | None, now: datetime) -> dict[str, Any]:
    """Tell a target: left alone it is a warning, its deliveries wait.

    Args:
        circuit: Its circuit's row.
        standing: What the watch remembers of it.
        now: The time.
    """
    shown: dict[str, Any] = {"status": "pass", "circuit": "closed"}
    at = state_at(circuit, now)
    if circuit is not None and at != "closed":
        shown = {"status": "warn", "circuit": at, "code": circuit.code}
        shown |= {"since": circuit.since, "until": circuit.until, "opened": circuit.opened}
        if circuit.failed:
            first = circuit.failed[0]
            shown["first"] = {"type": first.type, "id": first.id, "message": first.message, "route": first.route}
    state = standing.states.get("target") if standing is not None else None
    return shown | (_kept(state, now) if state is not None else {})


def of_source(seen: Seen | None, standing: Standing | None, now: datetime) -> dict[str, Any]:
    """Tell a source.

    Args:
        seen: When it had its latest event.
        standing: What the watch remembers of it.
        now: The time.
    """
    state = standing.states.get("source") if standing is not None else None
    shown = of_state("source", state, now) if state is not None else {"status": "pass"}
    return shown | ({"lastEvent": _whole(seen.at)} if seen is not None and seen.at is not None else {})


def of_watch(last: datetime | None, schedule: str, now: datetime) -> dict[str, Any]:
    """Tell whether the rounds run: one that did not is no answer, and nobody else would say so.

    Args:
        last: When the last one asked.
        schedule: When they are to run.
        now: The time.
    """
    shown: dict[str, Any] = {"status": "pass", "lastRound": _whole(last)}
    if is_overdue(last, schedule, now):
        hint = "Look whether the function health_timer runs: its log, and its lease in the storage account."
        shown |= {
            "status": "warn",
            "stale": True,
            "code": WATCH_STALE,
            "output": "no round has ended lately",
            "hint": hint,
        }
    return shown


def of_call(call: MaintenanceCall) -> dict[str, Any]:
    """Tell maintenance that was called."""
    about = {"organization": call.organization, "since": call.since, "until": call.until, "by": call.by}
    return {"id": call.id, **about, "note": call.note}


def _told(state: State, now: datetime) -> dict[str, Any]:
    """Say why a machine is not well, and what is known of that."""
    answer = state.answer
    said: dict[str, Any] = {}
    if answer is not None and answer.is_unhealthy:
        said = {"code": answer.code, "output": answer.message, "hint": answer.hint}
        said |= {"facts": dict(answer.facts)} if answer.facts else {}
    return said | _kept(state, now)


def _kept(state: State, now: datetime) -> dict[str, Any]:
    """Say what is remembered beside the answer; nothing of one that is well and stays so."""
    said: dict[str, Any] = {"phase": state.phase} if state.phase != "ok" else {}
    if state.flapping:
        said["flapping"] = True
    if state.not_asked:
        said["notAsked"] = state.not_asked
    if state.is_muted(now):
        said["mutedUntil"] = state.muted_until
    if state.incident is not None:
        said |= {"incident": state.incident.id, "incidentSince": state.incident.since}
        if state.incident.acknowledged_by:
            said["acknowledgedBy"] = state.incident.acknowledged_by
        if state.incident.inhibited_by:
            said["explainedBy"] = state.incident.inhibited_by
    return said


def _answered(answer: Answer) -> Mapping[str, Any]:
    if not answer.is_unhealthy:
        return {"status": "pass"}
    return {"status": "warn", "code": answer.code, "output": answer.message}


def _whole(at: datetime | None) -> datetime | None:
    """Leave the parts of a second out: nobody reads them, and they are what does not compress."""
    return at.replace(microsecond=0) if at is not None else None
