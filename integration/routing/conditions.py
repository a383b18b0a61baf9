"""Conditions: what one entry of `filters` says, parsed and checked.

An entry is a test, `{ operator = "StringIn", key = "data.LegalEntity", values = ["usmf"] }`, or a group: `any` (one
member holds), `all` (every member holds) or `not` (the member does not hold; a list counts as `all`). Groups nest.
"""

import math
from collections.abc import Iterable
from typing import Any, Literal, cast

import msgspec

from integration.errors import Problem
from integration.routing.keys import Key, UnreadableKey, parse_key
from integration.routing.operators import OPERATORS, Accepts, Operator
from integration.routing.readers import Read, View, reader
from integration.routing.renamed import with_new_names

GROUPS = ("any", "all", "not")
DEEPEST = 32
_TEST_KEYS = {"operator": "operator", "operatortype": "operator", "key": "key", "value": "value", "values": "values"}
_VIEWS: dict[str, View] = {"number": "number", "string": "text", "bool": "boolean", "null": "presence"}


class Test(msgspec.Struct, frozen=True, eq=False):
    """One comparison of one key.

    Args:
        place: Where it is written, below the route: `filters[0]`.
        operator: The operator, or ours for event types.
        key: What it reads.
        written: What it compares with, as written.
        values: The same, text case-folded where the comparison ignores case.
        read: Reads the key's value from an event.
        many: Whether arrays are opened.
    """

    place: str
    operator: Operator
    key: Key
    written: tuple[Any, ...]
    values: tuple[Any, ...]
    read: Read
    many: bool = True

    def judge(self) -> Accepts:
        """Make the function that judges the key's value, as `read` returns it."""
        return self.operator.accepts(self.values)

    @property
    def needs_link(self) -> bool:
        """Whether it can be judged only for an event that is stamped with its link."""
        return self.key.needs_link


class Group(msgspec.Struct, frozen=True, eq=False):
    """Conditions joined by `any`, `all` or `not`."""

    place: str
    kind: Literal["any", "all", "not"]
    members: tuple["Condition", ...]

    @property
    def needs_link(self) -> bool:
        """Whether any member can be judged only for a stamped event."""
        return any(member.needs_link for member in self.members)


type Condition = Test | Group


def make_test(  # noqa: PLR0913 (a record's fields)
    place: str, operator: Operator, key: Key, written: tuple[Any, ...], *, arrays: bool = True, exact: bool = False
) -> Test:
    """Compile one comparison; `exact` compares text with its case."""
    view: View = "exact" if exact else _VIEWS[operator.family]
    values = written
    if operator.family == "string" and not exact:
        values = tuple([value.casefold() for value in written])
    values = with_new_names(key, operator, written if values == written else values)
    read = reader(key, view, arrays=arrays)
    return Test(place, operator, key, written, values, read, arrays)


