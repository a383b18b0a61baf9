"""The end of an incident, which is told to those who were told of it, whatever is silent."""

from datetime import datetime

import msgspec

from integration.health.check import OK
from integration.health.machine.notice import Notice
from integration.health.machine.scene import Scene
from integration.health.machine.state import State
from integration.health.machine.streaks import begun_anew


def ended(state: State, scene: Scene, message: str) -> State:
    """End the incident that is open; nobody hears of the end of one that was never told.

    Args:
        state: With the incident.
        scene: Of the answer.
        message: What became of it.
    """
    incident = state.incident
    if incident is None:
        return state
    after = msgspec.structs.replace(
        begun_anew(state),
        phase="ok",
        flapping=False,
        changes=() if state.flapping else state.changes,
        doubted_since=None,
        incident=None,
        last=msgspec.structs.replace(incident, ended_at=scene.now, next_reminder=None),
    )
    if not incident.is_told:
        return after
    answer = state.answer or OK
    notice = Notice(
        incident=incident.id,
        transition="resolved",
        n=1,
        kind=scene.kind,
        subject=scene.subject,
        health="ok",
        at=scene.now,
        since=incident.since,
        code=incident.code,
        message=f"{message}; it was: {incident.message}" if incident.message else message,
        link=answer.link,
        previous=scene.previous,
        children=incident.children,
        facts=answer.facts,
        routes=incident.told,
    )
    return msgspec.structs.replace(after, outbox=(*after.outbox, notice))


def dismissed(state: State, why: str, now: datetime, *, kind: str, subject: str) -> State:
    """End what is open because nothing is asked any more, such as of a target that is not configured any more.

    Args:
        state: Before.
        why: Why it is not asked, in words.
        now: When.
        kind: The machine's.
        subject: About whom.
    """
    return ended(state, Scene(kind=kind, subject=subject, now=now), why)
