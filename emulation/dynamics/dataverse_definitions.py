"""`EntityDefinitions`: the tables of an organization and their columns.

Source: the page "Query table definitions using the Web API". There are no pages, no order and no limit here.
"""

import re
from collections.abc import Iterable, Sequence
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from emulation.dynamics.dataverse_errors import bad_query, error
from emulation.dynamics.dataverse_query import read_query, selected
from emulation.dynamics.dataverse_rows import rows
from emulation.dynamics.dataverse_schema import BadQuery, Row, schema_of
from emulation.dynamics.dataverse_tables import Table

_KEY = r"\((?:LogicalName='([^']*)'|([0-9A-Fa-f-]{36}))\)"
_PATH = re.compile(rf"EntityDefinitions(?:{_KEY}(?:/(\w+)(?:{_KEY})?)?)?")


def is_definitions(resource: str) -> bool:
    """Tell whether a resource is about definitions."""
    return resource.startswith("EntityDefinitions")


def definitions(request: Request, tables: Iterable[Table], context: str, resource: str) -> Response:
    """Answer a request for definitions.

    Args:
        request: The request with its query options.
        tables: The tables of the organization.
        context: The beginning of `@odata.context`.
        resource: The path below the version.
    """
    path = _PATH.fullmatch(unquote(resource))
    if path is None or path[3] not in {None, "Attributes"}:
        segment = resource.rpartition("/")[2]
        return error(404, "0x8006088a", f"Resource not found for the segment '{segment}'.")
    table_name, table_id, below, column_name, column_id = path.groups()
    known = list(tables)
    if table_name is None and table_id is None:
        return _many(request, [table.definition() for table in known], f"{context}#EntityDefinitions", "EntityMetadata")
    table = next((each for each in known if each.logical_name == table_name or each.metadata_id == table_id), None)
    if table is None:
        message = f"Could not find an entity with specified entity name: {table_name or table_id}"
        return error(404, "0x80060888", message)
    if below is None:
        return _one(request, table.definition(), f"{context}#EntityDefinitions", "EntityMetadata")
    return _columns(
        request, table, f"{context}#EntityDefinitions({table.metadata_id})/Attributes", column_name or column_id
    )


def _columns(request: Request, table: Table, context: str, wanted: str | None) -> Response:
    if wanted is None:
        return _many(request, table.attributes(), context, "AttributeMetadata")
    for column in table.attributes():
        if wanted in (column["LogicalName"], column["MetadataId"]):
            return _one(request, column, context, "AttributeMetadata")
    return error(404, "0x80060888", f"Could not find an attribute with specified name: {wanted}")


def _many(request: Request, found: Sequence[Row], context: str, entity: str) -> Response:
    return rows(request, found, context, schema_of(found, entity, "MetadataId", metadata=True))


def _one(request: Request, found: Row, context: str, entity: str) -> Response:
    schema = schema_of([found], entity, "MetadataId", metadata=True)
    try:
        query = read_query(request.query_params.multi_items(), schema, one=True)
    except BadQuery as bad:
        return bad_query(bad)
    return JSONResponse({"@odata.context": f"{context}/$entity"} | selected(found, query, schema))
