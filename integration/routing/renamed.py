"""Alerts that are called otherwise than before: a route that names the old type means the new one, too.

Nobody may lose an alert by an update. `config check` says what to write instead.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from integration.events import alerts
from integration.routing.keys import ALIASES, Key
from integration.routing.operators import Operator

TYPE_KEYS = frozenset({"type", *(alias for alias, name in ALIASES.items() if name == "type")})


def with_new_names(key: Key, operator: Operator, values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the values of a test with what the types are called now that it finds by their old names.

    Args:
        key: What the test reads.
        operator: How it compares; of one that is negated, what it leaves out stays left out.
        values: Case-folded.
    """
    if key.root not in TYPE_KEYS or operator.family != "string" or operator.takes != "values":
        return values
    finds = operator.one(values)
    return (*values, *(now for before, now in alerts.FORMER.items() if finds(before) and not finds(now)))


def old_names(key: Key, operator: Operator, values: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """Find what a test calls by an old name.

    Args:
        key: What the test reads.
        operator: How it compares.
        values: As written.

    Yields:
        What is written, and what it should be.
    """
    if key.root not in TYPE_KEYS or operator.family != "string" or operator.takes != "values":
        return
    for value in values:
        finds = operator.one((value.casefold(),))
        yield from ((value, now) for before, now in alerts.FORMER.items() if finds(before) and not finds(now))
