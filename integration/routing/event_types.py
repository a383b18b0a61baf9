"""Event types with `*`: workflow ids carry an instance number, `Workflow_BudgetPlan_000002_…_WorkItem`.

`*` stands for any characters, none included; everything else is itself. Case is ignored, as in every comparison here.
"""

from typing import Any

from integration.routing.keys import Key
from integration.routing.operators import Accepts, Operator

TYPE = Key("type", "type")


def _any_of(patterns: tuple[Any, ...]) -> Accepts:
    exact = frozenset(pattern for pattern in patterns if "*" not in pattern)
    globs = tuple(tuple(pattern.split("*")) for pattern in patterns if "*" in pattern)
    if not globs:
        return exact.__contains__
    return lambda value: value in exact or any(fits(value, parts) for parts in globs)


def fits(text: str, parts: tuple[str, ...]) -> bool:
    """Tell whether text is these parts with anything between them; linear in the text for each part."""
    first, *middle, last = parts
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for part in middle:
        at = text.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True


EVENT_TYPES = Operator("event_types", "string", "values", _any_of)
"""The comparison behind `event_types` and `includedEventTypes`."""
