"""Finding, among many stored values, those that an event's value meets: prefixes, parts, bounds and ranges.

Each structure is built once and never changed. All hold children: whatever the index wants to reach.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence

import msgspec

_FEW_LENGTHS = 3


class Prefixes[T](msgspec.Struct, frozen=True):
    """Stored texts that an event's text begins with.

    Where they have few lengths, one look-up for each length; else one bisection, then a chain of the shorter ones.

    Args:
        lengths: The lengths of the stored texts, where there are few; else empty.
        by_text: The stored texts and their children.
        texts: The stored texts, sorted.
        longest: For each, the place of the longest other one that it begins with; -1 for none.
        children: For each, all children of it and of its chain.
    """

    lengths: tuple[int, ...]
    by_text: dict[str, T]
    texts: list[str]
    longest: list[int]
    children: list[tuple[T, ...]]

    @classmethod
    def of(cls, stored: Mapping[str, T]) -> "Prefixes[T]":
        """Build from text → child."""
        lengths = tuple(sorted({len(text) for text in stored}))
        if len(lengths) <= _FEW_LENGTHS:
            return cls(lengths, dict(stored), [], [], [])
        texts = sorted(stored)
        longest: list[int] = []
        children: list[tuple[T, ...]] = []
        open_ones: list[int] = []
        for at, text in enumerate(texts):
            while open_ones and not text.startswith(texts[open_ones[-1]]):
                open_ones.pop()
            parent = open_ones[-1] if open_ones else -1
            longest.append(parent)
            children.append((*(children[parent] if parent >= 0 else ()), stored[text]))
            open_ones.append(at)
        return cls((), {}, texts, longest, children)

    def find(self, text: str) -> Sequence[T]:
        """Return the children of every stored text that this one begins with."""
        if self.lengths:
            stored = self.by_text
            starts = [text[:length] for length in self.lengths if length <= len(text)]
            return [stored[start] for start in starts if start in stored]
        at = bisect_right(self.texts, text) - 1
        while at >= 0:
            if text.startswith(self.texts[at]):
                return self.children[at]
            at = self.longest[at]
        return ()


class Parts[T](msgspec.Struct, frozen=True):
    """Stored texts that occur in an event's text.

    Where they are fewer than the text has letters, each is tried; else they are found by three letters of theirs.

    Args:
        all: Every stored text and its child.
        short: Those below three letters.
        by_letters: Three letters → the stored texts filed under them.
    """

    all: tuple[tuple[str, T], ...]
    short: tuple[tuple[str, T], ...]
    by_letters: dict[str, list[tuple[str, T]]]

    @classmethod
    def of(cls, stored: Mapping[str, T]) -> "Parts[T]":
        """Build from text → child; each text is filed under its least crowded letters."""
        by_letters: dict[str, list[tuple[str, T]]] = {}
        short: list[tuple[str, T]] = []
        for text, child in stored.items():
            letters = _windows(text)
            if letters:
                least = min(letters, key=lambda each: len(by_letters.get(each, ())))
                by_letters.setdefault(least, []).append((text, child))
            else:
                short.append((text, child))
        return cls(tuple(stored.items()), tuple(short), by_letters)

    def find(self, text: str) -> list[T]:
        """Return the child of every stored text that occurs in this one."""
        if len(self.all) <= len(text):
            return [child for part, child in self.all if part in text]
        found = [child for part, child in self.short if part in text]
        for letters in self.by_letters.keys() & _windows(text):
            found += [child for part, child in self.by_letters[letters] if part in text]
        return found


def _windows(text: str) -> set[str]:
    return {text[at : at + 3] for at in range(len(text) - 2)}


def bounds_found[T](stored: Mapping[str, Sequence[tuple[float, T]]]) -> list[Callable[[float], list[T]]]:
    """Make the searches for stored bounds that a number passes: one bisection and a slice for each kind of bound.

    Args:
        stored: `above`, `from`, `below`, `to` → (bound, child).

    Returns:
        One function for each kind stored, from a number to the children of the bounds that it passes.
    """
    return [_passed(kind, sorted(pairs, key=lambda pair: pair[0])) for kind, pairs in stored.items()]


def _passed[T](kind: str, pairs: list[tuple[float, T]]) -> Callable[[float], list[T]]:
    bounds = [bound for bound, _ in pairs]
    children = [child for _, child in pairs]
    if kind == "above":
        return lambda number: children[: bisect_left(bounds, number)]
    if kind == "from":
        return lambda number: children[: bisect_right(bounds, number)]
    if kind == "below":
        return lambda number: children[bisect_right(bounds, number) :]
    return lambda number: children[bisect_left(bounds, number) :]


def ranges_found[T](stored: Sequence[tuple[tuple[float, float], T]]) -> list[Callable[[float], list[T]]]:
    """Make the search for stored closed ranges that hold a number; none for nothing stored."""
    tree = Ranges[T].of(stored)
    return [] if tree is None else [tree.find]


class Ranges[T](msgspec.Struct, frozen=True):
    """Stored closed ranges that hold an event's number: a centred interval tree.

    Args:
        center: Ranges wholly below are in `lower`, wholly above in `upper`; those that hold it are here.
        by_low: (low ends ascending, their children).
        by_high: (high ends ascending, their children).
        lower: The tree below the centre.
        upper: The tree above it.
    """

    center: float
    by_low: tuple[list[float], list[T]]
    by_high: tuple[list[float], list[T]]
    lower: "Ranges[T] | None"
    upper: "Ranges[T] | None"

    @classmethod
    def of(cls, stored: Sequence[tuple[tuple[float, float], T]]) -> "Ranges[T] | None":
        """Build from ((low, high), child); None for nothing stored."""
        if not stored:
            return None
        ends = sorted(end for (low, high), _ in stored for end in (low, high))
        center = ends[len(ends) // 2]
        here = [each for each in stored if each[0][0] <= center <= each[0][1]]
        by_low = sorted(here, key=lambda each: each[0][0])
        by_high = sorted(here, key=lambda each: each[0][1])
        return cls(
            center,
            ([low for (low, _), _ in by_low], [child for _, child in by_low]),
            ([high for (_, high), _ in by_high], [child for _, child in by_high]),
            cls.of([each for each in stored if each[0][1] < center]),
            cls.of([each for each in stored if each[0][0] > center]),
        )

    def find(self, number: float) -> list[T]:
        """Return the child of every range that holds this number."""
        found: list[T] = []
        node: Ranges[T] | None = self
        while node is not None:
            if number <= node.center:
                lows, children = node.by_low
                found += children[: bisect_right(lows, number)]
                node = node.lower
            else:
                highs, children = node.by_high
                found += children[bisect_left(highs, number) :]
                node = node.upper
        return found
