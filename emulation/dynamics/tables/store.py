"""The rows of one organization: those that it has from the start, those of the world, and those that clients write."""

from collections.abc import Callable, Mapping
from typing import Any

from emulation.dynamics.dataverse_schema import Related, Schema
from emulation.dynamics.dataverse_tables import table_of
from emulation.dynamics.state import OrganizationState, State
from emulation.dynamics.tables import seeds
from emulation.dynamics.tables.business import KNOWN
from emulation.dynamics.tables.catalogue import BY_NAME, BY_SET
from emulation.dynamics.tables.column import Column
from emulation.dynamics.tables.columns_of_rows import of_rows
from emulation.dynamics.tables.declared import Declared
from emulation.dynamics.tables.rights import Verb, demand
from emulation.dynamics.world import App, User

type Row = dict[str, Any]

BUSINESS = {"accounts": "account", "contacts": "contact"}
"""Business tables that every organization has, rows or none."""

LOGICAL_NAME = "@Microsoft.Dynamics.CRM.lookuplogicalname"
USER_ROLES = "systemuserroles_association"


class Store:
    """The rows of one organization.

    Args:
        state: The world.
        organization: The organization.
    """

    def __init__(self, state: State, organization: OrganizationState) -> None:
        self._state = state
        self._of = organization
        self._rows = organization.rows

    def entity_sets(self) -> list[str]:
        """Return what there is to be read."""
        return list(dict.fromkeys((*BY_SET, *BUSINESS, *self._of.organization.columns, *self._rows)))

    def business_tables(self) -> dict[str, str]:
        """Return the logical names of the tables that are not Dataverse's own, by entity set."""
        return BUSINESS | {
            entity_set: table_of(entity_set, self._rows.get(entity_set, ())).logical_name
            for entity_set in (*self._of.organization.columns, *self._rows)
            if entity_set not in BY_SET and entity_set not in BUSINESS
        }

    def overruled(self, table: Declared) -> Row:
        """Return what a plug-in of the organization's own makes of columns of a row that is written."""
        return dict(self._of.overruled.get(table.entity_set, {}))

    def is_declared(self, entity_set: str) -> bool:
        """Tell whether the world declares columns of a business table."""
        return entity_set in self._of.organization.columns

    def table(self, entity_set: str) -> Declared | None:
        """Return the table of an entity set, or None: there is none."""
        if entity_set in BY_SET:
            return BY_SET[entity_set]
        logical = self.business_tables().get(entity_set)
        if logical is None:
            return None
        declared = self._of.organization.columns.get(entity_set, {})
        further = (Column(name, type_) for name, type_ in declared.items())
        columns = of_rows(logical, self._rows.get(entity_set, ()), further)
        own = tuple(column for name, column in columns.items() if name != f"{logical}id")
        known = logical in KNOWN or bool(declared) or bool(self._rows.get(entity_set))
        return Declared(entity_set, logical[:1].upper() + logical[1:], own, open=not known)

    def named(self, logical_name: str) -> Declared | None:
        """Return the table of a logical name, or None: there is none."""
        if logical_name in BY_NAME:
            return BY_NAME[logical_name]
        sets = (entity_set for entity_set, name in self.business_tables().items() if name == logical_name)
        return next((self.table(entity_set) for entity_set in sets), None)

    def rows(self, entity_set: str) -> list[Row]:
        """Return the rows of an entity set."""
        stored = self._rows.get(entity_set, [])
        derive = self._derived().get(entity_set)
        if derive is None:
            return stored
        key = BY_SET[entity_set].key
        written = {str(row.get(key)).lower() for row in stored}
        return [*(row for row in derive() if row[key].lower() not in written), *stored]

    def find(self, table: Declared, key: str) -> Row | None:
        """Return the row of a primary key."""
        wanted = key.lower()
        return next((row for row in self.rows(table.entity_set) if str(row.get(table.key)).lower() == wanted), None)

    def put(self, table: Declared, row: Row) -> None:
        """Keep a row, in the place of one with its key."""
        stored = self._rows.setdefault(table.entity_set, [])
        self._of.version += 1
        kept: dict[str, object] = {**row, "@odata.etag": f'W/"{self._of.version}"'}
        if not seeds.is_virtual(table.logical_name):
            kept["versionnumber"] = self._of.version
        for position, each in enumerate(stored):
            if str(each.get(table.key)).lower() == row[table.key].lower():
                stored[position] = kept
                return
        stored.append(kept)

    def remove(self, table: Declared, key: str) -> None:
        """Drop a row."""
        stored = self._rows.get(table.entity_set, [])
        stored[:] = [row for row in stored if str(row.get(table.key)).lower() != key.lower()]

    def referring(self, logical_name: str, column: str, key: str) -> list[Row]:
        """Return the rows of a table whose lookup leads to a row."""
        table = self.named(logical_name)
        found = self.rows(table.entity_set) if table else []
        return [row for row in found if str(row.get(f"_{column}_value")).lower() == key.lower()]

    def demand(self, user: str, verb: Verb, table: Declared) -> None:
        """Let a user pass that has the right.

        Raises:
            Refused: It has not.
        """
        demand(user, self.roles_of(user), self._of.denied.get(user, set()), verb, table.schema_name)

    def roles_of(self, user: str) -> set[str]:
        """Return the names of a user's roles."""
        given = self._of.roles.get(user)
        if given is not None:
            return given
        app = self._apps().get(user)
        person = self._people().get(user)
        return set(app[0].roles) if app else set(person[0].roles) if person else set()

    def set_roles(self, user: str, roles: set[str]) -> None:
        """Give a user these roles and no other."""
        self._of.roles[user] = roles

    def user_roles(self, user: str) -> list[Row]:
        """Return the rows of a user's roles."""
        names = self.roles_of(user)
        return [row for row in self.rows("roles") if row["name"] in names]

    def shown(self, table: Declared, row: Row, prefer: str) -> Row:
        """Return a row as a client reads it: secrets as null, annotations where they are preferred."""
        annotated = "odata.include-annotations" in prefer
        shown = {name: value for name, value in row.items() if "@" not in name or name.startswith("@")}
        for column in table.every_column():
            value = row.get(column.property)
            if not column.readable:
                shown[column.property] = None
            elif annotated and value is not None:
                shown |= self._annotations(column, row)
        return shown

    def schema(self, table: Declared) -> Schema:
        """Return a table's columns and relationships as queries know them."""
        related = {name: self._one(column, target) for name, (column, target) in table.by_navigation().items()}
        for collection in table.collections:
            related[collection.name] = self._many(table, collection.table, collection.column)
        if table.logical_name == "systemuser":
            roles = BY_NAME["role"]
            related[USER_ROLES] = Related(
                True, lambda: self.schema(roles), lambda row: self.user_roles(row["systemuserid"])
            )
        schema = table.schema()
        return Schema(schema.entity, schema.columns, schema.key, related=related)

    def _one(self, column: Column, target: str) -> Related:
        def found(row: Mapping[str, Any]) -> list[Row]:
            table, key = self.named(target), row.get(column.property)
            led = row.get(f"{column.property}{LOGICAL_NAME}", target)
            row_there = self.find(table, str(key)) if table and key and led == target else None
            return [row_there] if row_there else []

        return Related(False, lambda: self._schema_of(target), self._secrets_kept(target, found))

    def _many(self, table: Declared, target: str, column: str) -> Related:
        def found(row: Mapping[str, Any]) -> list[Row]:
            return self.referring(target, column, str(row.get(table.key)))

        return Related(True, lambda: self._schema_of(target), self._secrets_kept(target, found))

    def _secrets_kept(
        self, target: str, find: Callable[[Mapping[str, Any]], list[Row]]
    ) -> Callable[[Mapping[str, Any]], list[Row]]:
        def found(row: Mapping[str, Any]) -> list[Row]:
            table = self.named(target)
            return [self.shown(table, each, "") for each in find(row)] if table else []

        return found

    def _schema_of(self, logical_name: str) -> Schema:
        table = self.named(logical_name)
        return self.schema(table) if table else Schema(logical_name, {}, f"{logical_name}id", closed=False)

    def _annotations(self, column: Column, row: Row) -> Row:
        name, value = column.property, row[column.property]
        if column.type == "Lookup":
            target = row.get(f"{name}{LOGICAL_NAME}") or (column.targets or ("",))[0]
            shown = {f"{name}{LOGICAL_NAME}": target} if target else {}
            table = self.named(target) if target else None
            led = self.find(table, str(value)) if table and table.name_column else None
            if table and led:
                shown[f"{name}@OData.Community.Display.V1.FormattedValue"] = led.get(table.name_column)
            return shown
        label = column.options.get(value) if column.options else None
        return {f"{name}@OData.Community.Display.V1.FormattedValue": label} if label else {}

    def _apps(self) -> dict[str, tuple[App, str]]:
        tenant = self._of.tenant
        return {
            self._of.user_id(app.client_id): (app, self._state.identity(app))
            for app in self._state.apps.values()
            if self._state.tenant(app.tenant) == tenant
            and (app.organizations is None or self._of.name in app.organizations)
        }

    def _people(self) -> dict[str, tuple[User, str]]:
        there = {
            user: self._state.person(user)
            for user in self._state.users.values()
            if self._state.tenant(user.tenant) == self._of.tenant
            and (user.organizations is None or self._of.name in user.organizations)
        }
        return {self._of.user_id(identity): (user, identity) for user, identity in there.items()}

    def _derived(self) -> dict[str, Callable[[], list[Row]]]:
        organization = self._of.organization
        return {
            "sdkmessages": lambda: seeds.messages(organization),
            "sdkmessagefilters": lambda: seeds.filters(organization, self.business_tables().values()),
            "businessunits": lambda: seeds.business_units(organization),
            "systemusers": lambda: seeds.users(organization, self._apps()) + seeds.people(organization, self._people()),
            "roles": lambda: seeds.roles(organization),
            "publishers": lambda: seeds.publishers(organization),
            "solutions": lambda: seeds.solutions(organization, linked=self._of.link is not None),
        }
