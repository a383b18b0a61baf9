"""The index behind a route table: an event reaches the routes that could match it, not all of them.

A tree of keys. A node reads one key of the event and goes on only to those routes whose condition on that key the value
meets: by a dictionary for equality, by bisection for prefixes, suffixes, bounds and ranges, by three letters for parts
of text. The condition is then proven and never evaluated again; the rest of a route's conditions is tried at the
leaves, cheapest first. Every key is read at most once per event.

A node is a closure `visit(event, seen, found)`: `seen` holds the values read so far, `found` the ordinals of routes.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from integration.events.event import Event
from integration.routing.conditions import Condition, Group, Test
from integration.routing.event_types import EVENT_TYPES
from integration.routing.nodes import Branches, Holds, Seen, Visit, cost, holds, leaf, lookup
from integration.routing.readers import Read

type Way = tuple[str, Any, bool]
"""One way to meet a condition: the kind of lookup, the stored value, and whether a hit proves the condition."""
type Choice = tuple[Test, tuple[Way, ...]]
"""A test that a lookup can answer, with its ways."""


class Entry(msgspec.Struct, frozen=True, eq=False):
    """A route on one path of the tree.

    Args:
        ordinal: Of the route.
        choices: Tests not yet proven that a lookup can answer.
        others: Conditions that have to be tried.
        paths: How many paths lead to this route so far.
    """

    ordinal: int
    choices: tuple[Choice, ...]
    others: tuple[Condition, ...]
    paths: int = 1


_SMALL = 1  # for fewer, trying the route costs less than a node
_DEEPEST = 8
_MOST_PATHS = 64  # of one route through lists of values of several keys
_WEIGHT = {"equal": 8, "prefix": 4, "suffix": 4, "range": 2, "above": 2, "from": 2, "below": 2, "to": 2, "contains": 1}
_NUMERIC = {"above", "from", "below", "to", "range"}
_FAMILIES = {str: "equal:str", int: "equal:number", float: "equal:number", bool: "equal:bool"}


def build(routes: Iterable[tuple[int, tuple[Condition, ...]]]) -> Visit:
    """Build the index.

    Args:
        routes: Ordinals and their conditions, all of which must hold.

    Returns:
        A function that appends to `found` the ordinal of every route whose conditions hold; a route that is reached on
        several paths may be appended more than once, and the order is not that of the ordinals.
    """
    return _Builder().node([_entry(ordinal, conditions) for ordinal, conditions in routes], 0)


def _entry(ordinal: int, conditions: tuple[Condition, ...]) -> Entry:
    choices: list[Choice] = []
    others: list[Condition] = []
    for condition in conditions:
        ways = _ways(condition) if isinstance(condition, Test) else ()
        if ways and isinstance(condition, Test):
            choices.append((condition, ways))
        else:
            others.append(condition)
    return Entry(ordinal, tuple(choices), tuple(others))


class _Builder:
    """Builds nodes; equal sets of routes share one node."""

    def __init__(self) -> None:
        self._shared: dict[tuple[tuple[int, tuple[Choice, ...], tuple[Condition, ...]], ...], Visit] = {}
        self._holds: dict[Any, Holds] = {}

    def node(self, entries: list[Entry], depth: int) -> Visit:
        """Build the tree below a set of routes."""
        if len(entries) <= _SMALL or depth >= _DEEPEST:
            return self._leaf(entries)
        by_key, unindexed = _divide(entries)
        nodes: list[Visit] = []
        for read, chosen in by_key.items():
            if len(chosen) <= _SMALL:
                unindexed.extend(entry for entry, _ in chosen)
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

    def _lookup(self, read: Read, chosen: list[tuple[Entry, Choice]], depth: int) -> Visit:
        buckets: dict[str, dict[Any, list[Entry]]] = {}
        for entry, choice in chosen:
            test, ways = choice
            rest = tuple([each for each in entry.choices if each is not choice])
            paths = entry.paths * len(ways)
            proven = Entry(entry.ordinal, rest, entry.others, paths)
            open_still = (
                None
                if all(proves for _, _, proves in ways)
                else (Entry(entry.ordinal, rest, (*entry.others, test), paths))
            )
            for kind, value, proves in ways:
                family = _FAMILIES[type(value)] if kind == "equal" else kind
                below = buckets.setdefault(family, {}).setdefault(value, [])
                below.append(proven if proves or open_still is None else open_still)
        free, checked = self._terminal(buckets)
        return lookup(
            read,
            Branches(
                texts=self._children(buckets, "equal:str", depth),
                numbers=self._children(buckets, "equal:number", depth),
                booleans=self._children(buckets, "equal:bool", depth),
                prefixes=self._children(buckets, "prefix", depth),
                suffixes=self._children(buckets, "suffix", depth),
                parts=self._children(buckets, "contains", depth),
                free_ranges=free.pop("range", []),
                ranges=checked.pop("range", []),
                free_bounds=free,
                bounds=checked,
            ),
        )

    def _children(self, buckets: dict[str, dict[Any, list[Entry]]], family: str, depth: int) -> dict[Any, Visit]:
        return {value: self._child(entries, depth) for value, entries in buckets.get(family, {}).items()}

    def _child(self, entries: list[Entry], depth: int) -> Visit:
        if entries[0].paths == 1:
            return self.node(entries, depth + 1)
        # Routes with lists of values reach the same set of routes by several values; not the same where one value
        # proves a condition that the other leaves open.
        identity = tuple([(entry.ordinal, entry.choices, entry.others) for entry in entries])
        child = self._shared.get(identity)
        if child is None:
            child = self._shared[identity] = self.node(entries, depth + 1)
        return child

    def _terminal(
        self, buckets: dict[str, dict[Any, list[Entry]]]
    ) -> tuple[dict[str, list[tuple[Any, int]]], dict[str, list[tuple[Any, Visit]]]]:
        free: dict[str, list[tuple[Any, int]]] = {}
        checked: dict[str, list[tuple[Any, Visit]]] = {}
        for kind in _NUMERIC & buckets.keys():
            for value, entries in buckets[kind].items():
                done = [entry for entry in entries if not (entry.choices or entry.others)]
                free.setdefault(kind, []).extend((value, entry.ordinal) for entry in done)
                if len(done) < len(entries):
                    rest = [entry for entry in entries if entry.choices or entry.others]
                    checked.setdefault(kind, []).append((value, self._leaf(rest)))
        return {kind: pairs for kind, pairs in free.items() if pairs}, checked

    def _leaf(self, entries: Sequence[Entry]) -> Visit:
        free: list[int] = []
        checked: dict[tuple[Holds, ...], list[int]] = {}
        for entry in entries:
            conditions = [*(test for test, _ in entry.choices), *entry.others]
            if conditions:
                conditions.sort(key=cost)
                checked.setdefault(tuple(map(self.holds, conditions)), []).append(entry.ordinal)
            else:
                free.append(entry.ordinal)
        return leaf(tuple(free), tuple((tuple(ordinals), conditions) for conditions, ordinals in checked.items()))

    def holds(self, condition: Condition) -> Holds:
        """Compile a condition for a leaf; equal tests share one closure."""
        if isinstance(condition, Group):
            return holds(condition)
        identity = (condition.read, condition.operator.name, condition.values)
        shared = self._holds.get(identity)
        if shared is None:
            shared = self._holds[identity] = holds(condition)
        return shared


def _divide(entries: list[Entry]) -> tuple[dict[Read, list[tuple[Entry, Choice]]], list[Entry]]:
    """Give each route the key that tells most routes apart."""
    weights: dict[Read, int] = {}
    distinct: dict[Read, set[Any]] = {}
    for entry in entries:
        for test, ways in entry.choices:
            kind, value, _ = ways[0]
            weights[test.read] = weights.get(test.read, 0) + _WEIGHT[kind]
            distinct.setdefault(test.read, set()).add(value)
    scores = {read: weight * len(distinct[read]) / (len(distinct[read]) + 1) for read, weight in weights.items()}
    by_key: dict[Read, list[tuple[Entry, Choice]]] = {}
    unindexed: list[Entry] = []
    for entry in entries:
        best: Choice | None = None
        score = 0.0
        for choice in entry.choices:
            test, ways = choice
            few = entry.paths == 1 or entry.paths * len(ways) <= _MOST_PATHS
            if few and scores[test.read] > score:
                best, score = choice, scores[test.read]
        if best is None:
            unindexed.append(entry)
        else:
            by_key.setdefault(best[0].read, []).append((entry, best))
    return by_key, unindexed


def _ways(test: Test) -> tuple[Way, ...]:
    """Return the ways to meet a condition by lookup; none where it must be tried."""
    if test.operator is EVENT_TYPES:
        return tuple(_of_pattern(pattern) for pattern in dict.fromkeys(test.values))
    kind = test.operator.index
    return tuple((kind, value, True) for value in dict.fromkeys(test.values)) if kind else ()


def _of_pattern(pattern: str) -> Way:
    first, *rest = pattern.split("*")
    if not rest:
        return "equal", first, True
    if first:
        return "prefix", first, not any(rest)
    if rest[-1]:
        return "suffix", rest[-1], not any(rest[:-1])
    parts = [part for part in rest if part]
    return "contains", max(parts, key=len), len(parts) == 1
