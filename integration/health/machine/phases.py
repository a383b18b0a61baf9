"""From what was counted to phases and incidents: here nothing is silent."""

from datetime import datetime

import msgspec

from integration.health.check import OK, Answer
from integration.health.machine.ending import ended
from integration.health.machine.incident import Incident, id_of
from integration.health.machine.scene import Scene
from integration.health.machine.state import Circumstances, State
from integration.health.machine.streaks import begun_anew, fails, recovers


def moved(before: State, counted: State, scene: Scene) -> State:
    """Open, go on with or end an incident.

    Args:
        before: The state without the answer.
        counted: The same with the answer counted.
        scene: Of the answer.
    """
    answer = counted.answer or OK
    failing = fails(counted, scene.settings)
    if counted.incident is None:
        began = failing or (counted.changes[0] if counted.flapping else None)
        if began is None:
            return msgspec.structs.replace(counted, phase="suspect" if answer.is_unhealthy else "ok")
        state = _opened(counted, began, scene)
    elif not counted.flapping and recovers(counted, scene.settings):
        return ended(counted, scene, answer.message or "it is well again")
    else:
        state = counted
    is_stable = before.flapping and not counted.flapping and scene.settings.flapping > 0
    incident = _updated(state.incident, answer, scene.around)
    if incident is not None:
        incident = msgspec.structs.replace(
            incident,
            is_confirmed=incident.is_confirmed or failing is not None or (is_stable and answer.is_unhealthy),
            flapping_told=incident.flapping_told and counted.flapping,
        )
    return msgspec.structs.replace(state, phase="firing" if answer.is_unhealthy else "recovering", incident=incident)


def _opened(state: State, since: datetime, scene: Scene) -> State:
    incident = Incident(
        id=id_of(scene.subject, scene.kind, scene.now, state.opened),
        kind=scene.kind,
        opened_at=scene.now,
        since=since,
        is_confirmed=False,
    )
    return msgspec.structs.replace(begun_anew(state), incident=incident, opened=state.opened + 1)


def _updated(incident: Incident | None, answer: Answer, around: Circumstances) -> Incident | None:
    if incident is None:
        return None
    more = tuple(child for child in around.children if child not in incident.children)
    incident = msgspec.structs.replace(incident, inhibited_by=around.inhibited_by, children=(*incident.children, *more))
    if not answer.is_unhealthy:
        return incident
    return msgspec.structs.replace(
        incident, health=answer.health, code=answer.code, message=answer.message, hint=answer.hint
    )
