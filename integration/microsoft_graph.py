"""Microsoft Graph, as far as an app may read of itself when its secrets expire.

Sources: the pages "Get application", "passwordCredential resource type" (the hint is the secret's first three
characters) and "National cloud deployments".
"""

from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from integration.clock import Clock, SystemClock
from integration.clouds import CLOUDS
from integration.config.keys.model import Organization
from integration.dataverse.connection import Reply, get
from integration.dataverse.failures import failure
from integration.dataverse.json_body import Unreadable, read
from integration.errors import UnexpectedAnswer
from integration.identity import Tokens, scope_for

if TYPE_CHECKING:
    import httpx

CALL_TIMEOUT_SECONDS = 30.0
HEADERS = {"Accept": "application/json"}

_OK = 200
_UNAUTHORIZED = 401
_NOT_FOUND = 404


class Secret(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A client secret, as the app registration tells of it; never its value.

    Args:
        key_id: Its id, which the portal shows beside it.
        display_name: What it is called there.
        hint: Its first three characters.
        end_date_time: When it expires; None: never.
    """

    key_id: str | None = None
    display_name: str | None = None
    hint: str | None = None
    end_date_time: datetime | None = None


class MicrosoftGraph:
    """Calls to the Microsoft Graph of each organization's cloud.

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
        timeout: float = CALL_TIMEOUT_SECONDS,
    ) -> None:
        self._http = http
        self._tokens = tokens
        self._clock = clock or SystemClock()
        self._timeout = timeout

    async def secrets(self, organization: Organization, client_id: str) -> tuple[Secret, ...] | None:
        """Read the secrets of an app registration.

        Args:
            organization: Whose credentials, tenant and cloud.
            client_id: The application's id.

        Returns:
            None where the tenant has no such app registration: it is that of another tenant.

        Raises:
            Forbidden: The app may not read itself; that takes Application.Read.All.
            LinkUnknown: Another subclass says why there is no answer.
        """
        base = graph_url(organization)
        named = quote(client_id.replace("'", "''"), safe="")
        url = f"{base}/v1.0/applications(appId='{named}')?$select=id,appId,passwordCredentials"
        reply = await self._send(organization, base, url)
        if reply.status == _UNAUTHORIZED:
            self._tokens.drop(scope_for(base))
            reply = await self._send(organization, base, url)
        if reply.status == _NOT_FOUND:
            return None
        if reply.status != _OK:
            raise failure(base.removeprefix("https://"), reply, self._clock.now())
        try:
            return read(reply.body, _Application).secrets
        except Unreadable as error:
            msg = "Microsoft Graph's answer is not the documented JSON."
            raise UnexpectedAnswer(msg, status=reply.status) from error

    async def _send(self, organization: Organization, base: str, url: str) -> Reply:
        token = await self._tokens.token(organization, scope_for(base))
        return await get(self._http, url, HEADERS | {"Authorization": f"Bearer {token}"}, within=self._timeout)


def graph_url(organization: Organization) -> str:
    """Return the URL of the Microsoft Graph that knows an organization's tenant."""
    return f"https://{CLOUDS[organization.cloud].graph}"


class _Application(msgspec.Struct, frozen=True):
    secrets: tuple[Secret, ...] = msgspec.field(name="passwordCredentials")
