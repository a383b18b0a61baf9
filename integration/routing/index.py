"""The index behind a route table: an event reaches the routes that could match it, not all of them.

A tree of keys. A node reads one key of the event and goes on only to those routes whose condition on that key the value
meets: by a dictionary for equality, by bisection for prefixes, suffixes, bounds and ranges, by three letters for parts
of text. The condition is then proven and never evaluated again; the rest of a route's conditions is tried at the
leaves, cheapest first. Every key is read at most once per event.

A node is a closure `visit(event, seen, found)`: `seen` holds the values read so far, `found` the ordinals of routes.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from integration.events.event import Event
from integration.routing.conditions import Condition, Group, Test
from integration.routing.event_types import EVENT_TYPES
from integration.routing.nodes import Holds, Seen, Visit, cost, holds, leaf, lookup
from integration.routing.readers import Read

type Alternative = tuple[str, Any, bool]
"""One way to meet a condition: the kind of lookup, the stored value, and whether a hit proves the condition."""
type Entry = tuple[int, tuple[Condition, ...], int]
"""A route's ordinal, the conditions not yet proven on this path, and how many paths lead to it so far."""

_SMALL = 2  # below, trying each route costs less than a node
_DEEPEST = 8
_MOST_PATHS = 64  # of one route through lists of values of several keys
_WEIGHT = {"equal": 8, "prefix": 4, "suffix": 4, "range": 2, "above": 2, "from": 2, "below": 2, "to": 2, "contains": 1}
_ONE_SIDED = ("above", "from", "below", "to")
_FAMILIES = {str: "equal:str", int: "equal:number", float: "equal:number", bool: "equal:bool"}


def build(routes: Iterable[tuple[int, tuple[Condition, ...]]]) -> Visit:
    """Build the index.

    Args:
        routes: Ordinals and their conditions, all of which must hold.

    Returns:
        A function that appends to `found` the ordinal of every route whose conditions hold; a route that is reached on
        several paths may be appended more than once, and the order is not that of the ordinals.
    """
    return _Builder().node([(ordinal, conditions, 1) for ordinal, conditions in routes], 0)


