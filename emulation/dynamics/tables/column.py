"""A column: its type, and which values it takes.

Source: the table reference pages ("RequiredLevel", "MaxLength", "Choices/Options", "IsValidForRead").
"""

import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from emulation.dynamics.dataverse_schema import FRACTION, GUID, MOMENT, TEXT, UNIQUE, WHOLE, moment
from emulation.dynamics.tables.refused import Refused, bad_payload, out_of_range, too_long

type ColumnType = Literal[
    "String",
    "Memo",
    "Integer",
    "BigInt",
    "Boolean",
    "Picklist",
    "State",
    "Status",
    "Decimal",
    "Double",
    "Money",
    "DateTime",
    "Uniqueidentifier",
    "Lookup",
    "EntityName",
    "ManagedProperty",
]

EDM: dict[str, str] = {
    "String": TEXT,
    "Memo": TEXT,
    "EntityName": TEXT,
    "Integer": WHOLE,
    "BigInt": WHOLE,
    "Picklist": WHOLE,
    "State": WHOLE,
    "Status": WHOLE,
    "Boolean": "Edm.Boolean",
    "Decimal": FRACTION,
    "Double": FRACTION,
    "Money": FRACTION,
    "DateTime": MOMENT,
    "Uniqueidentifier": UNIQUE,
    "Lookup": UNIQUE,
    "ManagedProperty": "Edm.ComplexType",
}
CHOICES = frozenset({"Picklist", "State", "Status"})
_WHOLE = {"Integer", "BigInt", *CHOICES}
_PARTS = {"Decimal", "Double", "Money"}
_INT32 = range(-(2**31), 2**31)


class Column(msgspec.Struct, frozen=True):
    """A column.

    Args:
        name: Its logical name.
        type: Its type.
        longest: Of a text, characters at most; 0: no limit.
        options: Values of a choice, and their labels.
        targets: Of a lookup, logical names of the tables that it leads to.
        required: Whether a row cannot be without it.
        default: What it is where nothing is given.
        readable: Whether it can be read back; else it reads as null.
        writable: Whether clients set it; else what they give is not taken.
        once: Whether it is set at creation only.
    """

    name: str
    type: ColumnType = "String"
    longest: int = 0
    options: Mapping[int, str] = msgspec.field(default_factory=dict[int, str])
    targets: tuple[str, ...] = ()
    required: bool = False
    default: Any = None
    readable: bool = True
    writable: bool = True
    once: bool = False

    @property
    def property(self) -> str:
        """What the Web API calls it: `_name_value` where it is a lookup."""
        return f"_{self.name}_value" if self.type == "Lookup" else self.name

    def navigations(self) -> dict[str, str]:
        """Return the navigation properties of a lookup, and which table each leads to."""
        if len(self.targets) == 1:
            return {self.name: self.targets[0]}
        return {f"{self.name}_{target}": target for target in self.targets}

    def check(self, value: Any, entity_set: str, entity: str) -> Any:
        """Return a value as it is kept.

        Raises:
            Refused: It is not one of the column's.
        """
        if value is None:
            return None
        if self.type in {"String", "Memo", "EntityName"}:
            return self._text(value, entity_set, entity)
        if self.type in _WHOLE:
            return self._number(value, entity_set, entity)
        if self.type in _PARTS and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise _not_converted(entity_set, value, EDM[self.type])
        if self.type == "Boolean" and not isinstance(value, bool):
            raise _not_converted(entity_set, value, "Edm.Boolean")
        if self.type == "Uniqueidentifier":
            if not isinstance(value, str) or not GUID.fullmatch(value):
                raise _not_converted(entity_set, value, "Edm.Guid")
            return value.lower()
        if self.type == "DateTime" and (not isinstance(value, str) or moment(value) is None):
            raise _not_converted(entity_set, value, "Edm.DateTimeOffset")
        return value

    def _text(self, value: Any, entity_set: str, entity: str) -> str:
        if not isinstance(value, str):
            raise _not_converted(entity_set, value, "Edm.String")
        if self.longest and len(value) > self.longest:
            raise too_long(entity, self.name, self.longest)
        return value

    def _number(self, value: Any, entity_set: str, entity: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise _not_converted(entity_set, value, "Edm.Int32")
        if self.type in CHOICES and self.options and value not in self.options:
            raise out_of_range(entity, self.name, value, ",".join(map(str, self.options)))
        if self.type == "Integer" and value not in _INT32:
            raise _not_converted(entity_set, value, "Edm.Int32")
        return value


def of_value(name: str, value: Any) -> Column:
    """Return the column that a value tells of, where no page does."""
    lookup = re.fullmatch(r"_(\w+)_value", name)
    if lookup:
        return Column(lookup[1], "Lookup")
    return Column(name, _type_of(value))


def _type_of(value: Any) -> ColumnType:
    if isinstance(value, str):
        return "Uniqueidentifier" if GUID.fullmatch(value) else "DateTime" if moment(value) else "String"
    # A boolean is an int to Python: it stands before it.
    types: tuple[tuple[type, ColumnType], ...] = ((bool, "Boolean"), (int, "Integer"), (float, "Decimal"))
    for type_, found in types:
        if isinstance(value, type_):
            return found
    return "String"


def _not_converted(entity_set: str, value: Any, kind: str) -> Refused:
    shown = msgspec.json.encode(value).decode().strip('"')
    reason = f"Microsoft.OData.ODataException: Cannot convert the literal '{shown}' to the expected type '{kind}'."
    return bad_payload(entity_set, reason)
