"""What the emulated Web API knows of a set of rows: its columns, and their types as far as values tell.

Sources: the pages "Troubleshoot Dataverse Web API client errors" and "Web API EntityMetadata". The world holds rows
without a schema, so a column is there when any row has it.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

type Row = Mapping[str, Any]

GUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
DATE = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?")

UNKNOWN = ""
TEXT = "Edm.String"
UNIQUE = "Edm.Guid"
MOMENT = "Edm.DateTimeOffset"
WHOLE = "Edm.Int32"
FRACTION = "Edm.Decimal"
NUMBERS = frozenset({WHOLE, FRACTION})

# A boolean is an int to Python: it stands before it.
_KINDS: dict[type, str] = {type(None): UNKNOWN, bool: "Edm.Boolean", int: WHOLE, float: FRACTION}


class BadQuery(ValueError):
    """A query that Dataverse answers with 400; the message is its `error.message`."""


class Related(msgspec.Struct, frozen=True):
    """A relationship, as `$expand` follows it.

    Args:
        many: Whether it leads to many rows.
        schema: Returns their columns.
        rows: Returns the rows that one leads to.
    """

    many: bool
    schema: Callable[[], "Schema"]
    rows: Callable[[Row], Sequence[Row]]


class Schema(msgspec.Struct, frozen=True):
    """The columns of a set of rows.

    Args:
        entity: The entity type's name, for messages.
        columns: The type of each; UNKNOWN where no row has a value.
        key: The primary key column, answered whatever is selected; may be empty.
        metadata: Whether these are definitions: no order, limit or pages, and texts are compared with their case.
        closed: Whether other columns do not exist; False for a table without rows.
        related: Its relationships by navigation property, where they are known.
        selectable: Further columns that no row has: answered where they are selected.
    """

    entity: str
    columns: Mapping[str, str]
    key: str = ""
    metadata: bool = False
    closed: bool = True
    related: Mapping[str, Related] = msgspec.field(default_factory=dict[str, Related])
    selectable: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])

    def kind(self, column: str) -> str:
        """Return the type of a column.

        Raises:
            BadQuery: There is none of this name; names are told apart by case.
        """
        if column not in self.columns and column in self.selectable:
            return self.selectable[column]
        if self.closed and column not in self.columns:
            msg = f"Could not find a property named '{column}' on type 'Microsoft.Dynamics.CRM.{self.entity}'."
            raise BadQuery(msg)
        return self.columns.get(column, UNKNOWN)


def schema_of(rows: Iterable[Row], entity: str, key: str = "", *, metadata: bool = False) -> Schema:
    """Return the schema that rows show; annotations (`name@…`) are no columns."""
    columns: dict[str, str] = {key: UNIQUE} if key else {}
    empty = True
    for row in rows:
        empty = False
        for name, value in row.items():
            if "@" not in name:
                columns[name] = _wider(columns.get(name, UNKNOWN), kind_of(value))
    return Schema(entity, columns, key, metadata, closed=not empty)


def kind_of(value: Any) -> str:
    """Return the type of a value as JSON has it."""
    if isinstance(value, str):
        return UNIQUE if GUID.fullmatch(value) else TEXT if moment(value) is None else MOMENT
    return next((kind for type_, kind in _KINDS.items() if isinstance(value, type_)), "Edm.ComplexType")


def moment(text: str) -> datetime | None:
    """Return the time that a text is, or None; a day is its beginning in UTC."""
    if not DATE.fullmatch(text):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _wider(one: str, other: str) -> str:
    if UNKNOWN in (one, other) or one == other:
        return one or other
    return FRACTION if {one, other} <= NUMBERS else TEXT
