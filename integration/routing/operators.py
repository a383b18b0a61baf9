"""The operators of Event Grid's advanced filters, with the semantics of "Event filtering for Azure Event Grid".

From that page: string comparisons ignore case; a filter with several values is an OR; where the key holds an array,
positive operators match when any element does and `Not` operators fail when any element does; elements of another type
than the filter's are ignored; ranges include both ends; a missing key matches `NumberNotIn`, `StringNotIn` and
`IsNullOrUndefined` and no other operator (`StringNotContains`, `StringNotBeginsWith`, `StringNotEndsWith`: no match).

Where the page is silent, ours: `NumberNotInRange` matches a missing key as `NumberNotIn` does; null counts as missing;
a single value of another type is ignored as an array's element would be (so `Not` operators match it); an empty array
is a value without elements; integers compare exactly, beyond 53 bits too; case is folded by Unicode's full folding.
"""

from collections.abc import Callable, Iterable
from typing import Any, Literal

import msgspec

from integration.routing.readers import TUPLE, kind_of

type Accepts = Callable[[Any], bool]
type Family = Literal["number", "string", "bool", "null"]
type Takes = Literal["value", "values", "ranges", "nothing"]


class Operator(msgspec.Struct, frozen=True):
    """One operator.

    Args:
        name: Event Grid's name.
        family: What kind of value it compares; values of another kind are ignored.
        takes: `value`, `values`, `ranges` (values that are pairs) or nothing.
        one: Makes the test of one value from the filter's values; it ignores values of another kind.
        negated: Whether it holds when no value passes the test.
        missing: Whether it holds for an event without the key.
        index: How the table finds filters of this operator by an event's value; empty: it tries them one by one.
    """

    name: str
    family: Family
    takes: Takes
    one: Callable[[tuple[Any, ...]], Accepts]
    negated: bool = False
    missing: bool = False
    index: Literal["", "equal", "prefix", "suffix", "contains", "range", "above", "from", "below", "to"] = ""

    def accepts(self, values: tuple[Any, ...]) -> Accepts:
        """Make the test of a value as `readers` reads it: one value, a tuple of them, or None."""
        if self.family == "null" or self.takes == "value":
            return self.one(values)  # these operators handle arrays themselves
        one = self.one(values)
        if not self.negated:
            if self.index == "equal" and self.family == "string":
                return _text_in(values)
            return lambda value: any(map(one, value)) if type(value) is TUPLE else one(value)
        missing = self.missing

        def accepts(value: Any) -> bool:
            if value is None:
                return missing
            return not any(map(one, value)) if type(value) is TUPLE else not one(value)

        return accepts


def _text_in(values: tuple[Any, ...]) -> Accepts:
    members = frozenset[Any](values)
    return lambda value: not members.isdisjoint(value) if type(value) is TUPLE else value in members


def _number_in(values: tuple[Any, ...]) -> Accepts:
    members = frozenset[Any](values)
    return lambda value: type(value) is not bool and value in members


def _within(values: tuple[Any, ...]) -> Accepts:
    def one(value: Any) -> bool:
        kind = kind_of(value)
        return (kind is int or kind is float) and any(low <= value <= high for low, high in values)

    return one


def _above(values: tuple[Any, ...]) -> Accepts:
    (bound,) = values

    def one(value: Any) -> bool:
        kind = kind_of(value)
        return value > bound if kind is float or kind is int else kind is TUPLE and any(map(one, value))

    return one


def _at_least(values: tuple[Any, ...]) -> Accepts:
    (bound,) = values

    def one(value: Any) -> bool:
        kind = kind_of(value)
        return value >= bound if kind is float or kind is int else kind is TUPLE and any(map(one, value))

    return one


def _below(values: tuple[Any, ...]) -> Accepts:
    (bound,) = values

    def one(value: Any) -> bool:
        kind = kind_of(value)
        return value < bound if kind is float or kind is int else kind is TUPLE and any(map(one, value))

    return one


def _at_most(values: tuple[Any, ...]) -> Accepts:
    (bound,) = values

    def one(value: Any) -> bool:
        kind = kind_of(value)
        return value <= bound if kind is float or kind is int else kind is TUPLE and any(map(one, value))

    return one


def _text_member(values: tuple[Any, ...]) -> Accepts:
    return frozenset[Any](values).__contains__


def _same_boolean(values: tuple[Any, ...]) -> Accepts:
    (wanted,) = values
    return lambda value: value is wanted or (type(value) is TUPLE and any(each is wanted for each in value))


def _begins(values: tuple[Any, ...]) -> Accepts:
    return lambda value: type(value) is str and value.startswith(values)


def _ends(values: tuple[Any, ...]) -> Accepts:
    return lambda value: type(value) is str and value.endswith(values)


def _contains(values: tuple[Any, ...]) -> Accepts:
    return lambda value: type(value) is str and any(part in value for part in values)


def _is_null(_: tuple[Any, ...]) -> Accepts:
    return lambda value: value is None


def _is_not_null(_: tuple[Any, ...]) -> Accepts:
    return lambda value: value is not None


def _pair(positive: str, negative: str, family: Family, takes: Takes, **how: Any) -> Iterable[Operator]:
    missing = how.pop("missing")
    yield Operator(positive, family, takes, **how)
    yield Operator(negative, family, takes, how["one"], negated=True, missing=missing)


OPERATORS: dict[str, Operator] = {
    each.name: each
    for each in (
        *_pair("NumberIn", "NumberNotIn", "number", "values", one=_number_in, missing=True, index="equal"),
        Operator("NumberLessThan", "number", "value", _below, index="below"),
        Operator("NumberLessThanOrEquals", "number", "value", _at_most, index="to"),
        Operator("NumberGreaterThan", "number", "value", _above, index="above"),
        Operator("NumberGreaterThanOrEquals", "number", "value", _at_least, index="from"),
        *_pair("NumberInRange", "NumberNotInRange", "number", "ranges", one=_within, missing=True, index="range"),
        Operator("BoolEquals", "bool", "value", _same_boolean, index="equal"),
        *_pair("StringIn", "StringNotIn", "string", "values", one=_text_member, missing=True, index="equal"),
        *_pair(
            "StringBeginsWith", "StringNotBeginsWith", "string", "values", one=_begins, missing=False, index="prefix"
        ),
        *_pair("StringEndsWith", "StringNotEndsWith", "string", "values", one=_ends, missing=False, index="suffix"),
        *_pair(
            "StringContains", "StringNotContains", "string", "values", one=_contains, missing=False, index="contains"
        ),
        Operator("IsNullOrUndefined", "null", "nothing", _is_null),
        Operator("IsNotNull", "null", "nothing", _is_not_null),
    )
}
"""Every operator by its name."""
