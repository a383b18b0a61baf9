"""How bad a machine's state is, and what its last answer says of a link: pure, and the same for every page."""

from collections.abc import Iterable, Mapping
from typing import Literal

from integration.events.alerts.types import LOST, type_of
from integration.health.machine import State

type Level = Literal["pass", "warn", "fail"]
"""As in `application/health+json`."""
type LinkState = Literal["linked", "not_linked", "unknown"]

_GRAVE = frozenset({"integration", "finance_operations", "trust", "storage"})
"""Whose incidents are a failure; those of the others are a warning: something waits, or will fail."""


def worst(levels: Iterable[Level]) -> Level:
    """Give the worst; `pass` where there is none."""
    found = set(levels)
    return "fail" if "fail" in found else "warn" if "warn" in found else "pass"


def level_of(kind: str, state: State) -> Level:
    """Say how bad it is with one machine.

    Args:
        kind: What it is about.
        state: Where it is.
    """
    if state.incident is not None:
        return "fail" if kind in _GRAVE else "warn"
    if state.answer is None:
        return "warn" if kind == "integration" else "pass"
    return "warn" if state.phase != "ok" or state.answer.is_unhealthy else "pass"


def level_of_organization(states: Mapping[str, State]) -> Level:
    """Say how bad it is with an organization: one that was never asked is a warning."""
    integration = level_of("integration", states.get("integration", State()))
    return worst([integration, *(level_of(kind, each) for kind, each in states.items())])


def link_state(state: State) -> LinkState:
    """Say of an organization what its last answer says: a link that could not be asked for is not known.

    Args:
        state: Of its `integration` machine.
    """
    if state.answer is None:
        return "unknown"
    if state.answer.health == "ok":
        return "linked"
    lost = type_of("integration", state.answer.health, state.answer.code, "triggered") == LOST
    return "not_linked" if lost else "unknown"
