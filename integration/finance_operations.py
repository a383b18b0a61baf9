"""The F&O client: the probe, and tokens for deliveries, both behind the same check of trust."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from integration.clock import Clock, SystemClock
from integration.clouds import CLOUDS
from integration.config.keys.model import Organization
from integration.dataverse.connection import Reply, call, get
from integration.dataverse.failures import failure, read_error
from integration.dataverse.json_body import Unreadable, read
from integration.dataverse.writing import Write
from integration.errors import Forbidden, RowRefused, Unauthenticated, UnexpectedAnswer, Unreachable, UntrustedLink
from integration.identity import Tokens, scope_for
from integration.plain_text import plain
from integration.redaction import redact
from integration.retry_after import asked_wait

if TYPE_CHECKING:
    import httpx

PROBE_PATH = "/data/LegalEntities?$top=1&$select=LegalEntityId"
"""One row of an entity that every environment has, is not per company, and is small."""

MOST_PAGES = 20
"""Of rows of one entity; a page has 10,000 (page "Open Data Protocol (OData)")."""

PROBE_TIMEOUT_SECONDS = 60.0
LET_IN = (
    "Add the client id in Finance & Operations under System administration > Setup > Microsoft Entra applications, and "
    "map it to an enabled user."
)
BY_HAND = "Do it in Finance & Operations by hand, as `fno-link register plan` says; then run the command again."
MAINTENANCE = (
    "Look in the Power Platform admin center, or Lifecycle Services, whether the environment is being serviced; then "
    "there is nothing to do but wait."
)
HEADERS = {"Accept": "application/json", "OData-MaxVersion": "4.0", "OData-Version": "4.0"}

_OK = 200
_UNAUTHORIZED = 401
_WRITTEN = (200, 201, 204)
_FORBIDDEN = 403
_REFUSED = (401, 403)
_REFUSES = (400, 404, 405, 409, 412, 422, 500)
"""Statuses by which a write is refused: an X++ exception is a 500, whatever it is about."""

_LONGEST = 500
_AUTHORITIES = frozenset(cloud.authority for cloud in CLOUDS.values()) | {"login.windows.net"}


class Environment(Protocol):
    """A linked F&O environment, as far as this room needs it; `Linked` is one."""

    @property
    def url(self) -> str:
        """Its base URL."""
        ...

    @property
    def trusted(self) -> bool:
        """Whether it passed the trust rules."""
        ...

    @property
    def distrust(self) -> str:
        """Why it did not."""
        ...


class FinanceOperations:
    """Calls to linked F&O environments, each with a token for that environment only.

    Args:
        http: The process's client.
        tokens: Gives the bearer tokens.
        clock: Time, for a Retry-After that is a date.
        timeout: Seconds for one call.
    """

    def __init__(
        self,
        http: "httpx.AsyncClient",
        tokens: Tokens,
        *,
        clock: Clock | None = None,
        timeout: float = PROBE_TIMEOUT_SECONDS,
    ) -> None:
        self._http = http
        self._tokens = tokens
        self._clock = clock or SystemClock()
        self._timeout = timeout

    async def probe(self, organization: Organization, environment: Environment) -> None:
        """Prove that the environment can be reached by reading one row of OData.

        Args:
            organization: Whose credentials.
            environment: The linked environment; `Linked` fits.

        Raises:
            UntrustedLink: It is not trusted: no token was asked for and nothing was sent.
            Forbidden: It is there, but the client may not read; that is not "unlinked".
            Unauthenticated: It does not know the client (401).
            LinkUnknown: Another subclass says why it could not be reached.
        """
        self.check(environment)
        reply = await self._get(organization, environment.url, f"{environment.url}{PROBE_PATH}")
        self._read(environment, reply)

    async def rows(
        self,
        organization: Organization,
        environment: Environment,
        entity_set: str,
        columns: Sequence[str],
        where: Mapping[str, str] | None = None,
    ) -> list[dict[str, object]]:
        """Read rows of an entity, of all companies and all pages.

        Args:
            organization: Whose credentials.
            environment: The linked environment.
            entity_set: The entity's public collection name.
            columns: Which members.
            where: Texts that members must equal.

        Raises:
            UntrustedLink: It is not trusted: no token was asked for and nothing was sent.
            Forbidden: The client's user may not read the entity.
            UnexpectedAnswer: With status 404, the environment has no such entity; without one, there are more rows
                than are read, or they go on elsewhere.
            LinkUnknown: Another subclass says why it could not be read.
        """
        self.check(environment)
        condition = " and ".join(f"{name} eq '{text.replace("'", "''")}'" for name, text in (where or {}).items())
        query = {"cross-company": "true", "$select": ",".join(columns)} | ({"$filter": condition} if condition else {})
        start = f"{environment.url}/data/{entity_set}"
        url = f"{start}?{urlencode(query, safe='$,', quote_via=quote)}"
        found: list[dict[str, object]] = []
        for _ in range(MOST_PAGES):
            page = self._read(environment, await self._get(organization, environment.url, url))
            found += page.value
            if not page.following:
                return found
            # The token goes to the same entity again, wherever else the answer points.
            if not page.following.startswith(f"{start}?"):
                msg = f"the rows of {entity_set} go on at another address than {start}: what is there is not read."
                raise UnexpectedAnswer(msg)
            url = page.following
        msg = f"{entity_set} of {environment.url} has more than {MOST_PAGES} pages of rows."
        raise UnexpectedAnswer(msg)

    async def is_read_only(self, organization: Organization, environment: Environment, entity_set: str) -> bool:
        """Ask whether an entity takes no writes, as the environment's metadata says.

        Arguments and errors as of `rows`.
        """
        query = quote(f"EntitySetName eq '{entity_set}'", safe="")
        told = await self._described(organization, environment, f"PublicEntities?$filter={query}", _Entities)
        for each in told.value:
            if each.entity_set == entity_set:
                return each.is_read_only
        msg = f"the metadata of {environment.url} does not tell of {entity_set}."
        raise UnexpectedAnswer(msg, status=404)

    async def members(self, organization: Organization, environment: Environment, enumeration: str) -> tuple[str, ...]:
        """Ask for the names of an enumeration's members; arguments and errors as of `rows`."""
        path = f"PublicEnumerations('{enumeration}')"
        return tuple(each.name for each in (await self._described(organization, environment, path, _Members)).members)

    async def write(self, organization: Organization, environment: Environment, write: Write) -> None:
        """Create or change a row of a public entity, once.

        Args:
            organization: Whose credentials.
            environment: The linked environment.
            write: The request.

        Raises:
            UntrustedLink: It is not trusted: no token was asked for and nothing was sent.
            Forbidden: The client's user may not write the entity.
            RowRefused: It is not taken, in the environment's words.
            LinkUnknown: Another subclass says why; whether it was written is not known then.
        """
        self.check(environment)
        url = f"{environment.url}/data/{write.path}"
        reply = await self._send(organization, environment.url, url, write)
        if reply.status == _UNAUTHORIZED:
            self._tokens.drop(scope_for(environment.url))
            reply = await self._send(organization, environment.url, url, write)
        if _is_page(reply):
            self._read(environment, reply)
        if reply.status in _WRITTEN:
            return
        host, what = environment.url.removeprefix("https://"), write.path.partition("(")[0]
        if reply.status == _FORBIDDEN:
            msg = f"{host} lets this client not write {what} ({reply.status})."
            raise Forbidden(msg, status=reply.status, hint=f"Give its user a role that may maintain {what}.")
        if reply.status in _REFUSES:
            msg = f"{host} did not take the {write.method} of {what} ({reply.status}): {_words(reply) or 'no words'}"
            raise RowRefused(msg, status=reply.status, hint=BY_HAND)
        self._read(environment, reply)
        msg = f"{host} answered the {write.method} of {what} with {reply.status}."
        raise UnexpectedAnswer(msg, status=reply.status)

    async def _described[T](self, organization: Organization, environment: Environment, path: str, shape: type[T]) -> T:
        self.check(environment)
        reply = await self._get(organization, environment.url, f"{environment.url}/metadata/{path}")
        if reply.status == _OK and not _is_page(reply):
            try:
                return read(reply.body, shape)
            except Unreadable as error:
                msg = f"{environment.url} describes its entities otherwise than is known here."
                raise UnexpectedAnswer(msg, status=reply.status) from error
        self._read(environment, reply)
        msg = f"{environment.url} described nothing."
        raise UnexpectedAnswer(msg, status=reply.status)

    def _read(self, environment: Environment, reply: Reply) -> "_Rows":
        host = environment.url.removeprefix("https://")
        if 300 <= reply.status < 400:  # noqa: PLR2004 (HTTP statuses read best as such)
            raise _redirected(host, reply)
        if _is_page(reply):
            # Whatever its status: behind it there is no environment that answers an app.
            wait = asked_wait(reply.headers.get("retry-after"), self._clock.now(), by=host)
            msg = f"{host} answered a page for people ({reply.status}), not data."
            raise Unreachable(msg, status=reply.status, retry_after=wait, hint=MAINTENANCE)
        if reply.status != _OK:
            error = failure(host, reply, self._clock.now())
            if isinstance(error, Forbidden | Unauthenticated):
                # Entra has given a token for this very environment: who does not know the client is the environment.
                msg = f"{host} refused the call ({reply.status}): it does not let this client in."
                raise type(error)(msg, status=error.status, remote_code=error.remote_code, hint=LET_IN)
            raise error
        try:
            return read(reply.body, _Rows)
        except Unreadable as error:
            msg = f"{host} answered something that is not OData."
            raise UnexpectedAnswer(msg, status=reply.status) from error

    def check(self, environment: Environment) -> None:
        """Refuse an environment that is not trusted.

        Raises:
            UntrustedLink: It is not.
        """
        if not environment.trusted:
            msg = f"{environment.url} is not trusted, and nothing is sent to it: {environment.distrust}"
            raise UntrustedLink(msg)

    async def token(self, organization: Organization, environment: Environment) -> str:
        """Return a bearer token for this environment only.

        Args:
            organization: Whose credentials.
            environment: The linked environment.

        Raises:
            UntrustedLink: It is not trusted: no token was asked for.
            LinkUnknown: No token could be had; the subclass says why.
        """
        self.check(environment)
        return await self._tokens.token(organization, scope_for(environment.url))

    def drop_token(self, environment: Environment) -> None:
        """Forget the tokens for this environment: one was refused."""
        self._tokens.drop(scope_for(environment.url))

    async def _get(self, organization: Organization, base: str, url: str) -> Reply:
        reply = await self._send(organization, base, url)
        if reply.status == _UNAUTHORIZED:
            self._tokens.drop(scope_for(base))
            reply = await self._send(organization, base, url)
        return reply

    async def _send(self, organization: Organization, base: str, url: str, write: Write | None = None) -> Reply:
        token = await self._tokens.token(organization, scope_for(base))
        headers = HEADERS | {"Authorization": f"Bearer {token}"}
        if write is None:
            return await get(self._http, url, headers, within=self._timeout)
        headers |= {"Content-Type": "application/json; charset=utf-8"}
        content = msgspec.json.encode(write.row)
        return await call(self._http, write.method, url, headers, content=content, within=self._timeout)


