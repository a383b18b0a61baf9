"""What an exporter of metrics is told: of events at once; of links and circuits when it asks, on its own thread."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from integration.links.values import Link, Linked
from integration.tally import Key
from integration.telemetry.metrics import DEAD_LETTERS, EVENTS, PARKED, tell

type Point = tuple[float, dict[str, str]]

CIRCUITS = {"closed": 0.0, "half_open": 0.5, "open": 1.0}
LINKED, NOT_TRUSTED, NOT_LINKED = 1.0, 0.5, 0.0


def counted(key: Key) -> None:
    """Tell what was counted to who measures."""
    known = {"organization": key.organization, "source": key.source, "target": key.target, "reason": key.reason}
    tell(EVENTS, outcome="received" if key.what == "in" else key.what, **known)
    if key.what in ("dead_lettered", "parked"):
        del known["source"]
        tell(DEAD_LETTERS if key.what == "dead_lettered" else PARKED, **known)


def link_states(links: Mapping[str, Link]) -> Iterator[Point]:
    """Say whether each organization is linked, as far as it is known."""
    for name, link in links.items():
        state = (LINKED if link.trusted else NOT_TRUSTED) if isinstance(link, Linked) else NOT_LINKED
        yield state, {"organization": name}


def link_ages(links: Mapping[str, Link], now: datetime) -> Iterator[Point]:
    """Say how many seconds ago Dataverse gave each answer."""
    for name, link in links.items():
        yield max(0.0, (now - link.checked_at).total_seconds()), {"organization": name}


def circuit_states(states: Mapping[str, str]) -> Iterator[Point]:
    """Say how far each circuit is from letting all pass."""
    for name, state in states.items():
        yield CIRCUITS[state], {"target": name}
