"""Which open incident speaks for a cause, and which others it explains: pure."""

from collections.abc import Iterator, Mapping, Sequence

from integration.health.machine import Incident
from integration.health.standing import Standing, Watched


class Causes:
    """What one cause has brought about: one incident speaks for it, the others are told by that one.

    Args:
        standings: What the watch remembers, by whom it is about.
    """

    def __init__(self, standings: Mapping[Watched, Standing]) -> None:
        self._standings = standings
        self._leaders: dict[str, Incident] = {}
        self._explained: dict[str, list[str]] = {}
        for watched, incident in self._open():
            if incident.inhibited_by:
                self._explained.setdefault(incident.inhibited_by, []).append(watched.name)
            else:
                self._leaders[self.spoken_for(watched, incident)] = incident

    def spoken_for(self, watched: Watched, incident: Incident) -> str:
        """Name the cause that an incident speaks for; empty: it speaks for itself alone."""
        if incident.inhibited_by or incident.ended_at is not None or watched not in self._standings:
            return ""
        return self._standings[watched].leads.get(incident.kind, "")

    def leader(self, cause: str) -> Incident | None:
        """Give the open incident that is told in place of all that a cause explains, if there is one."""
        return self._leaders.get(cause) if cause else None

    def explained(self, cause: str) -> Sequence[str]:
        """Name those whose open incidents a cause explains."""
        return self._explained.get(cause, []) if cause else []

    def _open(self) -> Iterator[tuple[Watched, Incident]]:
        for watched, standing in self._standings.items():
            for incident in standing.incidents:
                yield watched, incident