def _is_page(reply: Reply) -> bool:
    return "html" in reply.headers.get("content-type", "").lower() and reply.status not in _REFUSED


def _redirected(host: str, reply: Reply) -> Unauthenticated | UnexpectedAnswer:
    try:
        to = urlsplit(reply.headers.get("location", "")).hostname or ""
    except ValueError:
        to = "what is no address"
    if to in _AUTHORITIES:
        msg = f"{host} refused the call ({reply.status}): it sends it to the page where people sign in."
        return Unauthenticated(msg, status=reply.status, hint=LET_IN)
    msg = f"{host} sends the call elsewhere ({reply.status}, to {to or 'itself'})."
    return UnexpectedAnswer(msg, status=reply.status, hint=MAINTENANCE)


def _words(reply: Reply) -> str:
    """Return why a write was refused: the words within, which say more than those around them."""
    try:
        error = read(reply.body, _Refused).error
    except Unreadable:
        return read_error(reply.body).message
    return redact(plain(error.inner.message or error.message))[:_LONGEST]


class _Inner(msgspec.Struct, frozen=True):
    message: str = ""


class _Error(msgspec.Struct, frozen=True):
    message: str = ""
    inner: _Inner = msgspec.field(name="innererror", default=_Inner())


class _Refused(msgspec.Struct, frozen=True):
    error: _Error


class _Entity(msgspec.Struct, frozen=True):
    entity_set: str = msgspec.field(name="EntitySetName")
    is_read_only: bool = msgspec.field(name="IsReadOnly")


class _Entities(msgspec.Struct, frozen=True):
    value: list[_Entity]


class _Member(msgspec.Struct, frozen=True):
    name: str = msgspec.field(name="Name")


class _Members(msgspec.Struct, frozen=True):
    members: list[_Member] = msgspec.field(name="Members")


class _Rows(msgspec.Struct, frozen=True):
    value: list[dict[str, object]]
    following: str = msgspec.field(name="@odata.nextLink", default="")
