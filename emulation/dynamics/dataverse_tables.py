"""The tables of an organization, told from its rows: the world names entity sets only.

Sources: the pages "Web API EntityMetadata EntityType" and "Web API AttributeMetadata EntityType". The logical name is
the entity set's without the plural that Dataverse forms; the primary key is named after it.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec

from emulation.dynamics.dataverse_schema import FRACTION, MOMENT, UNIQUE, WHOLE, Row, Schema, schema_of

_NAMES = ("name", "fullname", "subject", "title")
_TYPES = {
    UNIQUE: "Uniqueidentifier",
    MOMENT: "DateTime",
    WHOLE: "Integer",
    FRACTION: "Decimal",
    "Edm.Boolean": "Boolean",
}
_LOOKUP = re.compile(r"_(\w+)_value")


class Table(msgspec.Struct, frozen=True):
    """One table.

    Args:
        entity_set: What its rows are read under.
        logical_name: Its name in the singular, lower case.
        rows: Its rows.
        schema: Its columns.
        schema_name: Its name with capitals, where a page tells it.
        types: `AttributeType` of columns by their logical names, where a page tells it.
    """

    entity_set: str
    logical_name: str
    rows: Sequence[Row]
    schema: Schema
    schema_name: str = ""
    types: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])

    @property
    def metadata_id(self) -> str:
        """The id of its definition."""
        return str(uuid5(NAMESPACE_URL, f"table/{self.logical_name}"))

    def definition(self) -> dict[str, Any]:
        """Return its row of `EntityDefinitions`."""
        return {
            "MetadataId": self.metadata_id,
            "LogicalName": self.logical_name,
            "SchemaName": self.schema_name or _schema_name(self.logical_name),
            "EntitySetName": self.entity_set,
            "LogicalCollectionName": self.entity_set,
            "PrimaryIdAttribute": self.schema.key,
            "PrimaryNameAttribute": self._name_column(),
            "DisplayName": _label(self.logical_name),
            "IsPrivate": False,
            "IsCustomEntity": "_" in self.logical_name,
        }

    def attributes(self) -> list[dict[str, Any]]:
        """Return the definitions of its columns."""
        return [self._attribute(column, kind) for column, kind in self.schema.columns.items()]

    def _attribute(self, column: str, kind: str) -> dict[str, Any]:
        lookup = _LOOKUP.fullmatch(column)
        name = lookup[1] if lookup else column
        return {
            "MetadataId": str(uuid5(NAMESPACE_URL, f"table/{self.logical_name}/{name}")),
            "LogicalName": name,
            "SchemaName": _schema_name(name),
            "EntityLogicalName": self.logical_name,
            "AttributeType": self.types.get(name) or ("Lookup" if lookup else _TYPES.get(kind, "String")),
            "AttributeOf": None,
            "DisplayName": _label(name),
            "IsPrimaryId": name == self.schema.key,
            "IsPrimaryName": name == self._name_column(),
            "IsValidForRead": True,
            "IsCustomAttribute": "_" in name,
        }

    def _name_column(self) -> str | None:
        prefix, _, _ = self.logical_name.rpartition("_")
        names = (f"{prefix}_name", *_NAMES) if prefix else _NAMES
        return next((name for name in names if name in self.schema.columns), None)


def table_of(entity_set: str, rows: Sequence[Row]) -> Table:
    """Return the table that an entity set is of."""
    columns = {column for row in rows for column in row}
    singulars = _singulars(entity_set)
    logical = next((name for name in singulars if f"{name}id" in columns), singulars[0])
    # Activities, whatever their kind, share one primary key.
    key = "activityid" if "activityid" in columns and f"{logical}id" not in columns else f"{logical}id"
    return Table(entity_set, logical, rows, schema_of(rows, logical, key))


def _singulars(entity_set: str) -> list[str]:
    """Return what the plural may be of, the most probable first."""
    name = entity_set.lower()
    found: list[str] = []
    if name.endswith("ies"):
        found.append(f"{name.removesuffix('ies')}y")
    if re.search(r"(?:s|x|z|ch|sh)es$", name):
        found.append(name.removesuffix("es"))
    if name.endswith("s"):
        found.append(name.removesuffix("s"))
    if name.endswith("es"):
        found.append(name.removesuffix("es"))
    return [*found, name]


def _schema_name(name: str) -> str:
    prefix, sign, own = name.rpartition("_")
    return f"{prefix}{sign}{own[:1].upper()}{own[1:]}"


def _label(name: str) -> dict[str, Any]:
    label = {"Label": name.rpartition("_")[2].capitalize(), "LanguageCode": 1033, "IsManaged": False}
    return {"LocalizedLabels": [label], "UserLocalizedLabel": label}
