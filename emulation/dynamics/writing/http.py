"""POST, PATCH and DELETE of the Web API, and what they are answered.

Sources: the pages "Create a table row using the Web API", "Update and delete table rows using the Web API", "Perform
conditional operations using the Web API" and "Associate and disassociate table rows by using the Web API".
"""

import re
from collections.abc import Callable
from http import HTTPStatus

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from emulation.dynamics.dataverse_query import read_query, selected
from emulation.dynamics.dataverse_schema import GUID, BadQuery
from emulation.dynamics.tables.declared import Declared
from emulation.dynamics.tables.refused import Refused, does_not_exist, version_mismatch
from emulation.dynamics.tables.store import USER_ROLES, Row, Store
from emulation.dynamics.writing.change import Change
from emulation.dynamics.writing.changes import Writer
from emulation.dynamics.writing.payload import decode, given

_PATH = re.compile(rf"(\w+)(?:\(({GUID.pattern})\))?(?:/(\w+)(?:\(({GUID.pattern})\))?/\$ref)?")
_ROLE = re.compile(rf".*?/?roles\(({GUID.pattern})\)")
NO_METHOD = Refused(405, "0x80060888", "The requested resource does not support this HTTP method.")


class Written(msgspec.Struct, frozen=True):
    """What a request wrote.

    Args:
        table: The table.
        change: The change, checked and not yet kept; None: it concerns no row's columns.
        keep: Lets it become so.
        answer: Returns the answer to it, once it is kept.
    """

    table: Declared
    change: Change | None
    keep: Callable[[], None]
    answer: Callable[[], Response]


class Writing:
    """Tells what requests write.

    Args:
        request: The request.
        body: Its body.
        store: The organization's rows.
        writer: Writes on behalf of the caller.
    """

    def __init__(self, request: Request, body: bytes, store: Store, writer: Writer) -> None:
        self._request = request
        self._body = body
        self._store = store
        self._writer = writer

    def understand(self, resource: str) -> Written:
        """Tell what the request writes.

        Args:
            resource: The path below the version.

        Raises:
            Refused: It cannot be.
        """
        path = _PATH.fullmatch(resource)
        table = self._store.table(path[1]) if path else None
        if path is None or table is None:
            raise Refused(404, "0x8006088a", f"Resource not found for the segment '{resource.partition('(')[0]}'.")
        _, key, navigation, led = path.groups()
        if navigation:
            return self._association(table, (key, navigation, led))
        match self._request.method:
            case "POST" if key is None:
                return self._create(table)
            case "PATCH" if key is not None:
                return self._patch(table, key)
            case "DELETE" if key is not None:
                return self._delete(table, key)
            case _:
                raise NO_METHOD

    def _payload(self, table: Declared, *, creating: bool) -> Row:
        return given(self._store, table, decode(self._body, table.entity_set), creating=creating)

    def _create(self, table: Declared, key: str = "") -> Written:
        solution = self._request.headers.get("MSCRM.SolutionUniqueName", "")
        self._writer.solution(solution)
        change = self._writer.create(table, self._payload(table, creating=True), key)

        def keep() -> None:
            self._writer.keep(table, change)
            self._writer.join_solution(table, change.key, solution)

        return Written(table, change, keep, lambda: self._represented(table, change.key, 201))

    def _patch(self, table: Declared, key: str) -> Written:
        row = self._store.find(table, key)
        if row is None:
            # Without If-Match an update of what is not there creates it ("Upsert a table row").
            if "if-match" in self._request.headers:
                raise does_not_exist(table.schema_name, key)
            return self._create(table, key)
        if self._request.headers.get("if-none-match") == "*":
            raise Refused(412, "0x80060892", "A record with matching key values already exists.")
        _same_version(self._request, row)
        change = self._writer.update(table, row, self._payload(table, creating=False))
        return Written(
            table,
            change,
            lambda: self._writer.keep(table, change),
            lambda: self._represented(table, change.key, 200),
        )

    def _delete(self, table: Declared, key: str) -> Written:
        row = self._store.find(table, key)
        if row is None:
            raise does_not_exist(table.schema_name, key)
        _same_version(self._request, row)
        change = self._writer.delete(table, row)
        return Written(table, change, lambda: self._writer.keep(table, change), lambda: Response(status_code=204))

    def _represented(self, table: Declared, key: str, status: int) -> Response:
        request = self._request
        base = f"https://{request.url.hostname}{request.url.path.partition(table.entity_set)[0]}"
        prefer = ", ".join(request.headers.getlist("prefer"))
        location = {"OData-EntityId": f"{base}{table.entity_set}({key})"}
        if "return=representation" not in prefer:
            return Response(status_code=HTTPStatus.NO_CONTENT, headers=location)
        row = self._store.find(table, key)
        if row is None:
            raise does_not_exist(table.schema_name, key)
        schema = self._store.schema(table)
        try:
            query = read_query(request.query_params.multi_items(), schema, one=True)
        except BadQuery as bad:
            raise Refused(400, "0x80060888", str(bad)) from bad
        body = {"@odata.context": f"{base}$metadata#{table.entity_set}/$entity"}
        body |= selected(self._store.shown(table, row, prefer), query, schema)
        headers = location | {"Preference-Applied": "return=representation"}
        return JSONResponse(body, status_code=status, headers=headers)

    def _association(self, table: Declared, path: tuple[str, str, str | None]) -> Written:
        key, navigation, led = path
        if table.logical_name != "systemuser" or navigation != USER_ROLES:
            raise Refused(501, "0x80044824", "The emulated Web API associates roles of users only.")
        user, roles = self._store.find(table, key), self._store.named("role")
        if user is None:
            raise does_not_exist(table.schema_name, key)
        if self._request.method == "POST":
            found = _ROLE.fullmatch(str(decode(self._body, table.entity_set).get("@odata.id")))
            led = found[1] if found else None
        elif self._request.method != "DELETE":
            raise NO_METHOD
        role = self._store.find(roles, led) if led and roles else None
        if role is None:
            raise does_not_exist("Role", str(led))
        self._writer.allow(table, "Update")
        held = self._store.roles_of(user["systemuserid"])
        wanted = held | {role["name"]} if self._request.method == "POST" else held - {role["name"]}
        return Written(
            table,
            None,
            lambda: self._store.set_roles(user["systemuserid"], wanted),
            lambda: Response(status_code=HTTPStatus.NO_CONTENT),
        )


def _same_version(request: Request, row: Row) -> None:
    wanted = request.headers.get("if-match", "*")
    if wanted not in {"*", row.get("@odata.etag")}:
        raise version_mismatch()
