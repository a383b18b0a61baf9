"""Filters of one route that no event can pass together: refused at load.

What counts is one key compared twice. An array's elements may pass one comparison each (a line above 10, another below
5), so two comparisons of a data key are refused only when no *single* value passes both, with the hint to put them into
an `all` group if the key is an array: inside a group nothing is assumed. Where a `Not` operator excludes all that a
positive one admits, no array helps either.
"""

import math
from collections.abc import Iterator
from itertools import combinations, product
from typing import Any

from integration.routing.conditions import Test, shown
from integration.routing.event_types import EVENT_TYPES
from integration.routing.keys import ALIASES, DATA

_MOST = 50  # pairs grow with the square; nobody writes more filters on one key by hand
_ARRAY_HINT = "if the key holds an array whose elements may each pass one, join them in { all = [ … ] }"


def contradictions(tests: list[Test]) -> Iterator[tuple[str, str, str]]:
    """Find the tests that cannot hold together with an earlier one.

    Args:
        tests: All of them must hold.

    Yields:
        The later test's place, what is wrong, and a hint.
    """
    keys: dict[tuple[str, tuple[str, ...]], list[Test]] = {}
    for test in tests:
        keys.setdefault((_attribute(test.key.root), test.key.path), []).append(test)
    if len(keys) == len(tests):
        return
    for same in keys.values():
        for first, second in combinations(same[:_MOST], 2):
            excluded = _excluded(first, second) or _excluded(second, first)
            # Event Grid's own filters with arrays enabled come as they are: there the elements are meant.
            pasted = first.place.startswith("filter.") and second.place.startswith("filter.")
            single = not (first.key.root == DATA and first.many and second.many)
            apart = not excluded and (single or not pasted) and _apart(first, second)
            if excluded or apart:
                message = f"contradicts {first.place} on {first.key.text}: no value passes both"
                yield second.place, message, "" if excluded or single else _ARRAY_HINT


def _attribute(root: str) -> str:
    """Return the attribute that a key means in all but odd events, which have an extension of such a name."""
    return root if root == "topic" else ALIASES.get(root, root)


def _excluded(positive: Test, other: Test) -> bool:
    """Tell whether `other` fails for every event that `positive` admits, arrays included."""
    if other.operator.name == "IsNullOrUndefined":
        return not positive.operator.missing and positive.operator.name != "IsNullOrUndefined"
    if not other.operator.negated or positive.operator.negated or not _same_view(positive, other):
        return False
    kind = positive.operator.index
    if kind == "equal":
        return not any(map(other.judge(), positive.values))
    if kind == "range":
        spans = other.values if other.operator.takes == "ranges" else ()
        return all(any(a <= low and high <= b for a, b in spans) for low, high in positive.values)
    name = other.operator.name
    return bool(kind) and all(any(_implied(kind, own, name, part) for part in other.values) for own in positive.values)


def _implied(kind: str, own: str, negated: str, part: str) -> bool:
    """Tell whether text with this prefix, suffix or part always fails the negated operator."""
    if kind not in {"prefix", "suffix", "contains"}:
        return False
    if negated == "StringNotBeginsWith":
        return kind == "prefix" and own.startswith(part)
    if negated == "StringNotEndsWith":
        return kind == "suffix" and own.endswith(part)
    return negated == "StringNotContains" and part in own


def _apart(first: Test, second: Test) -> bool:
    """Tell whether no single value passes both positive tests."""
    if first.operator.negated or second.operator.negated or "null" in {first.operator.family, second.operator.family}:
        return False
    if first.operator.family != second.operator.family:
        return first.key.root == DATA  # an attribute has no type of its own: each operator reads it as it needs
    if not _same_view(first, second):
        return False
    for test, other in ((first, second), (second, first)):
        if test.operator.index == "equal" or (test.operator is EVENT_TYPES and "*" not in "".join(test.values)):
            return not any(map(other.judge(), test.values))
    if first.operator.family == "number":
        return not any(_overlap(a, b) for a, b in product(_intervals(first), _intervals(second)))
    return _no_common_text({first.operator.index, second.operator.index}, first.values, second.values)


def _no_common_text(kinds: set[str], first: tuple[str, ...], second: tuple[str, ...]) -> bool:
    pairs = list(product(first, second))
    if kinds == {"prefix"}:
        return not any(a.startswith(b) or b.startswith(a) for a, b in pairs)
    return kinds == {"suffix"} and not any(a.endswith(b) or b.endswith(a) for a, b in pairs)


def _same_view(first: Test, second: Test) -> bool:
    """Tell whether both read the key in the same form (`exact` text and folded text are two forms)."""
    one_key = first.key.root == DATA or first.key.root != second.key.root  # the same attribute by another name
    return first.read is second.read or (one_key and first.operator.family == second.operator.family)


type _Interval = tuple[tuple[float, int], tuple[float, int]]


def _intervals(test: Test) -> list[_Interval]:
    """Return what a number test admits as [low, high], an open end shifted by an infinitesimal (the second part)."""
    lowest, highest = (-math.inf, 0), (math.inf, 0)
    values: tuple[Any, ...] = test.values
    match test.operator.index:
        case "above":
            return [((values[0], 1), highest)]
        case "from":
            return [((values[0], 0), highest)]
        case "below":
            return [(lowest, (values[0], -1))]
        case "to":
            return [(lowest, (values[0], 0))]
        case "range":
            return [((low, 0), (high, 0)) for low, high in values]
        case other:
            msg = f"{shown(other)} is not an interval"
            raise AssertionError(msg)


def _overlap(first: _Interval, second: _Interval) -> bool:
    return max(first[0], second[0]) <= min(first[1], second[1])
