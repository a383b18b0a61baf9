"""Reading rows: by key, or a set with `$select`, `$top` and `$filter`.

Source: the pages "Retrieve a table row using the Web API" and "Query data using the Web API".
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from emulation.dynamics.dataverse_errors import error
from emulation.dynamics.dataverse_filter import read_filter

type Row = dict[str, Any]


def single_row(request: Request, table: list[Row], key: str, context: str, entity_set: str) -> Response:
    """Return one row by its primary key or an alternate key.

    Args:
        request: The request, with `$select` perhaps.
        table: The rows.
        key: What stood in the parentheses: a guid, or `name='value'`.
        context: The beginning of `@odata.context`.
        entity_set: The entity set's name, for the error.
    """
    name, named, value = key.partition("=")
    wanted = (value if named else key).strip("'").lower()
    for row in table:
        values = [row.get(name)] if named else list(row.values())
        if any(str(each).lower() == wanted for each in values):
            return JSONResponse({"@odata.context": f"{context}/$entity"} | _selected(request, row))
    return error(404, "0x80040217", f"Entity '{entity_set.removesuffix('s')}' With Id = {key} Does Not Exist")


def rows(request: Request, table: list[Row], context: str, key: str) -> Response:
    """Return the rows of a set.

    Args:
        request: The request with its query options.
        table: The rows.
        context: `@odata.context`.
        key: The primary key column, always answered; may be empty.
    """
    if "sql" in request.query_params:
        return error(400, "0x80060888", "The emulated Web API does not evaluate the query parameter sql.")
    chosen = table
    if (text := request.query_params.get("$filter")) is not None:
        try:
            test = read_filter(text)
        except ValueError as unreadable:
            return error(400, "0x80060888", str(unreadable))
        chosen = [row for row in table if test(row)]
    if (top := request.query_params.get("$top")) is not None:
        if not top.isdigit():
            return error(400, "0x80060888", f"Invalid value '{top}' for $top query option found.")
        chosen = chosen[: int(top)]
    answered = [_selected(request, row) | ({key: row[key]} if key else {}) for row in chosen]
    return JSONResponse({"@odata.context": context, "value": answered})


def _selected(request: Request, row: Row) -> Row:
    select = request.query_params.get("$select")
    if not select:
        return row
    columns = {column.strip() for column in select.split(",")}
    keys = {name for name in row if name.startswith("@") or name.partition("@")[0] in columns}
    return {name: value for name, value in row.items() if name in keys}
