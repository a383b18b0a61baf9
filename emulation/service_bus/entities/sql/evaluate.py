"""What the operators mean: three-valued logic, and C#'s promotions between types.

Unknown is None, as is NULL. Operands that C# would not compare or calculate with (text and number) give unknown.
"""

import math
import operator
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, cast

type Truth = bool | None
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
INT64 = 2**63


def both(left: Truth, right: Truth) -> Truth:
    """AND."""
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def either(left: Truth, right: Truth) -> Truth:
    """OR."""
    if left is True or right is True:
        return True
    return None if left is None or right is None else False


def negated(value: Truth) -> Truth:
    """NOT."""
    return None if value is None else not value


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def compare(symbol: str, left: Any, right: Any) -> Truth:
    """Compare two values; unknown where they cannot be compared."""
    if left is None or right is None:
        return None
    alike = (_number(left) and _number(right)) or _family(left) is _family(right)
    if not alike or (isinstance(left, bool) and symbol not in {"=", "<>", "!="}):
        return None
    return _COMPARISONS[symbol](left, right)


def _family(value: object) -> type:
    return str if isinstance(value, str) else bool if isinstance(value, bool) else type(value)


def calculate(symbol: str, left: Any, right: Any) -> Any:
    """Calculate; integers stay integers (division cuts towards zero), text can be joined."""
    if symbol == "+" and isinstance(left, str) and isinstance(right, str):
        return left + right
    if not _number(left) or not _number(right):
        return None
    left, right = cast("float", left), cast("float", right)
    if symbol in {"/", "%"}:
        return _divide(symbol, left, right)
    return _wrapped({"+": operator.add, "-": operator.sub, "*": operator.mul}[symbol](left, right))


def _divide(symbol: str, left: float, right: float) -> float | None:
    if isinstance(left, int) and isinstance(right, int):
        if right == 0:
            return None
        quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
        return quotient if symbol == "/" else left - quotient * right
    if right == 0:
        return None if symbol == "%" or left == 0 else math.copysign(math.inf, left)
    return left / right if symbol == "/" else math.fmod(left, right)


def _wrapped(value: Any) -> Any:
    if isinstance(value, int):
        return (value + INT64) % (2 * INT64) - INT64
    return value


def signed(symbol: str, value: Any) -> Any:
    """Apply a sign."""
    if not _number(value):
        return None
    return _wrapped(-value) if symbol == "-" else value


def like(value: Any, pattern: Any, escape: Any) -> Truth:
    """Match text against a pattern of `%` and `_`."""
    if not isinstance(value, str) or not isinstance(pattern, str):
        return None
    return _regex(str(pattern), None if escape is None else str(escape)).fullmatch(value) is not None


@lru_cache(maxsize=512)
def _regex(pattern: str, escape: str | None) -> re.Pattern[str]:
    parts: list[str] = []
    characters = iter(pattern)
    for character in characters:
        if character == escape:
            parts.append(re.escape(next(characters, character)))
        else:
            parts.append({"%": ".*", "_": "."}.get(character) or re.escape(character))
    return re.compile("".join(parts), re.DOTALL)


def within(value: Any, candidates: list[Any]) -> Truth:
    """IN: unknown only where the value is."""
    if value is None:
        return None
    return any(compare("=", value, candidate) for candidate in candidates)
