"""What whoever measures is told at the end of a health round, of the whole fleet.

On Azure every function is a process of its own: what one knows of links and circuits is its own view. The round has
asked everybody and read every row, and one round is held in the fleet at a time.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import get_args

from integration.health.check import Kind
from integration.health.machine import ONE_AFTER_THE_OTHER, State
from integration.health.standing import Standing, Watched
from integration.telemetry.instruments import tell
from integration.telemetry.metrics import CIRCUIT, INCIDENTS, LINK_AGE, LINK_STATE, Metric
from integration.telemetry.providers import PROVIDERS

type Point = tuple[Metric, float, dict[str, str]]

MACHINES = ("integration", *(kind for kind in get_args(Kind.__value__) if kind not in ONE_AFTER_THE_OTHER))
LINKED, NOT_TRUSTED, NOT_LINKED = 1.0, 0.5, 0.0


def told(standings: Mapping[Watched, Standing], now: datetime) -> None:
    """Tell how everything stands; nothing is worked out where nobody measures."""
    if PROVIDERS.meter() is None:
        return
    for metric, value, about in points(standings, now):
        tell(metric, value, **about)


def points(standings: Mapping[Watched, Standing], now: datetime) -> Iterator[Point]:
    """Give what is told.

    Args:
        standings: Those of all whom the configuration names.
        now: The time.

    Returns:
        Open incidents by machine, none left out; of each organization, as far as a definite answer about its link is
        known, what it was and how old it is; of each target whether its circuit is open.
    """
    incidents = Counter(dict.fromkeys(MACHINES, 0))
    for watched, standing in standings.items():
        incidents.update(kind for kind, state in standing.states.items() if state.incident is not None)
        match watched.sort:
            case "organization":
                yield from _of_link(watched.name, standing, now)
            case "target":
                is_open = _is_bad(standing.states.get("target"))
                yield CIRCUIT, float(is_open), {"target": watched.name}
            case _:
                pass
    for kind, count in incidents.items():
        yield INCIDENTS, float(count), {"check": kind}


def _of_link(name: str, standing: Standing, now: datetime) -> Iterator[Point]:
    link = standing.past.get("link")
    if link is None or link.answer.health not in {"ok", "bad"}:
        return
    state = NOT_LINKED
    if link.answer.health == "ok":
        state = NOT_TRUSTED if _is_bad(standing.states.get("trust")) else LINKED
    yield LINK_STATE, state, {"organization": name}
    yield LINK_AGE, max(0.0, (now - link.at).total_seconds()), {"organization": name}


def _is_bad(state: State | None) -> bool:
    return state is not None and state.answer is not None and state.answer.health == "bad"