class Parser:
    """Parse the conditions of one route, collecting every problem.

    Args:
        place: The route's place in the configuration, `routes[3]`.
        file: The configuration's file, for problems.
        problems: Where problems are added.
    """

    def __init__(self, place: str, file: str, problems: list[Problem]) -> None:
        self.place = place
        self.file = file
        self.problems = problems

    def problem(self, where: str, message: str, hint: str = "") -> None:
        """Add a problem at a place below the route."""
        self.problems.append(Problem(f"{self.place}.{where}" if where else self.place, message, hint, self.file))

    def condition(self, raw: Any, where: str, *, arrays: bool = True, depth: int = 0) -> Condition | None:
        """Parse one entry; None when it has problems.

        Args:
            raw: The entry as decoded from TOML or JSON.
            where: Its place below the route, `filters[0]`.
            arrays: Whether its tests open arrays.
            depth: How many groups it is inside of.
        """
        if not isinstance(raw, dict):
            self.problem(where, f"is {shown(raw)}, not a table", "write { operator = …, key = …, values = … }")
            return None
        entry = cast("dict[str, Any]", raw)
        groups = [name for name in GROUPS if name in entry]
        if groups:
            return self._group(entry, groups, where, arrays=arrays, depth=depth)
        return self._test(entry, where, arrays=arrays)

    def _group(self, entry: dict[str, Any], kinds: list[str], where: str, *, arrays: bool, depth: int) -> Group | None:
        if len(entry) > 1:
            others = ", ".join(shown(name) for name in sorted(map(str, entry)) if name != kinds[0])
            self.problem(
                where, f"mixes `{kinds[0]}` with {others}", "a group has one of any, all, not and nothing else"
            )
            return None
        kind = cast('Literal["any", "all", "not"]', kinds[0])
        if depth >= DEEPEST:
            self.problem(where, f"nests groups deeper than {DEEPEST}")
            return None
        raw = entry[kind]
        place = f"{where}.{kind}"
        single = kind == "not" and isinstance(raw, dict)
        if not single and (not isinstance(raw, (list, tuple)) or not raw):
            self.problem(place, f"is {shown(raw)}", "write a list of one or more filters")
            return None
        parsed = [
            self.condition(member, place if single else f"{place}[{i}]", arrays=arrays, depth=depth + 1)
            for i, member in enumerate([raw] if single else cast("list[Any]", raw))
        ]
        sound = tuple(member for member in parsed if member is not None)
        return Group(where, kind, sound) if len(sound) == len(parsed) else None

    def _test(self, raw: dict[str, Any], where: str, *, arrays: bool) -> Test | None:
        before = len(self.problems)
        entry: dict[str, Any] = {}
        for name, value in raw.items():
            known = _TEST_KEYS.get(str(name).lower())
            if known is None:
                self.problem(f"{where}.{name}", "is not known", "a filter has operator, key, value or values")
            elif known in entry:
                self.problem(f"{where}.{name}", "is given twice (`operatorType` and `operator` are the same)")
            else:
                entry[known] = value
        operator = self._operator(entry, where)
        key = self._key(entry, where)
        values = self._values(entry, operator, where) if operator is not None else None
        if operator is None or key is None or values is None or len(self.problems) > before:
            return None
        return make_test(where, operator, key, values, arrays=arrays)

    def _operator(self, entry: dict[str, Any], where: str) -> Operator | None:
        name = entry.get("operator")
        if isinstance(name, str) and name in OPERATORS:
            return OPERATORS[name]
        allowed = "allowed: " + ", ".join(OPERATORS)
        if name is None:
            self.problem(f"{where}.operator", "is missing", allowed)
        else:
            self.problem(
                f"{where}.operator", f"{shown(name)} is not an operator", did_you_mean(name, OPERATORS) + allowed
            )
        return None

    def _key(self, entry: dict[str, Any], where: str) -> Key | None:
        text = entry.get("key")
        if not isinstance(text, str):
            message = "is missing" if text is None else f"is {shown(text)}, not text"
            self.problem(f"{where}.key", message, "name a field, `data.LegalEntity`, or an attribute, `subject`")
            return None
        try:
            return parse_key(text)
        except UnreadableKey as error:
            self.problem(f"{where}.key", str(error))
            return None

    def _values(self, entry: dict[str, Any], operator: Operator, where: str) -> tuple[Any, ...] | None:
        takes, name = operator.takes, operator.name
        wanted = {"value": "value", "nothing": ""}.get(takes, "values")
        for given in ("value", "values"):
            if given != wanted and given in entry:
                hint = (
                    f"{name} takes `{wanted}`: {_EXAMPLES[operator.family, takes]}" if wanted else f"{name} takes none"
                )
                self.problem(f"{where}.{given}", f"does not belong to {name}", hint)
        if not wanted:
            return ()
        if wanted not in entry:
            self.problem(f"{where}.{wanted}", "is missing", f"{name}: {_EXAMPLES[operator.family, takes]}")
            return None
        given = entry[wanted]
        if takes == "value":
            given = [given]
        if not isinstance(given, (list, tuple)) or not given:
            self.problem(f"{where}.values", f"is {shown(given)}", f"{name}: {_EXAMPLES[operator.family, takes]}")
            return None
        faults = [
            (f"{where}.{wanted}" + ("" if takes == "value" else f"[{i}]"), fault)
            for i, value in enumerate(cast("list[Any]", given))
            if (fault := _fault(value, operator))
        ]
        for place, fault in faults:
            self.problem(place, fault, f"{name}: {_EXAMPLES[operator.family, takes]}")
        if faults:
            return None
        return tuple(tuple(value) if takes == "ranges" else value for value in cast("list[Any]", given))


_EXAMPLES: dict[tuple[str, str], str] = {
    ("number", "value"): "value = 1000",
    ("number", "values"): "values = [1, 2.5]",
    ("number", "ranges"): "values = [[1, 10], [100, 200]], low end first",
    ("bool", "value"): "value = true",
    ("string", "values"): 'values = ["usmf", "demf"]',
}


def _fault(value: Any, operator: Operator) -> str:
    """Say what is wrong with one value of a filter; empty when nothing is."""
    if operator.takes == "ranges":
        return _range_fault(value)
    if operator.family == "number":
        return "" if _is_number(value) else f"is {shown(value)}, not a number"
    if operator.family == "bool":
        return "" if isinstance(value, bool) else f"is {shown(value)}, not true or false"
    if not isinstance(value, str):
        return f"is {shown(value)}, not text"
    if not value and not operator.name.endswith("In"):
        return "is empty text, which every text contains"
    return ""


def _range_fault(value: Any) -> str:
    if not isinstance(value, (list, tuple)) or len(cast("list[Any]", value)) != 2:  # noqa: PLR2004 (a pair)
        return f"is {shown(value)}, not a pair of numbers"
    low, high = cast("list[Any]", value)
    if not (_is_number(low) and _is_number(high)):
        return f"is {shown(cast('Any', value))}, not a pair of numbers"
    return f"is a range whose low end {low} is above its high end {high}" if low > high else ""


def _is_number(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def shown(value: Any, most: int = 60) -> str:
    """Write a value as JSON, shortened, for a message."""
    if isinstance(value, int) and value.bit_length() > 256:  # noqa: PLR2004 (beyond any field; str() may refuse it)
        return "a number of more than 77 digits"
    try:
        text = msgspec.json.encode(value).decode()
    except (TypeError, ValueError, RecursionError, OverflowError):
        text = f"a {type(value).__name__}"
    return text if len(text) <= most else text[: most - 1] + "…"


def did_you_mean(name: Any, known: Iterable[str]) -> str:
    """Offer the nearest known name, as the beginning of a hint; empty when none is near."""
    from difflib import get_close_matches  # noqa: PLC0415 (only on the way to an error: import budget)

    lowered = {each.lower(): each for each in known}
    near = get_close_matches(str(name)[:80].lower(), lowered, n=1, cutoff=0.6)
    return f"did you mean {lowered[near[0]]}? " if near else ""
