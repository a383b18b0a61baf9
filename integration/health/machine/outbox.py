"""The outbox: what may be sent now, and what becomes of the end when it is known who was told."""

import msgspec

from integration.health.machine.incident import Incident
from integration.health.machine.notice import Notice
from integration.health.machine.state import State

_FROM_NOBODY = ("resolved", "relinked")


def due(state: State) -> tuple[Notice, ...]:
    """Give what may be sent now, the oldest first; to be asked again when some of it is settled.

    An end goes to those who were told: while it is not known who was, it waits.
    """
    return tuple(
        notice
        for notice in state.outbox
        if notice.transition != "resolved" or not any(_is_of(each, notice) for each in state.outbox)
    )


def _is_of(each: Notice, end: Notice) -> bool:
    return each is not end and each.incident == end.incident


def settle(state: State, notice_key: str, told_routes: tuple[str, ...], *, done: bool = True) -> State:
    """Take a notice off the outbox and remember who was told.

    Args:
        state: As it is now: the incident may have ended since the notice was written, or another one have begun.
        notice_key: Which one; one that is not there has been settled by another.
        told_routes: The routes that have taken it durably, those of escalation targets among them.
        done: Whether that is all. Else it stays, and remembers which have it.
    """
    notice = next((each for each in state.outbox if each.key == notice_key), None)
    if notice is None:
        return state
    heard = _both(notice.settled, told_routes)
    kept = msgspec.structs.replace(notice, settled=heard)
    rest = [kept if each is notice else each for each in state.outbox if each is not notice or not done]
    if notice.transition in _FROM_NOBODY:
        return msgspec.structs.replace(state, outbox=tuple(rest))
    return msgspec.structs.replace(
        state,
        incident=_heard(state.incident, notice, heard),
        last=_heard(state.last, notice, heard),
        outbox=tuple(_addressed(each, notice, heard) for each in rest),
    )


def _heard(incident: Incident | None, notice: Notice, heard: tuple[str, ...]) -> Incident | None:
    if incident is None or incident.id != notice.incident or incident.told is None:
        return incident
    return msgspec.structs.replace(incident, told=_both(incident.told, heard))


def _addressed(each: Notice, notice: Notice, heard: tuple[str, ...]) -> Notice:
    """Address an end that came to be before it was known who was told."""
    if each.transition != "resolved" or each.incident != notice.incident or each.routes is None:
        return each
    return msgspec.structs.replace(each, routes=_both(each.routes, heard))


def _both(some: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    return (*some, *(each for each in others if each not in some))
