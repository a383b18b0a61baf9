"""One call with a token; after a 401 once more with a new one, for the old one may have been revoked."""

from typing import TYPE_CHECKING

import msgspec

from integration.config.keys.model import Organization
from integration.dataverse.connection import Reply, call
from integration.identity import Tokens, scope_for

if TYPE_CHECKING:
    import httpx

CALL_TIMEOUT_SECONDS = 30.0
HEADERS = {"Accept": "application/json"}

_UNAUTHORIZED = 401


class Authorized(msgspec.Struct, frozen=True):
    """Calls an API that takes tokens of its own.

    Args:
        http: The process's client.
        tokens: Gives the bearer tokens.
        timeout: Seconds for one call.
    """

    http: "httpx.AsyncClient"
    tokens: Tokens
    timeout: float = CALL_TIMEOUT_SECONDS

    async def ask(self, organization: Organization, url: str, *, resource: str, method: str = "GET") -> Reply:
        """Call it.

        Args:
            organization: Whose credentials, tenant and cloud.
            url: Absolute.
            resource: The URL that the token is for.
            method: Of HTTP; a POST has no body.

        Raises:
            LinkUnknown: There is no token or no answer; the subclass says why. Every status is an answer.
        """
        scope = scope_for(resource)
        reply = await self._send(organization, method, url, scope)
        if reply.status == _UNAUTHORIZED:
            self.tokens.drop(scope)
            reply = await self._send(organization, method, url, scope)
        return reply

    async def _send(self, organization: Organization, method: str, url: str, scope: str) -> Reply:
        headers = HEADERS | {"Authorization": f"Bearer {await self.tokens.token(organization, scope)}"}
        content = b"" if method == "POST" else None
        return await call(self.http, method, url, headers, content=content, within=self.timeout)
