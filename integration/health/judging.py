"""From answers to standings, pure: which machine takes which answer, by which thresholds, and what explains what."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

import msgspec

from integration.config.keys.health import Thresholds
from integration.health.check import Answer, Kind
from integration.health.days import Day, Days
from integration.health.history import Transition
from integration.health.levels import Level, level_of_organization
from integration.health.machine import ONE_AFTER_THE_OTHER, Circumstances, Incident, State, advance, dismissed, together
from integration.health.maintenance import PlatformView
from integration.health.probes.remembered import Remembered
from integration.health.standing import Standing, Watched
from integration.health.waits import Waits

AT_ONCE = frozenset(
    {"target", "source", "trust", "credential", "dead_letters", "parked", "sender", "callers", "foreign"}
)
"""Machines whose one answer says that it has been so for long enough: a circuit, a silence, what was counted."""
_RETURNING = frozenset({"sender", "callers"})
"""Those of which one good answer does not say that it is over."""

_DAY: Mapping[Level, Day] = {"pass": "ok", "warn": "warn", "fail": "bad"}

type Asked = tuple[Watched, str]
"""A machine: whose, and which."""


class Explained(msgspec.Struct, frozen=True):
    """How the machines of one cause stand to each other.

    Args:
        by: What explains a machine's answer and is told in its place.
        children: Whom a machine's own trouble explains.
        leads: The cause that a machine speaks for, also where it is alone.
    """

    by: Mapping[Asked, str] = {}
    children: Mapping[Asked, tuple[str, ...]] = {}
    leads: Mapping[Asked, str] = {}


def machines(answers: Mapping[Kind, Answer]) -> dict[str, Answer]:
    """Give the answer of each machine of an organization.

    Args:
        answers: Those of its checks.
    """
    found: dict[str, Answer] = {kind: answer for kind, answer in answers.items() if kind not in ONE_AFTER_THE_OTHER}
    if any(kind in answers for kind in ONE_AFTER_THE_OTHER):
        found["integration"] = together(answers)
    return found


def thresholds_of(kind: str, common: Thresholds) -> Thresholds:
    """Give the thresholds of a machine: what is an answer for long enough by itself counts the first time."""
    if kind not in AT_ONCE:
        return common
    recovery = common.success_threshold if kind in _RETURNING else 1
    return msgspec.structs.replace(
        common, failure_threshold=1, success_threshold=recovery, failures_of=(), successes_of=()
    )


def explained(
    answers: Mapping[Asked, Answer],
    standings: Mapping[Watched, Standing],
    *,
    silent: Collection[Asked] = (),
    failures: Mapping[Watched, int] | None = None,
) -> Explained:
    """Find out which of the machines that fail by one cause is told, and whom it names.

    Args:
        answers: Of this round.
        standings: As they were before.
        silent: Machines that tell nothing now: a cause is not silent because one of many is.
        failures: How many answers each subject's trouble takes to be told.

    Returns:
        The one that speaks for a cause already goes on to; else it is the first that would be told, then by name. Who
        was told of for another reason speaks for itself: nobody would hear of the cause from it.
    """
    groups: dict[str, list[Asked]] = defaultdict(list)
    for asked, answer in answers.items():
        if answer.cause and answer.is_unhealthy and not _is_told_otherwise(asked, answer.cause, standings):
            groups[answer.cause].append(asked)
    by: dict[Asked, str] = {}
    children: dict[Asked, tuple[str, ...]] = {}
    leads: dict[Asked, str] = {}
    for cause, members in groups.items():
        leader = min(
            members,
            key=lambda asked, cause=cause: (
                asked in silent,
                _leads(asked, standings) != cause,
                (failures or {}).get(asked[0], 0),
                asked[1] != "integration",
                asked,
            ),
        )
        others = sorted(asked for asked in members if asked != leader)
        leads[leader] = cause
        by |= dict.fromkeys(others, cause)
        if others:
            children[leader] = tuple(dict.fromkeys(watched.name for watched, _ in others))
    return Explained(by, children, leads)


def _leads(asked: Asked, standings: Mapping[Watched, Standing]) -> str:
    watched, kind = asked
    return standings[watched].leads.get(kind, "") if watched in standings else ""


def _is_told_otherwise(asked: Asked, cause: str, standings: Mapping[Watched, Standing]) -> bool:
    watched, kind = asked
    state = standings[watched].states.get(kind) if watched in standings else None
    is_told = state is not None and state.incident is not None and state.incident.is_told
    return is_told and _leads(asked, standings) != cause


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What one subject is to be judged by.

    Args:
        watched: Whom.
        answers: Of its checks.
        now: When.
        thresholds: What holds for it.
        explained: Of this round.
        is_in_maintenance: It is to be silent.
        off: Machines that nobody asks any more, each with why.
        filed: Incidents that are kept among those that have ended: see `Standing.filed`.
        platform: What the Power Platform says of the organization; None: nothing.
        waits: What waits, where it is the app; None: it was not counted.
    """

    watched: Watched
    answers: Mapping[Kind, Answer]
    now: datetime
    thresholds: Thresholds
    explained: Explained = Explained()
    is_in_maintenance: bool = False
    off: Mapping[str, str] = {}
    filed: Mapping[str, str] = {}
    platform: PlatformView | None = None
    waits: Waits | None = None


