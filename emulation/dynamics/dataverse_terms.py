"""The terms of a `$filter`: one column with a value, each true, false or neither for a row.

Source: the pages "Filter rows using OData" and "Use wildcard characters in conditions for string values". Neither is
what a comparison with null is, `eq` and `ne` aside; such a row is not answered, nor is it when the term is negated.
"""

import operator
import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from emulation.dynamics.dataverse_schema import MOMENT, NUMBERS, TEXT, UNIQUE, UNKNOWN, BadQuery, Row, moment

type Test = Callable[[Row], bool | None]

COMPARISONS: dict[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "eq": ("Equal", operator.eq),
    "ne": ("NotEqual", operator.ne),
    "gt": ("GreaterThan", operator.gt),
    "ge": ("GreaterThanOrEqual", operator.ge),
    "lt": ("LessThan", operator.lt),
    "le": ("LessThanOrEqual", operator.le),
}
TEXT_FUNCTIONS = {"contains": "%{}%", "startswith": "{}%", "endswith": "%{}"}


class Operand(msgspec.Struct, frozen=True):
    """A side of a comparison.

    Args:
        kind: Its type.
        column: The column, or empty: it is the value.
        value: The literal.
    """

    kind: str
    column: str = ""
    value: Any = None

    def of(self, row: Row) -> Any:
        """Return what it is for a row."""
        return row.get(self.column) if self.column else self.value


def comparison(left: Operand, name: str, right: Operand, *, cased: bool = False) -> Test:
    """Compare a column with a value, or with another column of the row.

    Raises:
        BadQuery: Their types do not go together.
    """
    word, compare = COMPARISONS[name]
    if not _together(left.kind, right.kind):
        msg = (
            "A binary operator with incompatible types was detected. Found operand types "
            f"'{left.kind}' and '{right.kind}' for operator kind '{word}'."
        )
        raise BadQuery(msg)
    as_text = TEXT in (left.kind, right.kind)

    def test(row: Row) -> bool | None:
        one, other = (_comparable(side.of(row), as_text=as_text, cased=cased) for side in (left, right))
        if name in {"eq", "ne"}:
            return compare(one, other)
        if one is None or other is None:
            return None
        try:
            return compare(one, other)
        except TypeError:
            return None  # rows that hold different types in one column

    return test


def text_function(name: str, column: str, kind: str, pattern: str) -> Test:
    """Search a text; `%`, `_`, `[…]` and `[^…]` are wildcards, as of T-SQL's LIKE.

    Raises:
        BadQuery: The column holds no text, or the wildcards cannot be read.
    """
    if kind not in {TEXT, UNKNOWN, UNIQUE, MOMENT}:
        msg = f"No function signature for the function with name '{name}' matches the specified arguments: {kind}."
        raise BadQuery(msg)
    like = _like(TEXT_FUNCTIONS[name].format(pattern))
    return lambda row: bool(like.fullmatch(str(row[column]))) if row.get(column) is not None else False


def among(column: str, values: Sequence[str], *, negated: bool) -> Test:
    """Look a column's value up among texts (`Microsoft.Dynamics.CRM.In`, `NotIn`)."""
    wanted = {value.lower() for value in values}

    def test(row: Row) -> bool | None:
        value = row.get(column)
        if value is None:
            return None
        return (str(value).lower() in wanted) is not negated

    return test


def both(one: Test, other: Test) -> Test:
    """Join by `and`."""

    def test(row: Row) -> bool | None:
        results = (one(row), other(row))
        return False if False in results else None if None in results else True

    return test


def either(one: Test, other: Test) -> Test:
    """Join by `or`."""

    def test(row: Row) -> bool | None:
        results = (one(row), other(row))
        return True if True in results else None if None in results else False

    return test


def negated(one: Test) -> Test:
    """Negate; neither stays neither."""

    def test(row: Row) -> bool | None:
        result = one(row)
        return None if result is None else not result

    return test


def _together(one: str, other: str) -> bool:
    if one == other or UNKNOWN in (one, other) or {one, other} <= NUMBERS:
        return True
    # The page's own example quotes an id; and what a column of texts holds may look like an id or a day.
    return TEXT in (one, other) and bool({one, other} & {UNIQUE, MOMENT})


def _comparable(value: Any, *, as_text: bool, cased: bool) -> Any:
    if not isinstance(value, str):
        return value
    at = None if as_text else moment(value)
    return at or (value if cased else value.lower())


def _like(pattern: str) -> re.Pattern[str]:
    parts: list[str] = []
    for part in re.findall(r"\[\^?[^\]]+\]|.", pattern, re.DOTALL):
        match part:
            case "%":
                parts.append(".*")
            case "_":
                parts.append(".")
            case _ if len(part) > 1:
                negation, members = ("^", part[2:-1]) if part[1] == "^" else ("", part[1:-1])
                parts.append(
                    f"[{negation}{re.sub(r'([\\\[\]^&|~])', r'\\\1', members)}]" if members else re.escape(part)
                )
            case _:
                parts.append(re.escape(part))
    try:
        return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)
    except re.error as error:
        msg = f"The wildcards of '{pattern}' cannot be read: {error}."
        raise BadQuery(msg) from error