class _Builder:
    """Builds nodes; equal sets of routes share one node."""

    def __init__(self) -> None:
        self._shared: dict[tuple[Entry, ...], Visit] = {}
        self._alternatives: dict[int, tuple[Alternative, ...]] = {}
        self._holds: dict[Any, Holds] = {}

    def node(self, entries: list[Entry], depth: int) -> Visit:
        """Build the tree below a set of routes."""
        if len(entries) <= _SMALL or depth >= _DEEPEST:
            return self._leaf(entries)
        by_key, unindexed = self._divide(entries)
        nodes: list[Visit] = []
        for read, chosen in by_key.items():
            if len(chosen) <= _SMALL:
                unindexed.extend(entry for entry, _, _ in chosen)
            else:
                nodes.append(self._lookup(read, chosen, depth))
        if unindexed:
            nodes.append(self._leaf(unindexed))
        if len(nodes) == 1:
            return nodes[0]
        several = tuple(nodes)

        def visit(event: Event, seen: Seen, found: list[int]) -> None:
            for each in several:
                each(event, seen, found)

        return visit

    def _divide(
        self, entries: list[Entry]
    ) -> tuple[dict[Read, list[tuple[Entry, Test, tuple[Alternative, ...]]]], list[Entry]]:
        """Give each route the key that tells most routes apart."""
        weights: dict[Read, int] = {}
        distinct: dict[Read, set[Any]] = {}
        usable: list[tuple[Entry, list[tuple[Test, tuple[Alternative, ...]]]]] = []
        for entry in entries:
            tests = list(self._indexable(entry))
            usable.append((entry, tests))
            for test, ways in tests:
                weights[test.read] = weights.get(test.read, 0) + min(_WEIGHT[kind] for kind, _, _ in ways)
                distinct.setdefault(test.read, set()).update(value for _, value, _ in ways[:4])
        scores = {read: weight * len(distinct[read]) / (len(distinct[read]) + 1) for read, weight in weights.items()}
        by_key: dict[Read, list[tuple[Entry, Test, tuple[Alternative, ...]]]] = {}
        unindexed: list[Entry] = []
        for entry, tests in usable:
            if tests:
                test, ways = max(tests, key=lambda each: scores[each[0].read])
                by_key.setdefault(test.read, []).append((entry, test, ways))
            else:
                unindexed.append(entry)
        return by_key, unindexed

    def _indexable(self, entry: Entry) -> Iterable[tuple[Test, tuple[Alternative, ...]]]:
        _, conditions, paths = entry
        for condition in conditions:
            if isinstance(condition, Test):
                ways = self._alternatives.get(id(condition))
                if ways is None:
                    ways = self._alternatives[id(condition)] = _alternatives(condition)
                if ways and (paths == 1 or paths * len(ways) <= _MOST_PATHS):
                    yield condition, ways

    def _lookup(self, read: Read, chosen: list[tuple[Entry, Test, tuple[Alternative, ...]]], depth: int) -> Visit:
        buckets: dict[str, dict[Any, list[Entry]]] = {}
        for (ordinal, conditions, paths), test, ways in chosen:
            rest = tuple(each for each in conditions if each is not test)
            for kind, value, proves in ways:
                entry = (ordinal, rest if proves else conditions, paths * len(ways))
                family = _FAMILIES[type(value)] if kind == "equal" else kind
                buckets.setdefault(family, {}).setdefault(value, []).append(entry)
        return lookup(
            read,
            texts=self._children(buckets, "equal:str", depth),
            numbers=self._children(buckets, "equal:number", depth),
            booleans=self._children(buckets, "equal:bool", depth),
            prefixes=self._children(buckets, "prefix", depth),
            suffixes=self._children(buckets, "suffix", depth),
            parts=self._children(buckets, "contains", depth),
            bounds={kind: self._terminal(buckets, kind) for kind in _ONE_SIDED if kind in buckets},
            ranges=self._terminal(buckets, "range"),
        )

    def _children(self, buckets: dict[str, dict[Any, list[Entry]]], family: str, depth: int) -> dict[Any, Visit]:
        return {value: self._child(tuple(entries), depth) for value, entries in buckets.get(family, {}).items()}

    def _terminal(self, buckets: dict[str, dict[Any, list[Entry]]], family: str) -> list[tuple[Any, Visit]]:
        return [(value, self._leaf(entries)) for value, entries in buckets.get(family, {}).items()]

    def _child(self, entries: tuple[Entry, ...], depth: int) -> Visit:
        child = self._shared.get(entries)
        if child is None:
            child = self._shared[entries] = self.node(list(entries), depth + 1)
        return child

    def _leaf(self, entries: Sequence[Entry]) -> Visit:
        free = [ordinal for ordinal, conditions, _ in entries if not conditions]
        checked = [
            (ordinal, tuple(self.holds(each) for each in sorted(conditions, key=cost)))
            for ordinal, conditions, _ in entries
            if conditions
        ]
        return leaf(tuple(free), tuple(checked))

    def holds(self, condition: Condition) -> Holds:
        """Compile a condition for a leaf; equal tests share one closure."""
        if isinstance(condition, Group):
            return holds(condition)
        identity = (condition.read, condition.operator.name, condition.values)
        shared = self._holds.get(identity)
        if shared is None:
            shared = self._holds[identity] = holds(condition)
        return shared


def _alternatives(test: Test) -> tuple[Alternative, ...]:
    """Return the ways to meet a condition by lookup; none where it must be tried."""
    if test.operator is EVENT_TYPES:
        return tuple(_of_pattern(pattern) for pattern in dict.fromkeys(test.values))
    kind = test.operator.index
    return tuple((kind, value, True) for value in dict.fromkeys(test.values)) if kind else ()


def _of_pattern(pattern: str) -> Alternative:
    first, *rest = pattern.split("*")
    if not rest:
        return "equal", first, True
    if first:
        return "prefix", first, not any(rest)
    if rest[-1]:
        return "suffix", rest[-1], not any(rest[:-1])
    parts = [part for part in rest if part]
    return "contains", max(parts, key=len), len(parts) == 1
