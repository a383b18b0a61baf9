"""What an operator orders: fields of their own, which no answer and no configuration clears."""

from datetime import datetime

import msgspec

from integration.errors import IncidentEnded
from integration.health.machine.state import State


def acknowledge(state: State, by: str, note: str, now: datetime) -> State:
    """Say that somebody knows of the open incident: until its end it is not told again, nor to others.

    Args:
        state: Before.
        by: Who.
        note: What was said with it; may be empty.
        now: When.

    Raises:
        IncidentEnded: None is open.
    """
    if state.incident is None:
        raise IncidentEnded
    known = msgspec.structs.replace(state.incident, acknowledged_by=by, acknowledged_at=now, note=note)
    return msgspec.structs.replace(state, incident=known)


def mute(state: State, until: datetime) -> State:
    """Be silent until a time, whatever happens; ends are told all the same.

    Args:
        state: Before.
        until: Until just before then. Replaces what was ordered before.
    """
    return msgspec.structs.replace(state, muted_until=until)


def unmute(state: State) -> State:
    """Be silent no more; what is still wrong is told with the next answer."""
    return msgspec.structs.replace(state, muted_until=None)
