"""Creating, updating and deleting rows: checked whole, then done whole.

Sources: the pages "Create a table row", "Update and delete table rows", "Perform conditional operations using the Web
API" and "Table relationships" (what becomes of related rows).
"""

from typing import Any
from uuid import uuid4

from emulation.dynamics.tables import rules, seeds
from emulation.dynamics.tables.declared import Collection, Declared
from emulation.dynamics.tables.refused import (
    does_not_exist,
    duplicate,
    in_use,
    invalid,
    not_supported,
)
from emulation.dynamics.tables.store import LOGICAL_NAME, Row, Store
from emulation.dynamics.writing.change import Change

_STATE = ("statecode", "statuscode")
SECRETS = {"authvalue": "isauthvalueset", "saskey": "issaskeyset", "sastoken": "issastokenset"}


class Writer:
    """Changes rows on behalf of a user.

    Args:
        store: The organization's rows.
        user: The id of the user.
        agent: Its User-Agent.
        now: The time, as rows have it.
    """

    def __init__(self, store: Store, user: str, agent: str, now: str) -> None:
        self._store = store
        self._user = user
        self._agent = agent
        self._now = now

    def create(self, table: Declared, given: Row, key: str = "") -> Change:
        """Check what a new row would be, and return the change; nothing is kept yet.

        Raises:
            Refused: Its table does not take it.
        """
        self.allow(table, "Create")
        row = self._begun(table, given)
        row[table.key] = str(key or given.get(table.key) or uuid4()).lower()
        if self._store.find(table, row[table.key]):
            raise duplicate()
        rules.check(self._store, table, row, None)
        return self._change("Create", table, {}, row, given)

    def update(self, table: Declared, row: Row, given: Row) -> Change:
        """Check what a row would become, and return the change; nothing is kept yet.

        Raises:
            Refused: Its table does not take it.
        """
        self.allow(table, "Update")
        given = {name: value for name, value in given.items() if name != table.key}
        after = row | given | _set_secrets(given) | _status(table, row, given)
        if not seeds.is_virtual(table.logical_name):
            after |= {"modifiedon": self._now, "_modifiedby_value": self._user}
        rules.check(self._store, table, after, row)
        return self._change("Update", table, row, after, given)

    def delete(self, table: Declared, row: Row) -> Change:
        """Check whether a row may go, and return the change; nothing is gone yet.

        Raises:
            Refused: It may not.
        """
        self.allow(table, "Delete")
        rules.check_deletion(table, row)
        for collection in table.collections:
            if collection.on_delete == "restrict" and (count := len(self._many(table, row, collection))):
                raise in_use(table.schema_name, str(row[table.key]), count)
        return self._change("Delete", table, row, {}, {})

    def keep(self, table: Declared, change: Change) -> None:
        """Let a change become so, with all that follows from it."""
        if change.message == "Create":
            self._store.put(table, dict(change.after) | self._store.overruled(table))
            return
        if change.message == "Update":
            # Only what changes: while a synchronous step was asked, another may have written other columns.
            changed = {name: value for name, value in change.after.items() if change.before.get(name) != value}
            overruled = self._store.overruled(table)
            self._store.put(table, (self._store.find(table, change.key) or dict(change.before)) | changed | overruled)
            return
        for collection in table.collections:
            self._follow(table, dict(change.before), collection)
        self._leave_solutions(table, change.key)
        self._store.remove(table, change.key)

    def join_solution(self, table: Declared, key: str, unique_name: str) -> None:
        """Put a component into a solution, and into the default one, as every component is.

        Raises:
            Refused: There is no such solution, or it is managed.
        """
        components = self._store.named("solutioncomponent")
        if not table.component or components is None:
            return
        solution = self.solution(unique_name)
        for where in dict.fromkeys((solution or seeds.DEFAULT_SOLUTION, seeds.DEFAULT_SOLUTION)):
            row = {
                "solutioncomponentid": str(uuid4()),
                "componenttype": table.component,
                "objectid": key,
                "rootcomponentbehavior": 0,
                "_solutionid_value": where,
                "createdon": self._now,
            }
            self._store.put(components, row)

    def solution(self, unique_name: str) -> str:
        """Return the id of a solution; empty where no name is given.

        Raises:
            Refused: There is no such solution, or it is managed.
        """
        if not unique_name:
            return ""
        for row in self._store.rows("solutions"):
            if str(row["uniquename"]).lower() == unique_name.lower():
                if row.get("ismanaged"):
                    msg = f"The solution '{unique_name}' is managed: nothing can be added to it."
                    raise invalid(msg)
                return str(row["solutionid"])
        raise does_not_exist("Solution", unique_name)

    def allow(self, table: Declared, message: str) -> None:
        """Let a message pass that the table has and the user may send.

        Raises:
            Refused: It is neither.
        """
        if message not in table.writable:
            raise not_supported(table.logical_name)
        verb = "Write" if message == "Update" else message
        self._store.demand(self._user, verb, table)  # pyright: ignore[reportArgumentType]  (one of the four)

    def _begun(self, table: Declared, given: Row) -> Row:
        row: Row = {column.property: column.default for column in table.every_column() if column.default is not None}
        # A component begins enabled, whatever is given: its state is changed by an update of its own.
        row |= {name: value for name, value in given.items() if not (table.component and name in _STATE)}
        row |= _set_secrets(given)
        if table.component:
            row.setdefault("iscustomizable", {"Value": True, "CanBeChanged": True})
            row["solutionid"] = seeds.ACTIVE_SOLUTION
        if not seeds.is_virtual(table.logical_name):
            row |= dict.fromkeys(("createdon", "modifiedon"), self._now)
            row |= dict.fromkeys(("_createdby_value", "_modifiedby_value"), self._user)
        return row

    def _change(self, message: Any, table: Declared, before: Row, after: Row, given: Row) -> Change:
        key = str((after or before)[table.key])
        return Change(message, table.entity_set, table.logical_name, key, before, after, given, self._user, self._agent)

    def _many(self, table: Declared, row: Row, collection: Collection) -> list[Row]:
        found = self._store.referring(collection.table, collection.column, str(row[table.key]))
        name = f"_{collection.column}_value{LOGICAL_NAME}"
        return [each for each in found if each.get(name, table.logical_name) == table.logical_name]

    def _follow(self, table: Declared, row: Row, collection: Collection) -> None:
        target = self._store.named(collection.table)
        if target is None:
            return
        for each in list(self._many(table, row, collection)):
            if collection.on_delete == "cascade":
                self._leave_solutions(target, str(each[target.key]))
                self._store.remove(target, str(each[target.key]))
            elif collection.on_delete == "remove_link":
                self._store.put(target, each | {f"_{collection.column}_value": None})

    def _leave_solutions(self, table: Declared, key: str) -> None:
        components = self._store.named("solutioncomponent")
        if table.component and components:
            for row in [each for each in self._store.rows("solutioncomponents") if each["objectid"] == key]:
                self._store.remove(components, row["solutioncomponentid"])


def _set_secrets(given: Row) -> Row:
    return {flag: bool(given[name]) for name, flag in SECRETS.items() if name in given}


def _status(table: Declared, row: Row, given: Row) -> Row:
    if "statecode" in given and "statuscode" not in given and given["statecode"] != row.get("statecode"):
        known = {column.name: column for column in table.columns}
        if "statuscode" in known and table.logical_name != "asyncoperation":
            return {"statuscode": rules.STATUS_OF_STATE.get(given["statecode"])}
    return {}
