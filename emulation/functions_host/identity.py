"""The managed identity of the host's own clients.

Page "How to use managed identities for App Service and Azure Functions", REST endpoint reference.
"""

import asyncio
import os
import time
from types import TracebackType
from typing import Any, Self

import httpx
from azure.core.credentials import AccessToken, AccessTokenInfo
from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError

API_VERSION = "2019-08-01"
EARLY = 300
"""Seconds before its end from which a token is not used any more."""


class ManagedIdentity:
    """An `AsyncTokenCredential` by the endpoint that IDENTITY_ENDPOINT names; its tokens are kept.

    Args:
        client_id: Of a user-assigned identity; empty: the system-assigned one.
    """

    def __init__(self, client_id: str = "") -> None:
        self._client_id = client_id
        self._tokens: dict[str, AccessToken] = {}
        self._asking = asyncio.Lock()

    async def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        """Return a token for one scope, `{resource}/.default`.

        Raises:
            ClientAuthenticationError: There is no such identity, or the endpoint refuses.
            ServiceRequestError: The endpoint could not be reached.
        """
        [scope] = scopes
        async with self._asking:
            kept = self._tokens.get(scope)
            if kept is None or kept.expires_on - EARLY < time.time() or kwargs.get("claims"):
                kept = self._tokens[scope] = await self._ask(scope.removesuffix("/.default"))
        return kept

    async def get_token_info(self, *scopes: str, options: Any = None) -> AccessTokenInfo:
        """Return a token as newer clients ask for it; as `get_token`."""
        token = await self.get_token(*scopes, **(options or {}))
        return AccessTokenInfo(token.token, token.expires_on)

    async def close(self) -> None:
        """Forget the tokens."""
        self._tokens.clear()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()

    async def _ask(self, resource: str) -> AccessToken:
        endpoint = os.environ.get("IDENTITY_ENDPOINT", "")
        if not endpoint:
            raise ClientAuthenticationError("IDENTITY_ENDPOINT is not set: there is no managed identity here.")
        query = {"resource": resource, "api-version": API_VERSION}
        if self._client_id:
            query["client_id"] = self._client_id
        headers = {"X-IDENTITY-HEADER": os.environ.get("IDENTITY_HEADER", "")}
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
                answer = await client.get(endpoint, params=query, headers=headers)
        except httpx.HTTPError as error:
            raise ServiceRequestError(str(error), error=error) from error
        if not answer.is_success:
            msg = f"The managed identity is refused ({answer.status_code}): {answer.json().get('message', '')}"
            raise ClientAuthenticationError(msg)
        given = answer.json()
        return AccessToken(given["access_token"], int(given["expires_on"]))


def check_kind(kind: str, prefix: str, function: str) -> str:
    """Return what is wrong with a connection's `__credential`, or nothing.

    Args:
        kind: Its value.
        prefix: The connection.
        function: Whose it is, for the message.
    """
    if kind.lower() in {"", "managedidentity"}:
        return ""
    return f"Function {function!r}: {prefix}__credential is {kind!r}; the local host knows managedidentity only."
