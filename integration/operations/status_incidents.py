"""Incidents, for the status page: pure."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from integration.health.incidents import Ended
from integration.health.machine import Incident, State
from integration.health.standing import Standing, Watched
from integration.operations.causes import Causes
from integration.operations.status_shapes import IncidentStatus

MOST_OPEN = 50
"""How many open ones are shown, the oldest: a cause that all fail by has one."""
MOST_ENDED = 20
"""How many of those that are over are shown, the latest."""


def open_incidents(standings: Mapping[Watched, Standing], now: datetime) -> tuple[list[IncidentStatus], int]:
    """Give those that are open, the oldest first; one that another explains is counted with that one.

    Returns:
        Those that are shown, and how many are open in all.
    """
    found, causes = list(_open(standings)), Causes(standings)
    # One whose cause nobody speaks for is shown: else nothing of it would be.
    told = [each for each in found if causes.leader(each[1].inhibited_by) is None]
    shown = [
        _written(
            watched.name, incident, state, now, explains=len(causes.explained(causes.spoken_for(watched, incident)))
        )
        for watched, incident, state in sorted(told, key=lambda each: (each[1].since, each[1].id))[:MOST_OPEN]
    ]
    return shown, len(found)


def ended_incidents(
    standings: Mapping[Watched, Standing], ended: Iterable[Ended], now: datetime
) -> list[IncidentStatus]:
    """Give the latest of those that are over.

    Args:
        standings: What the watch remembers: it may know of one that is not among the others yet.
        ended: Those that are kept.
        now: The time.
    """
    known = {each.incident.id: (each.name, each.incident) for each in ended}
    for watched, standing in standings.items():
        known |= {incident.id: (watched.name, incident) for incident in standing.unfiled}
    over = sorted(known.values(), key=lambda each: (each[1].ended_at or each[1].since, each[1].id), reverse=True)
    return [_written(name, incident, None, now) for name, incident in over[:MOST_ENDED]]


def _open(standings: Mapping[Watched, Standing]) -> Iterator[tuple[Watched, Incident, State]]:
    for watched, standing in standings.items():
        for state in standing.states.values():
            if state.incident is not None:
                yield watched, state.incident, state


def _written(name: str, incident: Incident, state: State | None, now: datetime, *, explains: int = 0) -> IncidentStatus:
    return IncidentStatus(
        id=incident.id,
        subject=name,
        check=incident.kind,
        since=incident.since,
        ended_at=incident.ended_at,
        code=incident.code,
        message=incident.message,
        hint=incident.hint,
        acknowledged_by=incident.acknowledged_by,
        muted_until=state.muted_until if state is not None and state.is_muted(now) else None,
        explains=explains,
    )
