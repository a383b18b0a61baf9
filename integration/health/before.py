"""Rows as they were before there were incidents (version 1): what each becomes.

An incident that is open keeps its id and counts as told: whoever upgrades in the middle of an outage is not told of it
again, and is told of its end.
"""

from datetime import datetime
from typing import Literal

import msgspec

from integration.events.alerts.types import LOST, RELINKED, RESTORED, UNREACHABLE, Transition
from integration.health.check import Answer, Health
from integration.health.machine import Incident, Notice, Reason, State
from integration.health.machine.incident import id_of
from integration.health.standing import Standing
from integration.links.values import Linked


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """A notice of then."""

    type: str
    incident: str
    at: datetime
    since: datetime
    link: Linked | None = None
    previous: Linked | None = None
    code: str = ""
    message: str = ""
    hint: str = ""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What was remembered of an organization's link."""

    kind: Literal["linked", "not_linked", "unknown"] = "unknown"
    streak: int = 0
    since: datetime | None = None
    checked_at: datetime | None = None
    link: Linked | None = None
    trouble: Literal["lost", "unreachable"] | None = None
    incident: str = ""
    distrusted: str = ""
    code: str = ""
    message: str = ""
    outbox: tuple[Alert, ...] = ()
    v: int = 1


_HEALTH: dict[str, Health] = {"linked": "ok", "not_linked": "bad", "unknown": "unknown"}


def carried_over(row: Row, name: str) -> Standing:
    """Turn a row into what it would be now.

    Args:
        row: As it was read.
        name: The organization.
    """
    states = {"integration": _integration(row, name)}
    if row.distrusted and row.link is not None:
        states["trust"] = _distrusted(row, row.link, name)
    return Standing(states=states, asked_at=row.checked_at)


def _integration(row: Row, name: str) -> State:
    health = _HEALTH[row.kind]
    at = row.since or row.checked_at
    if row.checked_at is None or at is None:
        return State(link=row.link)
    answer = Answer(health=health, code=row.code, message=row.message, link=row.link if health == "ok" else None)
    well = health == "ok"
    incident = None
    if row.trouble is not None and row.incident:
        bad: Health = "bad" if row.trouble == "lost" else "unknown"
        incident = _told(row.incident, "integration", at, bad, row.code, row.message)
    return State(
        phase="ok" if incident is None else "recovering" if well else "firing",
        answer=answer,
        checked_at=row.checked_at,
        since=at,
        doubted_since=None if incident is None else at,
        bad=0 if well else row.streak,
        good=row.streak if well else 0,
        recent=0 if well else (1 << min(row.streak, 64)) - 1,
        remembered=min(row.streak, 64),
        changed_at=at,
        incident=incident,
        opened=0 if incident is None else 1,
        link=row.link,
        outbox=tuple(notice for alert in row.outbox if (notice := _notice(alert, name)) is not None),
    )


def _distrusted(row: Row, link: Linked, name: str) -> State:
    at = row.checked_at or link.checked_at
    answer = Answer(health="bad", code="UntrustedLink", message=link.distrust, link=link)
    return State(
        phase="firing",
        answer=answer,
        checked_at=at,
        since=at,
        doubted_since=at,
        bad=1,
        recent=1,
        remembered=1,
        changed_at=at,
        incident=_told(id_of(name, "trust", at, 0), "trust", at, "bad", answer.code, answer.message),
        opened=1,
    )


def _told(id_: str, kind: str, at: datetime, health: Health, code: str, message: str) -> Incident:  # noqa: PLR0913, PLR0917  # an incident has these parts
    return Incident(
        id=id_,
        kind=kind,
        opened_at=at,
        since=at,
        health=health,
        code=code,
        message=message,
        reasons=(Reason(health, code),),
        transitions={"triggered": 1},
        told=None,
        told_at=at,
    )


def _notice(alert: Alert, name: str) -> Notice | None:
    """Carry over what was due and not sent; that a link is not trusted is told by a machine of its own."""
    transitions: dict[str, Transition] = {
        LOST: "triggered",
        UNREACHABLE: "triggered",
        RESTORED: "resolved",
        RELINKED: "relinked",
    }
    if alert.type not in transitions:
        return None
    unhealthy: dict[str, Health] = {LOST: "bad", UNREACHABLE: "unknown"}
    return Notice(
        incident=alert.incident,
        transition=transitions[alert.type],
        n=1,
        kind="integration",
        subject=name,
        health=unhealthy.get(alert.type, "ok"),
        at=alert.at,
        since=alert.since,
        code=alert.code,
        message=alert.message,
        hint=alert.hint,
        link=alert.link,
        previous=alert.previous,
    )
