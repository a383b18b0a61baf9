"""Watching the integration: probe, state machine, alerts."""

from integration.health.state import Alert, State, Verdict, advance
from integration.health.states import States
from integration.health.watch import Watch

__all__ = ["Alert", "State", "States", "Verdict", "Watch", "advance"]