def judged(standing: Standing, by: Judgement) -> Standing:
    """Take a round's answers.

    Args:
        standing: As it is now; it may have been changed since the round has read it.
        by: What it is judged by.
    """
    watched, now = by.watched, by.now
    states = dict(standing.states)
    for kind, answer in machines(by.answers).items():
        if kind in by.off:
            continue
        before = states.get(kind, State())
        around = Circumstances(
            maintenance=by.is_in_maintenance,
            inhibited_by=by.explained.by.get((watched, kind), ""),
            children=by.explained.children.get((watched, kind), ()),
        )
        state = advance(
            before, answer, now, thresholds_of(kind, by.thresholds), around, kind=kind, subject=watched.name
        )
        if kind == "integration":
            state = msgspec.structs.replace(state, parts=_parts(before, by.answers, now))
        states[kind] = _as_it_was_called(before, state, answer)
    for kind, why in by.off.items():
        if kind in states:
            states[kind] = dismissed(states[kind], why, now, kind=kind, subject=watched.name)
    return msgspec.structs.replace(
        standing,
        states=states,
        asked_at=now,
        platform=by.platform,
        days=_day(standing, states, by),
        waits=by.waits or standing.waits,
        leads={kind: cause for (whose, kind), cause in by.explained.leads.items() if whose == watched},
        filed={**standing.filed, **by.filed},
    )


def _day(standing: Standing, states: Mapping[str, State], by: Judgement) -> Days:
    """Note how the day is: an organization of which nothing was asked leaves it as it was."""
    if by.watched.sort != "organization" or not by.answers:
        return standing.days
    return standing.days.noted(_DAY[level_of_organization(states)], by.now)


def _parts(before: State, answers: Mapping[Kind, Answer], now: datetime) -> dict[Kind, Remembered]:
    """Keep the single answers; one that is not asked now keeps the wait that it had asked for."""
    found: dict[Kind, Remembered] = {}
    for kind in ONE_AFTER_THE_OTHER:
        answer, old = answers.get(kind), before.parts.get(kind)
        waits = old is not None and old.answer.retry_after is not None
        if answer is None or (answer.health == "not_asked" and waits):
            found |= {kind: old} if old is not None else {}
        else:
            found[kind] = Remembered(answer, now)
    return found


def _as_it_was_called(before: State, after: State, answer: Answer) -> State:
    """Give an incident that others have named already, as a process names a circuit that it opens, that name."""
    named, incident = answer.facts.get("incident", ""), after.incident
    if not named or incident is None or before.incident is not None or incident.id == named:
        return after
    outbox = tuple(
        msgspec.structs.replace(notice, incident=named) if notice.incident == incident.id else notice
        for notice in after.outbox
    )
    return msgspec.structs.replace(after, incident=msgspec.structs.replace(incident, id=named), outbox=outbox)


def transitions(watched: Watched, before: Standing, after: Standing, now: datetime) -> list[Transition]:
    """Tell what is history: phases that changed, and notices that were written."""
    found: list[Transition] = []
    for kind, state in after.states.items():
        old = before.states.get(kind, State())
        known = {notice.key for notice in old.outbox}
        told = [notice.transition for notice in state.outbox if notice.key not in known]
        if state.phase == old.phase and not told and (state.answer is None or old.answer is not None):
            continue
        answer, incident = state.answer, state.incident or (state.last if state.last != old.last else None)
        base = Transition(
            at=now,
            kind=kind,
            subject=watched.name,
            phase=state.phase,
            before=old.phase if old.answer is not None else "",
            health=answer.health if answer else "ok",
            code=answer.code if answer else "",
            message=answer.message if answer else "",
            since=state.since,
            incident=incident.id if incident else "",
        )
        found += [msgspec.structs.replace(base, told=each) for each in told] or [base]
    return found


def ended(before: Standing, after: Standing) -> Iterable[Incident]:
    """Give the incidents that have ended."""
    for kind, state in after.states.items():
        old = before.states.get(kind, State())
        if state.last is not None and state.last.ended_at is not None and state.last != old.last:
            yield state.last
