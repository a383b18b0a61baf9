"""Incidents: list, show, acknowledge, mute."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Protocol

import msgspec
from msgspec import UNSET

from integration.clock import Clock
from integration.errors import IncidentEnded, InvalidRequest, UnknownIncident
from integration.health.history import Transition
from integration.health.incidents import Ended
from integration.health.machine import Incident, State, acknowledge, mute, unmute
from integration.health.standing import Standing, Watched
from integration.health.standings import Kept, Standings
from integration.operations.causes import Causes
from integration.operations.incident_pages import Asked, IncidentPage, page_of
from integration.operations.incident_shapes import Due, Moment, Summary, Whole
from integration.operations.orders import Order
from integration.operations.spans import ONE_SPAN, Note, Signature, Span, check_signature, check_span, end_of

_ID = re.compile(r"[0-9A-Za-z-]{1,64}")


class EndedIncidents(Protocol):
    """What these operations need of the rows of incidents that ended; each raises StorageUnavailable."""

    async def ended(self, *, subject: str = "", kind: str = "", since: datetime | None = None) -> Sequence[Ended]:
        """Give those that are kept, and ended from a time on."""
        ...

    async def find(self, incident: str) -> Ended | None:
        """Give the one of this id, if it is kept."""
        ...


class History(Protocol):
    """What these operations need of the history; raises StorageUnavailable."""

    async def read(self, *, subject: str = "", kind: str = "", since: datetime | None = None) -> Sequence[Transition]:
        """Give the transitions of a machine from a time on."""
        ...


class AcknowledgeOrder(Order, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """That somebody works on an incident.

    Args:
        by: Who.
        note: What is being done.
    """

    rules: ClassVar[Mapping[str, Any]] = {"required": ["by"]}
    by: Signature = ""
    note: Note = ""

    def check(self) -> None:
        """Refuse an order that cannot be meant.

        Raises:
            InvalidRequest: It says why.
        """
        check_signature(self.by, self.note)


class MuteOrder(Order, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """That nothing of an incident's subject is told for a while.

    Args:
        for_: How long: 2h, 30m, 1d.
        until: Until when, instead.
        unmute: It is told again, instead.
    """

    rules: ClassVar[Mapping[str, Any]] = {
        "oneOf": [
            *(each | {"properties": each["properties"] | {"unmute": {"const": False}}} for each in ONE_SPAN["oneOf"]),
            {
                "title": "no longer",
                "properties": {"unmute": {"const": True}, "for": {"const": ""}, "until": {"type": "null"}},
                "required": ["unmute"],
            },
        ]
    }
    for_: Span = msgspec.field(name="for", default="")
    until: datetime | None = None
    unmute: bool = False

    def check(self) -> None:
        """Refuse an order that cannot be meant.

        Raises:
            InvalidRequest: It says why.
        """
        if not self.unmute:
            check_span(self.for_, self.until)
        elif self.for_ or self.until is not None:
            raise InvalidRequest("give unmute, or how long it is to be mute")


class _Found(msgspec.Struct, frozen=True):
    """An incident where it lies.

    Args:
        watched: Whom it is about.
        incident: The incident.
        state: Its machine; None: it ended before the machine's last one.
    """

    watched: Watched
    incident: Incident
    state: State | None = None


class IncidentOperations:
    """What can be asked and ordered of incidents.

    Args:
        standings: Where the open ones are.
        ended: Those that ended.
        history: What became of each check.
        clock: The time.
    """

    def __init__(self, standings: Standings, ended: EndedIncidents, history: History, clock: Clock) -> None:
        self._standings = standings
        self._ended = ended
        self._history = history
        self._clock = clock

    async def list(self, asked: Asked) -> IncidentPage:
        """Read one page: open ones first, the latest first.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        now, wanted = self._clock.now(), asked.wanted
        # First those that are open: one that ends meanwhile is then found among the others.
        rows = await self._standings.all()
        found, causes = list(_of_rows(rows)), _causes(rows)
        if wanted.state != "open":
            over = await self._ended.ended(subject=wanted.organization, kind=wanted.kind, since=wanted.since)
            found += [_Found(Watched(each.sort, each.name), each.incident) for each in over]
        return page_of((Summary(**_summed(each, now, causes)) for each in found), asked)

    async def show(self, id_: str) -> Whole:
        """Read one incident whole.

        Raises:
            UnknownIncident: There is none of this id, or it is kept no more.
            StorageUnavailable: The account did not answer.
        """
        rows = await self._standings.all()
        return await self._whole(await self._find(id_, rows), rows)

    async def acknowledge(self, id_: str, order: AcknowledgeOrder) -> Whole:
        """Say that somebody works on it; said again by the same, nothing changes.

        Raises:
            UnknownIncident: There is none of this id.
            IncidentEnded: It has ended.
            StorageUnavailable: It is not known to be written; the same order does it again.
        """
        by, note, now = order.by.strip(), order.note, self._clock.now()

        def known(state: State) -> State:
            incident = state.incident
            if incident is not None and (incident.acknowledged_by, incident.note) == (by, note):
                return state
            return acknowledge(state, by, note, now)

        return await self._change(id_, known)

    async def mute(self, id_: str, order: MuteOrder) -> Whole:
        """Tell nothing of its subject for a while, or tell it again.

        Raises:
            InvalidRequest: It would be over before it begins, or last too long.
            UnknownIncident: There is none of this id.
            IncidentEnded: It has ended.
            StorageUnavailable: It is not known to be written; the same order does it again.
        """
        if order.unmute:
            return await self._change(id_, unmute)
        until = end_of(order.for_, order.until, self._clock.now())
        return await self._change(id_, lambda state: mute(state, until))

    async def _change(self, id_: str, change: Callable[[State], State]) -> Whole:
        rows = await self._standings.all()
        found = await self._find(id_, rows)

        def apply(standing: Standing) -> Standing:
            # The prober may have written since: it is looked for anew in each.
            for kind, state in standing.states.items():
                if state.incident is not None and state.incident.id == id_:
                    return standing.with_state(kind, change(state))
            msg = f"the incident {id_} has ended"
            raise IncidentEnded(msg)

        if found.incident.ended_at is not None:
            apply(Standing())
        kept = await self._standings.change(found.watched, apply)
        rows = {**rows, found.watched: kept}
        return await self._whole(await self._find(id_, rows), rows)

    async def _find(self, id_: str, rows: Mapping[Watched, Kept]) -> _Found:
        for found in _of_rows(rows):
            if found.incident.id == id_:
                return found
        over = await self._ended.find(id_) if _ID.fullmatch(id_) else None
        if over is None:
            msg = f"there is no incident {id_[:64]!r}"
            raise UnknownIncident(msg)
        return _Found(Watched(over.sort, over.name), over.incident)

    async def _whole(self, found: _Found, rows: Mapping[Watched, Kept]) -> Whole:
        incident, state = found.incident, found.state
        steps = await self._history.read(subject=found.watched.name, kind=incident.kind, since=incident.since)
        causes = _causes(rows)
        explained = causes.explained(causes.spoken_for(found.watched, incident))
        due = [each for each in state.outbox if each.incident == incident.id] if state is not None else []
        return Whole(
            **_summed(found, self._clock.now(), causes),
            hint=incident.hint,
            acknowledged_at=incident.acknowledged_at,
            note=incident.note,
            told_at=incident.told_at,
            next_reminder=incident.next_reminder,
            children=sorted({*incident.children, *explained}),
            notices={str(each): count for each, count in incident.transitions.items()},
            reasons=[_moment(each) for each in steps if each.incident == incident.id],
            due=[Due(transition=each.transition, at=each.at, settled=each.settled) for each in due],
        )


