"""`$filter` of the Web API: comparisons of a column with a literal, joined by `and` and `or`.

Source: the page "Filter rows using OData". What is not read here is an error, as it is to Dataverse, never no rows.
"""

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

type Test = Callable[[Mapping[str, Any]], bool]

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
_COMPARISON = re.compile(
    r"\s*(?P<column>[A-Za-z_]\w*)\s+(?P<operator>eq|ne|gt|ge|lt|le)\s+"
    r"(?P<literal>'(?:[^']|'')*'|-?\d+(?:\.\d+)?|true|false|null|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})"
    r"(?:\s+(?P<joined>and|or)\s|\s*\Z)"
)
_GUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}


def read_filter(text: str) -> Test:
    """Read a filter; `and` binds closer than `or`.

    Raises:
        ValueError: It is not such a filter.
    """
    alternatives: list[list[Test]] = [[]]
    at = 0
    while True:
        found = _COMPARISON.match(text, at)
        if found is None:
            msg = f"Syntax error at position {at} in '{text}'."
            raise ValueError(msg)
        alternatives[-1].append(_test(found["column"], found["operator"], _literal(found["literal"])))
        at = found.end()
        if found["joined"] is None:
            return lambda row: any(all(test(row) for test in tests) for tests in alternatives)
        if found["joined"] == "or":
            alternatives.append([])


def _test(column: str, compare: str, wanted: Any) -> Test:
    def test(row: Mapping[str, Any]) -> bool:
        value = _folded(row.get(column))
        if compare in {"eq", "ne"}:
            return _COMPARE[compare](value, wanted)
        try:
            return _COMPARE[compare](value, wanted)
        except TypeError:
            return False

    return test


def _literal(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if text.startswith("'"):
        return _folded(text[1:-1].replace("''", "'"))
    if _GUID.fullmatch(text):
        return text.lower()
    return float(text) if "." in text else int(text)


def _folded(value: Any) -> Any:
    """Dataverse compares texts without regard to case."""
    return value.lower() if isinstance(value, str) else value
