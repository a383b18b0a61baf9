"""What is told of an open incident now.

Whatever is silent, nothing is remembered as missed: with each answer it is decided anew what has not been told yet.
So what began in silence and lasts is told when the silence is over, since when it really is so, and what ended in it
never.

- Silent are a mute, maintenance, what another incident explains, and flapping once that was told.
- Acknowledging stops what is said again: reminders and escalation. What is new is still told once.
- A reason is new where it is definite and was not told of this incident: `unreachable` that turns into `lost`. What
  could not be asked for another reason than before is written into the incident, and not told.
"""

import msgspec

from integration.health.machine.incident import Incident
from integration.health.machine.reminding import is_due, put_off, reminded, scheduled, steps_due
from integration.health.machine.scene import Scene
from integration.health.machine.state import State
from integration.health.machine.writing import written

MOST_REASONS = 16
"""How many reasons of one incident are told: codes may come from outside."""


def told(state: State, scene: Scene) -> State:
    """Put into the outbox what is to be told of the open incident.

    Args:
        state: With the answer counted and its phase decided.
        scene: Of the answer.
    """
    if state.incident is None:
        return state
    incident = scheduled(state.incident, scene.now, scene.settings)
    state = msgspec.structs.replace(state, incident=incident)
    if scene.around.maintenance or scene.around.inhibited_by or state.is_muted(scene.now):
        return state
    if state.flapping:
        return state if incident.flapping_told else _flapping(state, incident, scene)
    if state.phase != "firing" or not incident.is_confirmed:
        return state
    if not incident.transitions.get("triggered"):
        return _triggered(state, incident, scene)
    return _lasting(state, incident, scene)


def _flapping(state: State, incident: Incident, scene: Scene) -> State:
    state, incident = written(state, incident, "flapping", scene)
    return msgspec.structs.replace(state, incident=msgspec.structs.replace(incident, flapping_told=True))


def _triggered(state: State, incident: Incident, scene: Scene) -> State:
    state, incident = written(state, incident, "triggered", scene)
    incident = msgspec.structs.replace(incident, told_at=scene.now, reasons=(incident.reason,))
    return msgspec.structs.replace(state, incident=put_off(incident, scene.now, scene.settings))


def _lasting(state: State, incident: Incident, scene: Scene) -> State:
    reason = incident.reason
    if reason.health == "bad" and reason not in incident.reasons and len(incident.reasons) < MOST_REASONS:
        state, incident = written(state, incident, "changed", scene)
        incident = msgspec.structs.replace(incident, reasons=(*incident.reasons, reason))
        incident = put_off(incident, scene.now, scene.settings)
    elif is_due(incident, scene.now):
        state, incident = _again(state, incident, scene)
    for step in steps_due(incident, scene.now, scene.settings):
        state, incident = written(state, incident, "escalated", scene, to=step.targets)
        more = tuple(target for target in step.targets if target not in incident.escalation)
        incident = msgspec.structs.replace(
            incident, escalated=incident.escalated + 1, escalation=(*incident.escalation, *more)
        )
    return msgspec.structs.replace(state, incident=incident)


def _again(state: State, incident: Incident, scene: Scene) -> tuple[State, Incident]:
    if any(notice.incident == incident.id for notice in state.outbox):
        # It could not be sent yet: nobody needs to be reminded of what he has not heard.
        return state, put_off(incident, scene.now, scene.settings)
    state, incident = written(state, incident, "reminder", scene)
    return state, reminded(incident, scene.now, scene.settings)
