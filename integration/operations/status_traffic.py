"""What flows, for the status page: hours, sources and targets; pure."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from integration.config.keys.sources import Source
from integration.config.keys.targets import Target
from integration.delivery.breaking.circuit_rows import Standing as Circuit
from integration.delivery.breaking.circuit_rows import state_at
from integration.health.levels import Level, level_of, worst
from integration.health.machine import State
from integration.health.standing import Standing, Watched
from integration.health.totals import Seen, Totals
from integration.operations.status_shapes import Hour, LetterStatus, SourceStatus, TargetStatus
from integration.storage.names import EVENTS, RETRIES

HOURS = 24
MOST = 100
"""How many sources, and how many targets, are shown."""
MOST_LETTERS = 20
"""How many dead letters are shown."""
_ORDER: Mapping[Level, int] = {"fail": 0, "warn": 1, "pass": 2}
_OWN = (EVENTS, RETRIES)
"""The worker's own queues: watched as sources are, and shown while something is wrong with them."""


def hours(totals: Totals, now: datetime) -> tuple[Hour, ...]:
    """Give the last 24 hours, the one that is not over included, the oldest first."""
    counted = totals.hourly()
    latest = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    found: list[Hour] = []
    for back in range(HOURS - 1, -1, -1):
        at = latest - timedelta(hours=back)
        of = counted.get(at, {})
        found.append(
            Hour(
                at=at,
                received=of.get("in", 0),
                delivered=of.get("delivered", 0),
                deferred=of.get("deferred", 0),
                dead_lettered=of.get("dead_lettered", 0),
            )
        )
    return tuple(found)


def sources(
    configured: Mapping[str, Source], standings: Mapping[Watched, Standing], seen: Mapping[str, Seen], totals: Totals
) -> list[SourceStatus]:
    """Give every source that is switched on, those with trouble first.

    Args:
        configured: By name.
        standings: What the watch remembers.
        seen: When each had its latest event, as of the last fold.
        totals: What was counted since, too.
    """
    latest = totals.seen()
    failed = totals.by("failed", lambda key: key.source)
    buried = totals.by("dead_lettered", lambda key: key.source)
    kinds = {name: _kind(source) for name, source in configured.items() if source.enabled}
    kinds |= {name: "own queue" for name in _OWN if name not in kinds and _level(name, standings) != "pass"}
    found: list[SourceStatus] = []
    for name, kind in kinds.items():
        state = _state("source", name, standings)
        before = seen[name].at if name in seen else None
        answer = state.answer
        ill = answer is not None and answer.is_unhealthy
        found.append(
            SourceStatus(
                name=name,
                kind=kind,
                level=level_of("source", state),
                last_event_at=max(filter(None, (before, latest.get(name))), default=None),
                failed=failed.get(name, 0),
                dead_lettered=buried.get(name, 0),
                code=answer.code if answer is not None and ill else "",
                message=answer.message if answer is not None and ill else "",
            )
        )
    return sorted(found, key=lambda each: (_ORDER[each.level], each.name))


def targets(
    configured: Mapping[str, Target],
    standings: Mapping[Watched, Standing],
    circuits: Mapping[str, Circuit],
    totals: Totals,
    now: datetime,
) -> list[TargetStatus]:
    """Give every target that is switched on, those with trouble first; one that is left alone is a warning.

    Args:
        configured: By name.
        standings: What the watch remembers.
        circuits: What the fleet knows of them.
        totals: What was counted.
        now: The time.
    """
    rates, waiting = totals.error_rates(), totals.waiting(now)
    found: list[TargetStatus] = []
    for name, target in configured.items():
        if not target.enabled:
            continue
        row = circuits.get(name)
        circuit = state_at(row, now)
        is_open = row is not None and circuit != "closed"
        level = level_of("target", _state("target", name, standings))
        found.append(
            TargetStatus(
                name=name,
                kind=_kind(target),
                level=worst([level, "warn" if is_open else "pass"]),
                circuit=circuit,
                since=row.since if row is not None and is_open else None,
                code=row.code if row is not None and is_open else "",
                error_rate=rates.get(name),
                oldest_waiting=waiting.get(name),
            )
        )
    return sorted(found, key=lambda each: (_ORDER[each.level], each.name))


def letters(totals: Totals) -> tuple[LetterStatus, ...]:
    """Give the latest dead letters: the first ones of each kind in each five minutes are known one by one."""
    return tuple(
        LetterStatus(
            id=first.letter,
            at=first.at,
            organization=key.organization,
            reason=key.reason,
            type=first.type,
            event=first.id,
            route=first.route,
            command=f"fno-link dead-letters replay {first.letter}",
        )
        for key, first in totals.letters()[:MOST_LETTERS]
    )


def _kind(configured: Source | Target) -> str:
    return str(configured.__struct_config__.tag)


def _state(sort: str, name: str, standings: Mapping[Watched, Standing]) -> State:
    watched = Watched("target" if sort == "target" else "source", name)
    standing = standings.get(watched)
    return standing.states.get(sort, State()) if standing is not None else State()


def _level(name: str, standings: Mapping[Watched, Standing]) -> Level:
    return level_of("source", _state("source", name, standings))