def _of_rows(rows: Mapping[Watched, Kept]) -> Iterator[_Found]:
    for watched, kept in rows.items():
        for state in kept.standing.states.values():
            for incident in (state.incident, state.last):
                if incident is not None:
                    yield _Found(watched, incident, state)


def _causes(rows: Mapping[Watched, Kept]) -> Causes:
    return Causes({watched: kept.standing for watched, kept in rows.items()})


def _summed(found: _Found, now: datetime, causes: Causes) -> dict[str, Any]:
    incident, state = found.incident, found.state
    leader = causes.leader(incident.inhibited_by)
    is_over = incident.ended_at is not None
    return {
        "id": incident.id,
        "state": "ended" if is_over else "open",
        "subject": found.watched.name,
        "organization": found.watched.name if found.watched.sort == "organization" else UNSET,
        "kind": incident.kind,
        "code": incident.code,
        "message": incident.message,
        "since": incident.since,
        "opened_at": incident.opened_at,
        "ended_at": incident.ended_at,
        "acknowledged_by": incident.acknowledged_by or None,
        "muted_until": state.muted_until if state is not None and not is_over and state.is_muted(now) else None,
        "inhibited_by": leader.id if leader is not None else None,
        "cause": incident.inhibited_by or None,
        "reminders": incident.reminders,
        "escalated": incident.escalated,
        "told": incident.told or (),
    }


def _moment(step: Transition) -> Moment:
    return Moment(at=step.at, phase=step.phase, code=step.code, message=step.message, told=step.told)
