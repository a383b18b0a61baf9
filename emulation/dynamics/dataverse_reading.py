"""GET of rows and definitions: an entity set, one row of it, or the rows that one leads to.

Sources: the pages "Retrieve a table row using the Web API", "Query data using the Web API" and "Query table definitions
using the Web API".
"""

import re
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from emulation.dynamics.dataverse_definitions import definitions, is_definitions
from emulation.dynamics.dataverse_errors import error
from emulation.dynamics.dataverse_rows import rows, single_row
from emulation.dynamics.dataverse_schema import Schema, schema_of
from emulation.dynamics.dataverse_tables import Table, table_of
from emulation.dynamics.tables.business import KNOWN
from emulation.dynamics.tables.catalogue import BY_SET
from emulation.dynamics.tables.declared import Declared
from emulation.dynamics.tables.refused import does_not_exist
from emulation.dynamics.tables.store import Store

_PATH = re.compile(r"(\w+)(?:\(([^()]*)\)(?:/(\w+))?)?")


def read(request: Request, store: Store, user: str, context: str, resource: str) -> Response:
    """Answer a GET.

    Args:
        request: The request with its query options.
        store: The organization's rows.
        user: The id of the caller.
        context: The beginning of `@odata.context`.
        resource: The path below the version.

    Raises:
        Refused: The caller may not read there.
    """
    if is_definitions(resource):
        return definitions(request, [_told(store, entity_set) for entity_set in store.entity_sets()], context, resource)
    path = _PATH.fullmatch(resource)
    table = store.table(path[1]) if path else None
    if path is None or table is None:
        return error(404, "0x8006088a", f"Resource not found for the segment '{resource}'.")
    store.demand(user, "Read", table)
    _, key, navigation = path.groups()
    if navigation is not None:
        led = store.schema(table).related.get(navigation)
        if led and (target := store.named(led.schema().entity)):
            store.demand(user, "Read", target)
        return _related(request, store, table, context, (key, navigation))
    found, schema = _shown(request, store, table)
    if key is None:
        return rows(request, found, f"{context}#{table.entity_set}", schema)
    return single_row(request, found, key, f"{context}#{table.entity_set}", schema)


def _related(request: Request, store: Store, table: Declared, context: str, path: tuple[str, str]) -> Response:
    key, navigation = path
    related = store.schema(table).related.get(navigation)
    if related is None:
        return error(404, "0x8006088a", f"Resource not found for the segment '{navigation}'.")
    row = store.find(table, key)
    if row is None:
        raise does_not_exist(table.schema_name, key)
    found, schema = list(related.rows(row)), related.schema()
    where = f"{context}#{table.entity_set}({key})/{navigation}"
    if related.many:
        return rows(request, found, where, schema)
    if not found:
        return Response(status_code=204)
    return single_row(request, found, str(found[0][schema.key]), where, schema)


def _shown(request: Request, store: Store, table: Declared) -> tuple[list[dict[str, Any]], Schema]:
    found = store.rows(table.entity_set)
    if table.entity_set in BY_SET:
        prefer = ", ".join(request.headers.getlist("prefer"))
        return [store.shown(table, row, prefer) for row in found], _widened(store.schema(table), found)
    told = table_of(table.entity_set, found).schema
    schema = store.schema(table)
    return found, msgspec.structs.replace(told, related=schema.related, selectable=schema.columns)


def _widened(schema: Schema, found: list[dict[str, Any]]) -> Schema:
    """Add the columns that only rows of the world show."""
    told = schema_of(found, schema.entity)
    further = {name: kind for name, kind in told.columns.items() if name not in schema.columns}
    return msgspec.structs.replace(schema, columns={**schema.columns, **further}) if further else schema


def _told(store: Store, entity_set: str) -> Table:
    """Return a table with what a page and its rows tell of it."""
    found = store.rows(entity_set)
    told, declared = table_of(entity_set, found), store.table(entity_set)
    if declared is None or not (entity_set in BY_SET or told.logical_name in KNOWN or store.is_declared(entity_set)):
        return told
    types = {column.name: column.type for column in declared.every_column()}
    schema = _widened(declared.schema(), found)
    return Table(entity_set, declared.logical_name, found, schema, declared.schema_name, types)
