"""The app's own managed identity, as the Azure SDKs' aio clients take it."""

from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from integration.clock import Clock, SystemClock
from integration.errors import LinkUnknown, Throttled, Unreachable
from integration.identity.entra import managed_grant
from integration.identity.grants import Grants
from integration.identity.tokens import FETCH_TIMEOUT_SECONDS

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken, AccessTokenInfo, TokenRequestOptions


class AppIdentity:
    """An `AsyncTokenCredential` for storage and Service Bus.

    Args:
        client_id: Of a user-assigned identity; empty: the system-assigned one.
        clock: Time.
        timeout: Seconds that one fetch may take.
    """

    def __init__(
        self, client_id: str = "", *, clock: Clock | None = None, timeout: float = FETCH_TIMEOUT_SECONDS
    ) -> None:
        self._client_id = client_id
        self._clock = clock or SystemClock()
        self._grants: Grants[str] = Grants(self._clock, timeout=timeout, threads=2)

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **kwargs: Any,
    ) -> "AccessToken":
        """Return a token as azure-core wants it.

        Args:
            scopes: Exactly one: `{resource}/.default`.
            claims: A claims challenge: the kept token is not used again.
            tenant_id: Not used: a managed identity has one tenant.
            enable_cae: Not used: managed identities do not offer it.
            kwargs: Not used.

        Raises:
            azure.core.exceptions.ClientAuthenticationError: The identity is refused, or there is none.
            azure.core.exceptions.ServiceRequestError: Its endpoint could not be reached; the SDK tries again.
        """
        del tenant_id, enable_cae, kwargs
        from azure.core.credentials import AccessToken  # noqa: PLC0415 (imported at first use: import budget)

        token, lifetime = await self._get(scopes, claims)
        return AccessToken(token, int(self._clock.now().timestamp() + lifetime))

    async def get_token_info(self, *scopes: str, options: "TokenRequestOptions | None" = None) -> "AccessTokenInfo":
        """Return a token as newer azure-core wants it; as `get_token`."""
        from azure.core.credentials import AccessTokenInfo  # noqa: PLC0415 (imported at first use: import budget)

        token, lifetime = await self._get(scopes, (options or {}).get("claims"))
        return AccessTokenInfo(token, int(self._clock.now().timestamp() + lifetime))

    async def close(self) -> None:
        """Stop fetching."""
        await self._grants.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()

    async def _get(self, scopes: tuple[str, ...], claims: str | None) -> tuple[str, float]:
        from azure.core.exceptions import (  # noqa: PLC0415 (imported at first use: import budget)
            ClientAuthenticationError,
            ServiceRequestError,
        )

        if len(scopes) != 1:
            msg = f"A managed identity takes one scope at a time, not {len(scopes)}."
            raise ValueError(msg)
        scope = scopes[0]
        if claims:
            self._grants.forget(lambda key: key == scope)
        try:
            return await self._grants.get(scope, lambda: managed_grant(self._client_id, scope))
        except (Unreachable, Throttled) as error:
            raise ServiceRequestError(str(error), error=error) from error
        except LinkUnknown as error:
            raise ClientAuthenticationError(str(error), error=error) from error
