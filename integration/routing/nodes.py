"""The closures that an index is made of.

A node is `visit(event, seen, found)`: `seen` holds the values read so far, by the function that read them; `found`
collects ordinals of routes.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from integration.events.event import Event
from integration.routing.conditions import Condition, Group
from integration.routing.readers import EVENT_TYPE, TUPLE, Read, kind_of
from integration.routing.search import Parts, Prefixes, bounds_found, ranges_found

type Seen = dict[Read, Any]
type Visit = Callable[[Event, Seen, list[int]], None]
type Holds = Callable[[Event, Seen], bool]

_UNREAD: Final = object()


def leaf(free: tuple[int, ...], checked: tuple[tuple[tuple[int, ...], tuple[Holds, ...]], ...]) -> Visit:
    """Make the end of a path: routes without, and routes with conditions that are still open.

    Args:
        free: Ordinals of routes that match.
        checked: (ordinals, the conditions that these routes have in common and that must hold).
    """
    if not checked:
        if len(free) == 1:
            (only,) = free
            return lambda _event, _seen, found: found.append(only)
        return lambda _event, _seen, found: found.extend(free)

    def visit(event: Event, seen: Seen, found: list[int]) -> None:
        if free:
            found.extend(free)
        for ordinals, conditions in checked:
            for condition in conditions:
                if not condition(event, seen):
                    break
            else:
                found.extend(ordinals)

    return visit


class Branches(msgspec.Struct):
    """Where a node leads, by what its key's value has to be; filled while building.

    `bounds` and `ranges` end paths: they lead to ordinals of routes that then match (`free`), or to a leaf.
    """

    texts: dict[str, Visit]
    numbers: dict[float, Visit]
    booleans: dict[bool, Visit]
    prefixes: dict[str, Visit]
    suffixes: dict[str, Visit]
    parts: dict[str, Visit]
    bounds: dict[str, list[tuple[float, Visit]]]
    free_bounds: dict[str, list[tuple[float, int]]]
    ranges: list[tuple[tuple[float, float], Visit]]
    free_ranges: list[tuple[tuple[float, float], int]]


def lookup(read: Read, to: Branches) -> Visit:
    """Make a node that reads one key and goes on where its value leads."""
    others = (to.numbers, to.booleans, to.prefixes, to.suffixes, to.parts)
    numeric = (to.bounds, to.free_bounds, to.ranges, to.free_ranges)
    return _general(read, to) if any(others) or any(numeric) else _by_text(read, to.texts)


def _general(read: Read, to: Branches) -> Visit:
    in_text, free_numbers = _in_text(to), _free_numbers(to)
    go = _by_kind(to, in_text)

    def visit(event: Event, seen: Seen, found: list[int]) -> None:
        value = seen.get(read, _UNREAD)
        if value is _UNREAD:
            value = seen[read] = read(event)
        if free_numbers is not None and (type(value) is float or type(value) is int):
            found.extend(free_numbers(value))
        elif type(value) is str:
            for child in in_text(value):
                child(event, seen, found)
        elif type(value) is TUPLE:
            for each in value:
                go(each, event, seen, found)
        else:
            go(value, event, seen, found)

    return visit


def _by_kind(to: Branches, in_text: Callable[[str], Sequence[Visit]]) -> Callable[[Any, Event, Seen, list[int]], None]:
    in_numbers, booleans = _in_numbers(to), to.booleans

    def go(value: Any, event: Event, seen: Seen, found: list[int]) -> None:
        kind = kind_of(value)
        if kind is str:
            for child in in_text(value):
                child(event, seen, found)
        elif kind is int or kind is float:
            in_numbers(value, event, seen, found)
        elif kind is bool and value in booleans:
            booleans[value](event, seen, found)

    return go


def _by_text(read: Read, texts: dict[str, Visit]) -> Visit:
    """Make the commonest node, equality of text, with nothing on its way."""
    find = texts.get

    def visit(event: Event, seen: Seen, found: list[int]) -> None:
        value = seen.get(read, _UNREAD)
        if value is _UNREAD:
            value = seen[read] = read(event)
        if type(value) is str:
            child = find(value)
            if child is not None:
                child(event, seen, found)
        elif type(value) is TUPLE:
            for each in value:
                child = find(each)
                if child is not None:
                    child(event, seen, found)

    def visit_type(event: Event, seen: Seen, found: list[int]) -> None:
        child = find(event.type.casefold())
        if child is not None:
            child(event, seen, found)

    return visit_type if read is EVENT_TYPE else visit


def _in_text(to: Branches) -> Callable[[str], Sequence[Visit]]:
    texts, prefixes, suffixes, parts = to.texts, to.prefixes, to.suffixes, to.parts
    beginnings = Prefixes[Visit].of(prefixes)
    if not (texts or suffixes or parts):
        return beginnings.find
    endings = Prefixes[Visit].of({text[::-1]: child for text, child in suffixes.items()})
    contained = Parts[Visit].of(parts)

    def reached(value: str) -> Sequence[Visit]:
        found: list[Visit] = [texts[value]] if value in texts else []
        if prefixes:
            found += beginnings.find(value)
        if suffixes:
            found += endings.find(value[::-1])
        if parts:
            found += contained.find(value)
        return found

    return reached


def _free_numbers(to: Branches) -> Callable[[float], list[int]] | None:
    """Return the one search that a number needs, where it leads to nothing but routes that then match."""
    if to.numbers or to.bounds or to.ranges:
        return None
    searches = [*bounds_found(to.free_bounds), *ranges_found(to.free_ranges)]
    return searches[0] if len(searches) == 1 else None


def _in_numbers(to: Branches) -> Callable[[float, Event, Seen, list[int]], None]:
    numbers = to.numbers
    free: list[Callable[[float], list[int]]] = []
    checked: list[Callable[[float], list[Visit]]] = []
    free += bounds_found(to.free_bounds)
    checked += bounds_found(to.bounds)
    free += ranges_found(to.free_ranges)
    checked += ranges_found(to.ranges)

    def reached(value: float, event: Event, seen: Seen, found: list[int]) -> None:
        if value in numbers:
            numbers[value](event, seen, found)
        for find in free:
            found.extend(find(value))
        for find in checked:
            for child in find(value):
                child(event, seen, found)

    return reached


def holds(condition: Condition) -> Holds:
    """Compile a condition to a closure that reads its key at most once per event."""
    if isinstance(condition, Group):
        members = tuple(holds(member) for member in condition.members)
        if condition.kind == "any":
            return lambda event, seen: any(member(event, seen) for member in members)
        if condition.kind == "all":
            return lambda event, seen: all(member(event, seen) for member in members)
        return lambda event, seen: not all(member(event, seen) for member in members)
    read, accepts = condition.read, condition.judge()

    def test(event: Event, seen: Seen) -> bool:
        value = seen.get(read, _UNREAD)
        if value is _UNREAD:
            value = seen[read] = read(event)
        return accepts(value)

    return test


def cost(condition: Condition) -> int:
    """Estimate what a condition costs to try, for ordering: lookups, then comparisons, then searches, then groups."""
    if isinstance(condition, Group):
        return 100 + sum(map(cost, condition.members))
    dearest = {"StringContains": 20, "StringNotContains": 20, "event_types": 5}
    kind = dearest.get(condition.operator.name, 1)
    return kind * (len(condition.values) if kind > 1 else 1) + len(condition.key.path)
