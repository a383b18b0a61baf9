"""The query options of a set of rows, read before any row is.

Sources: the pages "Use OData to query data", "Order rows using OData", "Join tables using OData" and "Query table
definitions using the Web API".
An option that Dataverse does not know, or the emulator does not play, is an error: it never changes nothing.
"""

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from emulation.dynamics.dataverse_expand import split_options
from emulation.dynamics.dataverse_filter import read_filter
from emulation.dynamics.dataverse_schema import BadQuery, Row, Schema, moment
from emulation.dynamics.dataverse_terms import Test

_OF_ROWS = frozenset({"$select", "$filter", "$orderby", "$top", "$count", "$skiptoken", "$expand"})
_OF_ONE_ROW = frozenset({"$select", "$expand"})
_OF_RELATED = frozenset({"$select", "$filter", "$orderby", "$top", "$expand"})
_OF_DEFINITIONS = frozenset({"$select", "$filter"})
_NOT_PLAYED = frozenset({"$apply", "sql", "fetchXml", "savedQuery", "userQuery"})
_ORDER = re.compile(r"\s*(\w+)(?:\s+(asc|desc))?\s*")


class Query(msgspec.Struct, frozen=True):
    """What is asked of a set of rows.

    Args:
        select: Columns to answer; empty: all.
        test: Which rows; None: all.
        order: Columns to order by, and whether descending.
        top: How many rows at most; None: no limit.
        count: Whether to answer how many rows pass the test.
        skip_token: Where the page before ended, as its link says; empty: the first page.
        expand: Relationships to follow, and what is asked of the rows that each leads to.
    """

    select: tuple[str, ...] = ()
    test: Test | None = None
    order: tuple[tuple[str, bool], ...] = ()
    top: int | None = None
    count: bool = False
    skip_token: str = ""
    expand: tuple[tuple[str, "Query"], ...] = ()


def read_query(options: Iterable[tuple[str, str]], schema: Schema, *, one: bool = False) -> Query:
    """Read the options of a request.

    Args:
        options: Names and values as they came.
        schema: The columns there are.
        one: Whether a single row is asked for.

    Raises:
        BadQuery: An option is unknown, given twice or cannot be read, or names no column.
    """
    known = _OF_ONE_ROW if one else _OF_DEFINITIONS if schema.metadata else _OF_ROWS
    return _read(options, schema, known)


def _read(options: Iterable[tuple[str, str]], schema: Schema, known: frozenset[str]) -> Query:
    given: dict[str, str] = {}
    for name, value in options:
        if name in _NOT_PLAYED:
            msg = f"The emulated Web API does not evaluate the query parameter {name}."
            raise BadQuery(msg)
        if name not in known:
            msg = f"The query parameter {name} is not supported"
            raise BadQuery(msg)
        if name in given:
            msg = f"Query option '{name}' was specified more than once, but it must be specified at most once."
            raise BadQuery(msg)
        given[name] = value
    return Query(
        select=_select(given["$select"], schema) if given.get("$select") else (),
        test=read_filter(given["$filter"], schema) if "$filter" in given else None,
        order=_order(given["$orderby"], schema) if "$orderby" in given else (),
        top=_top(given["$top"]) if "$top" in given else None,
        count=_count(given["$count"]) if "$count" in given else False,
        skip_token=given.get("$skiptoken", ""),
        expand=_expand(given["$expand"], schema) if "$expand" in given else (),
    )


def selected(row: Row, query: Query, schema: Schema) -> dict[str, Any]:
    """Return the columns of a row that are asked for, with their annotations; every column of the schema is there."""
    if query.select:
        wanted = {*query.select, schema.key}
        shown = dict.fromkeys(query.select) | {
            name: value for name, value in row.items() if name.startswith("@") or name.partition("@")[0] in wanted
        }
    else:
        shown = {name: None for name in schema.columns if name != schema.key} | dict(row)
    return shown | {name: _led(row, name, inner, schema) for name, inner in query.expand}


def ordered(rows: Iterable[Row], query: Query) -> list[Row]:
    """Return rows that pass the test, in the order asked for, the top of them."""
    passed = [row for row in rows if query.test is None or query.test(row) is True]
    # Null comes first when ascending, as SQL Server orders; the least significant column is sorted first.
    for column, descending in reversed(query.order):
        passed = sorted(passed, key=lambda row: _rank(row.get(column)), reverse=descending)
    return passed[: query.top]


def _rank(value: Any) -> tuple[int, Any]:
    match value:
        case None:
            return 0, 0
        case bool() | int() | float():
            return 1, value
        case str() if at := moment(value):
            return 2, at
        case _:
            return 3, str(value).lower()


def _led(row: Row, name: str, query: Query, schema: Schema) -> Any:
    related = schema.related[name]
    inner = related.schema()
    found = [selected(each, query, inner) for each in ordered(related.rows(row), query)]
    return found if related.many else next(iter(found), None)


def _expand(text: str, schema: Schema) -> tuple[tuple[str, Query], ...]:
    if not schema.related:
        raise BadQuery("The emulated Web API does not evaluate the query parameter $expand here.")
    expanded: list[tuple[str, Query]] = []
    for name, options in split_options(text):
        related = schema.related.get(name)
        if related is None:
            msg = f"Could not find a property named '{name}' on type 'Microsoft.Dynamics.CRM.{schema.entity}'."
            raise BadQuery(msg)
        expanded.append((name, _read(options, related.schema(), _OF_RELATED)))
    return tuple(expanded)


def _select(text: str, schema: Schema) -> tuple[str, ...]:
    columns = tuple(column.strip() for column in text.split(","))
    if columns == ("*",):
        return ()
    for column in columns:
        if not column:
            msg = f"Syntax error: a column is missing in $select '{text}'."
            raise BadQuery(msg)
        schema.kind(column)
    return columns


def _order(text: str, schema: Schema) -> tuple[tuple[str, bool], ...]:
    order: list[tuple[str, bool]] = []
    at = 0
    for part in text.split(","):
        found = _ORDER.fullmatch(part)
        if found is None:
            msg = f"Syntax error at position {at} in '{text}'."
            raise BadQuery(msg)
        schema.kind(found[1])
        order.append((found[1], found[2] == "desc"))
        at += len(part) + 1
    return tuple(order)


def _top(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        msg = (
            f"Invalid value '{text}' for $top query option found. "
            "The $top query option requires a non-negative integer value."
        )
        raise BadQuery(msg)
    return int(text)


def _count(text: str) -> bool:
    if text not in {"true", "false"}:
        msg = f"Invalid value '{text}' for $count query option found. Valid values are 'true' and 'false'."
        raise BadQuery(msg)
    return text == "true"
