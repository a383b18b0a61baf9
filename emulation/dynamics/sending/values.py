"""Values as plug-in contexts have them, and how rows become them.

Source: "Microsoft.Xrm.Sdk namespace" (class reference).
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from emulation.dynamics.dataverse_schema import moment
from emulation.dynamics.tables.column import CHOICES, Column
from emulation.dynamics.tables.store import LOGICAL_NAME


class Guid(msgspec.Struct, frozen=True):
    """An id."""

    value: str


class Moment(msgspec.Struct, frozen=True):
    """A time.

    Args:
        at: The time.
        local: Whether it is written with its offset.
    """

    at: datetime
    local: bool = False


class Choice(msgspec.Struct, frozen=True):
    """An OptionSetValue."""

    value: int


class Amount(msgspec.Struct, frozen=True):
    """A Money."""

    value: float


class Reference(msgspec.Struct, frozen=True):
    """An EntityReference."""

    table: str
    id: str
    name: str | None = None


class Entity(msgspec.Struct, frozen=True):
    """An Entity.

    Args:
        table: Its logical name.
        id: Its id.
        attributes: Its columns by logical name.
        formatted: Labels of choices.
        version: Its RowVersion.
    """

    table: str
    id: str
    attributes: Mapping[str, Any]
    formatted: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    version: str | None = None


class Images(msgspec.Struct, frozen=True):
    """Entities by alias."""

    entities: Mapping[str, Entity]


type Context = dict[str, Any]
"""A RemoteExecutionContext: the SDK's own names; a mapping is a collection of pairs."""


def entity(table: str, key: str, row: Mapping[str, Any], columns: Mapping[str, Column]) -> Entity:
    """Return a row, or a part of it, as an Entity.

    Args:
        table: Logical name of its table.
        key: Its id.
        row: Values by property.
        columns: The table's columns by property.
    """
    attributes: dict[str, Any] = {}
    formatted: dict[str, str] = {}
    for name, value in row.items():
        column = columns.get(name)
        if "@" in name or column is None or (value is None and _left_out(table, column)):
            continue
        attributes[column.name] = _value(column, name, value, row)
        if label := column.options.get(value) if column.options and isinstance(value, int) else None:
            formatted[column.name] = label
    return Entity(table, key, attributes, formatted, str(row["versionnumber"]) if "versionnumber" in row else None)


def _left_out(table: str, column: Column) -> bool:
    # Null times of finance and operations are left out; nothing tells them from an unset date (page "Data events").
    return table.startswith("mserp_") and column.type == "DateTime"


def _value(column: Column, name: str, value: Any, row: Mapping[str, Any]) -> Any:
    if value is None:
        return None
    if column.type == "Lookup":
        return Reference(str(row.get(f"{name}{LOGICAL_NAME}") or (column.targets or ("",))[0]), str(value))
    make = _MADE.get(column.type)
    return make(value) if make else value


def _moment(value: Any) -> Any:
    at = moment(str(value))
    return Moment(at) if at else value


_MADE: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(CHOICES, Choice),
    "Money": lambda value: Amount(float(value)),
    "Decimal": float,
    "Double": float,
    "Uniqueidentifier": lambda value: Guid(str(value)),
    "DateTime": _moment,
}
