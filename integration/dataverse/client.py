"""The Dataverse client."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

import msgspec

from integration.clock import Clock, SystemClock
from integration.clouds import organization_url
from integration.config.keys.model import Organization
from integration.dataverse.answers import (
    Identity,
    LinkAnswer,
    read_identity,
    read_link,
    read_not_integrated,
)
from integration.dataverse.connection import CALL_TIMEOUT_SECONDS, Reply, call
from integration.dataverse.failures import failure, read_error
from integration.dataverse.jobs import Jobs, failed_jobs_path, read_jobs
from integration.dataverse.json_body import Unreadable, read_object
from integration.dataverse.writing import refused
from integration.errors import LinkUnknown, UnexpectedAnswer
from integration.identity import Tokens, scope_for
from integration.loggers import logger
from integration.telemetry.instruments import tell
from integration.telemetry.metrics import CALLS

if TYPE_CHECKING:
    import httpx

HEADERS = {"Accept": "application/json", "OData-MaxVersion": "4.0", "OData-Version": "4.0", "If-None-Match": "null"}
"""What the page "Compose HTTP requests and handle errors" asks for on every call."""

VERSION = "v9.2"
OLDER_VERSION = "v9.1"
LINK_CALL = "RetrieveFinanceAndOperationsIntegrationDetails"
ROW_GONE = "0x80040217"

_OK = 200
_UNAUTHORIZED = 401
_NOT_FOUND = 404
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_ID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")

_WRITTEN = {200, 201, 204}
"""Pages "Create a table row" and "Update and delete table rows using the Web API"."""

log = logger("dataverse")


class _Sent(msgspec.Struct, frozen=True):
    content: bytes | None = None
    headers: Mapping[str, str] = {}


_NOTHING = _Sent()


class Dataverse:
    """Calls to Dataverse organizations, each with a token for that organization only.

    Nothing is retried here but a refused token, once, with a fresh one: whoever calls knows how often it was tried.

    Args:
        http: The process's client, see `open_http_client`.
        tokens: Gives the bearer tokens.
        clock: Time, for a Retry-After that is a date.
        timeout: Seconds for one call.
        wordings: Regular expressions by which a localised "not integrated" is known.
    """

    def __init__(
        self,
        http: "httpx.AsyncClient",
        tokens: Tokens,
        *,
        clock: Clock | None = None,
        timeout: float = CALL_TIMEOUT_SECONDS,
        wordings: Sequence[str] = (),
    ) -> None:
        self._http = http
        self._tokens = tokens
        self._clock = clock or SystemClock()
        self._timeout = timeout
        self._wordings = tuple(wordings)
        self._sets: dict[tuple[str, str], str] = {}

    @property
    def wordings(self) -> tuple[str, ...]:
        """The regular expressions by which a localised "not integrated" is known."""
        return self._wordings

    async def integration_details(self, organization: Organization) -> LinkAnswer:
        """Ask which F&O environment the organization is linked to.

        Returns:
            `Details`, or `NotIntegrated` for 400 with 0x80048d0b: both are answers.

        Raises:
            LinkUnknown: Anything else; the subclass says why.
        """
        reply = await self._get(organization, LINK_CALL)
        if reply.status == _NOT_FOUND:
            reply = await self._get(organization, LINK_CALL, version=OLDER_VERSION)
        if reply.status == _OK:
            return read_link(reply.body)
        unlinked = read_not_integrated(reply, self._wordings)
        if unlinked is not None:
            return unlinked
        raise self._failure(organization, reply)

    async def who_am_i(self, organization: Organization) -> Identity:
        """Ask who we are: proves token, organization and application user.

        Raises:
            LinkUnknown: The subclass says why.
        """
        return read_identity((await self._ok(organization, "WhoAmI")).body)

    async def function(self, organization: Organization, call: str) -> bytes | None:
        """Call a function that has no method of its own here.

        Args:
            organization: Where.
            call: Its name and parameters as they stand in the path.

        Returns:
            The body; None where the organization has no such function (404).

        Raises:
            LinkUnknown: The subclass says why.
        """
        reply = await self._get(organization, call)
        if reply.status == _NOT_FOUND:
            return None
        if reply.status != _OK:
            raise self._failure(organization, reply)
        return reply.body

    async def sdk_messages(self, organization: Organization) -> int:
        """Read one of the organization's SDK messages: the call of Microsoft's own settings test.

        Returns:
            Rows read: 1, or 0 where the application user may not see them.

        Raises:
            LinkUnknown: The subclass says why.
        """
        reply = await self._ok(organization, "sdkmessages?$select=name&$top=1")
        return len(_rows(_json(reply.body, organization), organization))

    async def failed_jobs(self, organization: Organization, steps: Sequence[str], since: datetime, *, top: int) -> Jobs:
        """Ask for the system jobs of registered steps that failed.

        Args:
            organization: Where.
            steps: Ids of `sdkmessageprocessingstep` rows; at least one.
            since: Those that were completed then or later.
            top: How many are told; all are counted.

        Raises:
            ValueError: A step is no id; nothing was sent.
            Forbidden: The application user may not read system jobs (prvReadAsyncOperation).
            LinkUnknown: Another subclass says why there is no answer.
        """
        for step in steps:
            if not _ID.fullmatch(step):
                msg = f"not the id of a step: {step[:80]!r}"
                raise ValueError(msg)
        return read_jobs((await self._ok(organization, failed_jobs_path(steps, since, top))).body)

    async def read_row(
        self, organization: Organization, table: str, row_id: str, columns: Sequence[str] = ()
    ) -> dict[str, Any] | None:
        """Read one row.

        Args:
            organization: Where.
            table: The table's logical name (`account`) or its entity set's (`accounts`).
            row_id: The row's id.
            columns: Columns to read; empty: all.

        Returns:
            The row as JSON, annotations for formatted values included; None when there is no such row.

        Raises:
            ValueError: A name or the id is not one; nothing was sent.
            LinkUnknown: The subclass says why.
        """
        if not _ID.fullmatch(row_id):
            msg = f"not the id of a row: {row_id[:80]!r}"
            raise ValueError(msg)
        for name in (table, *columns):
            if not _NAME.fullmatch(name):
                msg = f"not the name of a table or column: {name[:80]!r}"
                raise ValueError(msg)
        entity_set = await self._entity_set(organization, table)
        select = f"?$select={','.join(columns)}" if columns else ""
        reply = await self._get(organization, f"{entity_set}({row_id}){select}")
        if reply.status == _NOT_FOUND and read_error(reply.body).code == ROW_GONE:
            return None
        if reply.status != _OK:
            raise self._failure(organization, reply)
        return _json(reply.body, organization)

    async def rows(self, organization: Organization, path: str) -> list[dict[str, Any]]:
        """Read all pages of a query.

        Args:
            organization: Where.
            path: The query as it stands behind the version.

        Raises:
            LinkUnknown: The subclass says why.
        """
        rows = await self.rows_if_there(organization, path)
        if rows is None:
            msg = f"{_host(organization)} has no {path.partition('?')[0]}."
            raise UnexpectedAnswer(msg, status=_NOT_FOUND)
        return rows

    async def rows_if_there(self, organization: Organization, path: str) -> list[dict[str, Any]] | None:
        """Read all pages of a query, as `rows` does; None where there is no such resource (404)."""
        found: list[dict[str, Any]] = []
        root = f"{organization.url}/api/data/"
        while True:
            reply = await self._get(organization, path)
            if reply.status == _NOT_FOUND and not found:
                return None
            if reply.status != _OK:
                raise self._failure(organization, reply)
            page = _json(reply.body, organization)
            found += _rows(page, organization)
            following = page.get("@odata.nextLink")
            if following is None:
                return found
            version, _, path = str(following).removeprefix(root).partition("/")
            if not str(following).startswith(root) or not path:
                msg = f"{_host(organization)} answered a next page that is not its own ({version[:80]})."
                raise UnexpectedAnswer(msg, status=_OK)

    async def write(
        self, organization: Organization, method: str, path: str, row: Mapping[str, Any], headers: Mapping[str, str]
    ) -> str:
        """Create, change or delete a row.

        Args:
            organization: Where.
            method: POST, PATCH or DELETE.
            path: The set or the row, as it stands behind the version.
            row: Its columns; of a deletion none.
            headers: Beside those of every call, as `If-None-Match` or `MSCRM.SolutionUniqueName`.

        Returns:
            The URL of the row (`OData-EntityId`); empty where none is told.

        Raises:
            RowRefused: Dataverse does not take it, in its words.
            LinkUnknown: Another subclass says why; what was refused is not tried again.
        """
        sent = _NOTHING
        if method != "DELETE":
            sent = _Sent(msgspec.json.encode(row), {"Content-Type": "application/json; charset=utf-8"})
        reply = await self._asked(
            organization, method, path, sent=msgspec.structs.replace(sent, headers={**sent.headers, **headers})
        )
        if reply.status not in _WRITTEN:
            raise refused(_host(organization), method, path, reply, self._clock.now())
        return reply.headers.get("odata-entityid", "")

    async def _entity_set(self, organization: Organization, table: str) -> str:
        key = (organization_url(organization.url), table)
        if key not in self._sets:
            path = f"EntityDefinitions(LogicalName='{table.lower()}')?$select=EntitySetName"
            reply = await self._get(organization, path)
            if reply.status not in {_OK, _NOT_FOUND}:
                raise self._failure(organization, reply)
            # No table of this logical name: it is the name of an entity set already.
            name = _json(reply.body, organization).get("EntitySetName") if reply.status == _OK else table
            if not isinstance(name, str) or not _NAME.fullmatch(name):
                msg = f"{_host(organization)} names no entity set for table {table!r}."
                raise UnexpectedAnswer(msg, status=reply.status)
            self._sets[key] = name
        return self._sets[key]

    async def _ok(self, organization: Organization, path: str) -> Reply:
        reply = await self._get(organization, path)
        if reply.status != _OK:
            raise self._failure(organization, reply)
        return reply

    async def _get(self, organization: Organization, path: str, version: str = VERSION) -> Reply:
        return await self._asked(organization, "GET", path, version=version)

    async def _asked(
        self, organization: Organization, method: str, path: str, *, version: str = VERSION, sent: _Sent = _NOTHING
    ) -> Reply:
        scope = scope_for(organization.url)
        request = (method, f"{organization.url}/api/data/{version}/{path}", sent)
        reply = await self._send(organization, scope, *request)
        if reply.status == _UNAUTHORIZED:
            self._tokens.drop(scope)
            reply = await self._send(organization, scope, *request)
        return reply

    async def _send(self, organization: Organization, scope: str, method: str, url: str, sent: _Sent) -> Reply:
        token = await self._tokens.token(organization, scope)
        headers = {**HEADERS, **sent.headers, "Authorization": f"Bearer {token}"}
        try:
            reply = await call(self._http, method, url, headers, content=sent.content, within=self._timeout)
        except LinkUnknown as unknown:
            tell(CALLS, organization=organization.name, reason=unknown.code)
            raise
        tell(CALLS, organization=organization.name, status=reply.status)
        log.debug("%s answered %d", organization.name, reply.status)
        return reply

    def _failure(self, organization: Organization, reply: Reply) -> Exception:
        return failure(_host(organization), reply, self._clock.now())


def _host(organization: Organization) -> str:
    return organization.url.removeprefix("https://")


def _json(body: bytes, organization: Organization) -> dict[str, Any]:
    try:
        return read_object(body)
    except Unreadable as error:
        msg = f"{_host(organization)} answered something that is not a JSON object."
        raise UnexpectedAnswer(msg, status=_OK) from error


def _rows(page: dict[str, Any], organization: Organization) -> list[dict[str, Any]]:
    rows = page.get("value")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in cast("list[object]", rows)):
        msg = f"{_host(organization)} answered without a list of rows."
        raise UnexpectedAnswer(msg, status=_OK)
    return cast("list[dict[str, Any]]", rows)
