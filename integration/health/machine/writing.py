"""A notice put into the outbox, counted by its incident."""

import msgspec

from integration.events.alerts.types import Transition
from integration.health.check import OK
from integration.health.machine.incident import Incident
from integration.health.machine.notice import Notice
from integration.health.machine.scene import Scene
from integration.health.machine.state import State


def written(
    state: State, incident: Incident, transition: Transition, scene: Scene, *, to: tuple[str, ...] | None = None
) -> tuple[State, Incident]:
    """Write a notice that is not an end.

    Args:
        state: Whose last answer is told.
        incident: Whose notice.
        transition: What is told.
        scene: Of that answer.
        to: The targets of an escalation, which goes to them alone; None: by all routes that match, and to the targets
            of the steps gone before.

    Returns:
        The state with the notice in its outbox, and the incident that has counted it.
    """
    answer = state.answer or OK
    n = incident.transitions.get(transition, 0) + 1
    notice = Notice(
        incident=incident.id,
        transition=transition,
        n=n,
        kind=scene.kind,
        subject=scene.subject,
        health=answer.health,
        at=scene.now,
        since=incident.since,
        code=incident.code,
        message=incident.message,
        hint=incident.hint,
        link=answer.link,
        previous=scene.previous,
        children=incident.children,
        facts=answer.facts,
        failed=answer.failed,
        routes=None if to is None else (),
        escalation=incident.escalation if to is None else to,
    )
    return (
        msgspec.structs.replace(state, outbox=(*state.outbox, notice)),
        msgspec.structs.replace(incident, transitions={**incident.transitions, transition: n}),
    )
