"""The closures that an index is made of.

A node is `visit(event, seen, found)`: `seen` holds the values read so far, by the function that read them; `found`
collects ordinals of routes.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from integration.events.event import Event
from integration.routing.conditions import Condition, Group
from integration.routing.readers import TUPLE, Read, kind_of
from integration.routing.search import Bounds, Parts, Prefixes, Ranges

type Seen = dict[Read, Any]
type Visit = Callable[[Event, Seen, list[int]], None]
type Holds = Callable[[Event, Seen], bool]
type _Reached = Callable[[Any], Sequence[Visit]]

_UNREAD: Final = object()


def leaf(free: tuple[int, ...], checked: tuple[tuple[int, tuple[Holds, ...]], ...]) -> Visit:
    """Make the end of a path: routes without, and routes with conditions that are still open."""
    if not checked:
        if len(free) == 1:
            (only,) = free
            return lambda _event, _seen, found: found.append(only)
        return lambda _event, _seen, found: found.extend(free)

    def visit(event: Event, seen: Seen, found: list[int]) -> None:
        found.extend(free)
        for ordinal, conditions in checked:
            for condition in conditions:
                if not condition(event, seen):
                    break
            else:
                found.append(ordinal)

    return visit


def lookup(  # noqa: PLR0913 (one for each kind of lookup)
    read: Read,
    *,
    texts: Mapping[str, Visit],
    numbers: Mapping[float, Visit],
    booleans: Mapping[bool, Visit],
    prefixes: Mapping[str, Visit],
    suffixes: Mapping[str, Visit],
    parts: Mapping[str, Visit],
    bounds: Mapping[str, Sequence[tuple[float, Visit]]],
    ranges: Sequence[tuple[tuple[float, float], Visit]],
) -> Visit:
    """Make a node that reads one key and goes on where its value leads."""
    in_text = _in_text(texts, prefixes, suffixes, parts)
    in_numbers = _in_numbers(numbers, bounds, ranges)

    def reached(value: Any) -> Sequence[Visit]:
        kind = kind_of(value)
        if kind is str:
            return in_text(value)
        if kind is int or kind is float:
            return in_numbers(value)
        if kind is bool and value in booleans:
            return (booleans[value],)
        return ()

    if not (numbers or booleans or prefixes or suffixes or parts or bounds or ranges):
        return _by_text(read, dict(texts), reached)

    def visit(event: Event, seen: Seen, found: list[int]) -> None:
        value = seen.get(read, _UNREAD)
        if value is _UNREAD:
            value = seen[read] = read(event)
        for each in value if type(value) is TUPLE else (value,):
            for child in reached(each):
                child(event, seen, found)

    return visit


def _by_text(read: Read, texts: dict[str, Visit], reached: _Reached) -> Visit:
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
                for child in reached(each):
                    child(event, seen, found)

    return visit


def _in_text(
    texts: Mapping[str, Visit], prefixes: Mapping[str, Visit], suffixes: Mapping[str, Visit], parts: Mapping[str, Visit]
) -> _Reached:
    beginnings = Prefixes[Visit].of(prefixes)
    endings = Prefixes[Visit].of({text[::-1]: child for text, child in suffixes.items()})
    contained = Parts[Visit].of(parts)
    if not (texts or suffixes or parts):
        return beginnings.find

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


def _in_numbers(
    numbers: Mapping[float, Visit],
    bounds: Mapping[str, Sequence[tuple[float, Visit]]],
    ranges: Sequence[tuple[tuple[float, float], Visit]],
) -> _Reached:
    passed = Bounds[Visit].of(bounds)
    held = Ranges[Visit].of(ranges)
    if not (numbers or ranges):
        return passed.find

    def reached(value: float) -> Sequence[Visit]:
        found: list[Visit] = [numbers[value]] if value in numbers else []
        if bounds:
            found += passed.find(value)
        if held is not None:
            found += held.find(value)
        return found

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
    read, accepts = condition.read, condition.accepts

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
