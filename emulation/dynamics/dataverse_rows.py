"""Reading rows: by key, or a set with query options and in pages.

Sources: the pages "Retrieve a table row using the Web API", "Use OData to query data", "Count rows using OData" and
"Page results by using OData".
"""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from emulation.dynamics.dataverse_errors import bad_query, error
from emulation.dynamics.dataverse_paging import LARGEST, page_of, page_size
from emulation.dynamics.dataverse_query import ordered, read_query, selected
from emulation.dynamics.dataverse_schema import BadQuery, Row, Schema

_ALTERNATE_KEY = re.compile(r"(\w+)=('(?:[^']|'')*'|[^,']+)")


def single_row(request: Request, table: Sequence[Row], key: str, context: str, schema: Schema) -> Response:
    """Return one row by its primary key or an alternate key.

    Args:
        request: The request, with `$select` perhaps.
        table: The rows.
        key: What stood in the parentheses: a guid, or `name='value'` pairs.
        context: The beginning of `@odata.context`.
        schema: The columns.
    """
    try:
        query = read_query(request.query_params.multi_items(), schema, one=True)
        wanted = _wanted(unquote(key), schema)
    except BadQuery as bad:
        return bad_query(bad)
    for row in table:
        if all(str(row.get(column)).lower() == value for column, value in wanted.items()):
            return JSONResponse({"@odata.context": f"{context}/$entity"} | selected(row, query, schema))
    return error(404, "0x80040217", f"Entity '{schema.entity}' With Id = {key} Does Not Exist")


def rows(request: Request, table: Sequence[Row], context: str, schema: Schema) -> Response:
    """Return the rows of a set.

    Args:
        request: The request with its query options and preferences.
        table: The rows.
        context: `@odata.context`, without the columns.
        schema: The columns.
    """
    prefer = ", ".join(request.headers.getlist("prefer"))
    try:
        query = read_query(request.query_params.multi_items(), schema)
        size = None if schema.metadata else page_size(prefer)
        passed = sum(1 for row in table if query.test is None or query.test(row) is True) if query.count else 0
        found = ordered(table, query)
        largest = len(found) or 1 if schema.metadata else LARGEST
        page = page_of(found, size or largest, query.skip_token, schema.key)
    except BadQuery as bad:
        return bad_query(bad)
    columns = f"({','.join(query.select)})" if query.select else ""
    body: dict[str, Any] = {"@odata.context": f"{context}{columns}"}
    if query.count:
        body["@odata.count"] = min(passed, LARGEST)
        if "totalrecordcount" in prefer or '"*"' in prefer:
            exceeded = passed > LARGEST
            body["@Microsoft.Dynamics.CRM.totalrecordcount"] = body["@odata.count"]
            body["@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded"] = exceeded
    body["value"] = [selected(row, query, schema) for row in page.rows]
    if page.next:
        body["@odata.nextLink"] = _link(request, page.next)
    headers = {"Preference-Applied": f"odata.maxpagesize={size}"} if size else {}
    return JSONResponse(body, headers=headers)


def _wanted(key: str, schema: Schema) -> dict[str, str]:
    named = _ALTERNATE_KEY.findall(key)
    if not named:
        return {schema.key: key.strip("'").lower()}
    for column, _ in named:
        schema.kind(column)
    return {column: value.strip("'").replace("''", "'").lower() for column, value in named}


def _link(request: Request, skip_token: str) -> str:
    options = [(name, value) for name, value in request.query_params.multi_items() if name != "$skiptoken"]
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in [*options, ("$skiptoken", skip_token)])
    return f"https://{request.url.hostname}{request.url.path}?{query}"
