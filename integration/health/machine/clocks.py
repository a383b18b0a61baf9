"""A clock that was set back: what was remembered lies ahead of it."""

from datetime import datetime

import msgspec

from integration.health.machine.state import State


def steadied(state: State, now: datetime) -> State:
    """Take what lies ahead as of now: then no duration is negative, and nothing waits until the clock is there again.

    An incident keeps the time by which it is named, a mute the one until which it was meant. When the next reminder is
    due depends on the settings: see `reminding`.
    """

    def past(at: datetime | None) -> datetime | None:
        return at if at is None or at <= now else now

    incident = state.incident
    if incident is not None:
        incident = msgspec.structs.replace(
            incident,
            since=min(incident.since, now),
            told_at=past(incident.told_at),
            acknowledged_at=past(incident.acknowledged_at),
        )
    return msgspec.structs.replace(
        state,
        incident=incident,
        checked_at=past(state.checked_at),
        since=past(state.since),
        doubted_since=past(state.doubted_since),
        changes=tuple(min(at, now) for at in state.changes),
        changed_at=past(state.changed_at),
        relinked_at=past(state.relinked_at),
    )
