"""Wordings: regular expressions of an operator that are matched against what a counterpart wrote, in bounded time.

Python's `re` backtracks, and cannot be interrupted: an expression such as `(a+)+$` takes longer than anyone waits on
thirty letters. So the text is cut, and an expression is refused unless the ways to try it are few: `ways` is an upper
bound of them for the longest text there is.
"""

import re
import warnings
from collections.abc import Iterable
from functools import lru_cache

TEXT = 256
"""Characters of a message that are looked at."""
MOST_WAYS = 2**28
"""Two repetitions without an end, from each place of the text, and a few choices beside: a second at the very worst."""

_TOKEN = re.compile(
    r"(?P<escape>\\.)"
    r"|(?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])"
    r"|(?P<comment>\(\?\#[^)]*\))"
    r"|(?P<open>\((?:\?(?:P<[^>]*>|[a-zA-Z]*:|<?[=!]|>|[a-zA-Z-]*:?))?)"
    r"|(?P<close>\))"
    r"|(?P<repeat>(?:[*+?]|\{\d*,?\d*\})[?+]?)"
    r"|(?P<or>\|)"
    r"|(?P<other>.)",
    re.DOTALL,
)


def wording_fault(pattern: str) -> str:
    """Say why an expression is not taken; empty: it is."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what Python warns of, `[[` say, it will read otherwise one day
            re.compile(pattern, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        return f"is no regular expression: {error}"
    if re.search(r"\\[1-9]|\(\?P=|\(\?\(", pattern):
        return "refers back to what it has found"
    if ways(pattern) > MOST_WAYS:
        return "could be tried in too many ways to end in time"
    return ""


def ways(pattern: str) -> int:
    """Return an upper bound of the ways in which a valid expression can be tried on the longest text.

    A sequence multiplies the ways of its parts, alternatives add theirs, a repetition takes those of its inside to the
    power of how often it may be repeated.
    """
    groups: list[list[list[int]]] = [
        [[]]
    ]  # the groups that are open; each its alternatives; each the ways of its parts
    for token in _TOKEN.finditer(pattern):
        match token.lastgroup:
            case "open":
                groups.append([[]])
            case "close" if len(groups) > 1:
                alternatives = groups.pop()
                groups[-1][-1].append(_sum(alternatives))
            case "or":
                groups[-1].append([])
            case "repeat" if groups[-1][-1]:
                groups[-1][-1].append(_repeated(groups[-1][-1].pop(), *_times(token["repeat"])))
            case "comment":
                pass
            case _:
                groups[-1][-1].append(1)
    return TEXT * _sum(groups[0])


def finds(patterns: Iterable[str], message: str) -> bool:
    """Tell whether one of the wordings is in the beginning of a message, in any case.

    Args:
        patterns: Expressions without a fault.
        message: What a counterpart wrote.
    """
    text = message[:TEXT]
    return any(_compiled(pattern).search(text) for pattern in patterns)


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _times(repeat: str) -> tuple[int, int]:
    """Return how often a part may be there, at least and at most."""
    match repeat[0]:
        case "*":
            return 0, TEXT
        case "+":
            return 1, TEXT
        case "?":
            return 0, 1
        case _:
            low, comma, high = repeat[1 : repeat.index("}")].partition(",")
            least = int(low or 0)
            return least, (int(high) if high else TEXT) if comma else least


def _repeated(inside: int, least: int, most: int) -> int:
    if inside == 1:
        return max(1, min(most, TEXT) - min(least, TEXT) + 1)
    # What can be tried in two ways or more, tens of times over, is beyond any bound already.
    return min(inside ** min(most, 64), MOST_WAYS) * (min(most, TEXT) - min(least, TEXT) + 1)


def _sum(alternatives: list[list[int]]) -> int:
    total = 0
    for parts in alternatives:
        product = 1
        for part in parts:
            product = min(product * part, MOST_WAYS + 1)
        total += product
    return total
