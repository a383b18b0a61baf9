"""What a change of a row is to steps: one message, and another where finance and operations tell of it.

Sources: the pages "Event framework", "Data events" (Target and PreImage; the primary id is zero in recorded ones) and
"Enable virtual tables to support Dataverse events".
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from emulation.dynamics.sending.context import Happened
from emulation.dynamics.sending.values import Guid, Reference, entity
from emulation.dynamics.tables.column import Column
from emulation.dynamics.tables.columns_of_rows import of_rows
from emulation.dynamics.tables.declared import Declared
from emulation.dynamics.writing.change import Change

EXTERNAL = {"Create": "OnExternalCreated", "Update": "OnExternalUpdated", "Delete": "OnExternalDeleted"}
_TOUCHED = ("modifiedon", "_modifiedby_value")


def of_change(change: Change, table: Declared, at: datetime, correlation: str) -> Happened:
    """Return the message that a change is.

    Args:
        change: The change.
        table: The row's table.
        at: When.
        correlation: What ties together all that follows from one request.
    """
    columns = _columns(change, table)
    key = {table.key: change.key}
    whole, given = dict(change.after), dict(change.given) | key
    match change.message:
        case "Create":
            late, early, outputs = whole, given, {"id": Guid(change.key)}
        case "Update":
            late = given | {name: whole[name] for name in _TOUCHED if name in whole}
            early, outputs = given, {}
        case "Delete":
            reference = {"Target": Reference(change.table, change.key)}
            return _happened(change, table, at, correlation, (reference, reference, {}))
    parameters = {"Target": entity(change.table, change.key, late, columns)}
    before_it = {"Target": entity(change.table, change.key, early, columns)}
    return _happened(change, table, at, correlation, (parameters, before_it, outputs))


def told_from_outside(change: Change, table: Declared, at: datetime, correlation: str) -> Happened:
    """Return the data event by which finance and operations tell of a change of theirs."""
    columns = _columns(change, table)
    parameters: dict[str, Any] = {"Target": Reference(change.table, change.key)}
    if change.message != "Delete":
        shown = _changed(change) if change.message == "Update" else change.after
        parameters["Target"] = entity(change.table, change.key, _own(shown, table), columns)
    if change.message == "Update":
        parameters["PreImage"] = entity(change.table, change.key, _own(change.before, table), columns)
    happened = _happened(change, table, at, correlation, (parameters, parameters, {}))
    return Happened(
        EXTERNAL[change.message],
        happened.table,
        happened.key,
        parameters,
        parameters,
        {},
        happened.before,
        happened.after,
        happened.columns,
        "",
        at,
        correlation,
        external=True,
    )


def changed_columns(change: Change, columns: Mapping[str, Column]) -> frozenset[str]:
    """Return the logical names of the columns that a change gives: steps are filtered by them, changed or not."""
    return frozenset(columns[name].name if name in columns else name for name in change.given if "@" not in name)


def _happened(change: Change, table: Declared, at: datetime, correlation: str, told: tuple[Any, Any, Any]) -> Happened:
    late, early, outputs = told
    return Happened(
        change.message,
        change.table,
        change.key,
        late,
        early,
        outputs,
        change.before,
        change.after,
        _columns(change, table),
        "" if change.message == "Delete" else _name_column(table),
        at,
        correlation,
    )


def _columns(change: Change, table: Declared) -> dict[str, Column]:
    """Return the columns of the table, and those that only this row tells of."""
    return of_rows(table.logical_name, (change.after, change.before)) | table.by_property()


def _name_column(table: Declared) -> str:
    names = {column.name for column in table.columns}
    prefix = table.logical_name.partition("_")[0]
    return next((name for name in ("name", f"{prefix}_name", "fullname", "subject") if name in names), "")


def _own(row: Mapping[str, Any], table: Declared) -> dict[str, Any]:
    # The key of a virtual table is no column of finance and operations.
    return {name: value for name, value in row.items() if name != table.key}


def _changed(change: Change) -> dict[str, Any]:
    company = {name: value for name, value in change.after.items() if name == "mserp_dataareaid"}
    return company | dict(change.given)
