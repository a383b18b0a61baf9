"""A table as Microsoft's reference declares it."""

from typing import Literal

import msgspec

from emulation.dynamics.dataverse_schema import Schema
from emulation.dynamics.tables.column import EDM, Column

type OnDelete = Literal["cascade", "restrict", "remove_link"]

READ_ONLY = (
    Column("createdon", "DateTime", writable=False),
    Column("modifiedon", "DateTime", writable=False),
    Column("createdby", "Lookup", targets=("systemuser",), writable=False),
    Column("modifiedby", "Lookup", targets=("systemuser",), writable=False),
    Column("versionnumber", "BigInt", writable=False),
)
"""What every table has."""

COMPONENT = (
    Column("ismanaged", "Boolean", default=False, writable=False),
    Column("iscustomizable", "ManagedProperty"),
    Column("componentstate", "Picklist", options={0: "Published", 1: "Unpublished"}, default=0, writable=False),
    Column("solutionid", "Uniqueidentifier", writable=False),
    Column("introducedversion", longest=48, once=True),
)
"""What a solution component has."""


class Collection(msgspec.Struct, frozen=True):
    """A one-to-many relationship, seen from its one side.

    Args:
        name: The navigation property.
        table: Logical name of the table on its many side.
        column: The lookup there.
        on_delete: What becomes of the many when the one is deleted.
    """

    name: str
    table: str
    column: str
    on_delete: OnDelete = "restrict"


class Declared(msgspec.Struct, frozen=True):
    """A table.

    Args:
        entity_set: What its rows are read under.
        schema_name: Its name as privileges have it (`ServiceEndpoint`); the logical name is its lower case.
        columns: Its columns, the primary key aside.
        collections: Its relationships to many.
        name_column: Its primary name.
        component: Its component type in solutions; 0: it is in none.
        writable: The messages that it has besides reading it.
        alternate_keys: Columns no two rows agree in.
        open: Whether it has columns that nothing tells of: it takes any.
    """

    entity_set: str
    schema_name: str
    columns: tuple[Column, ...]
    collections: tuple[Collection, ...] = ()
    name_column: str = "name"
    component: int = 0
    writable: frozenset[str] = frozenset({"Create", "Update", "Delete"})
    alternate_keys: tuple[str, ...] = ()
    open: bool = False

    @property
    def logical_name(self) -> str:
        """Its logical name."""
        return self.schema_name.lower()

    @property
    def key(self) -> str:
        """Its primary key column."""
        return f"{self.logical_name}id"

    def every_column(self) -> tuple[Column, ...]:
        """Return its columns, those of every table included."""
        own = {column.name for column in self.columns}
        shared = (*(COMPONENT if self.component else ()), *READ_ONLY)
        key = Column(self.key, "Uniqueidentifier", once=True)
        return (key, *self.columns, *(column for column in shared if column.name not in own))

    def by_property(self) -> dict[str, Column]:
        """Return its columns by what the Web API calls them."""
        return {column.property: column for column in self.every_column()}

    def by_navigation(self) -> dict[str, tuple[Column, str]]:
        """Return its lookups by navigation property, with the table that each leads to."""
        return {
            name: (column, target) for column in self.every_column() for name, target in column.navigations().items()
        }

    def schema(self) -> Schema:
        """Return its columns as queries know them."""
        return Schema(
            self.logical_name,
            {column.property: EDM[column.type] for column in self.every_column()},
            self.key,
        )
