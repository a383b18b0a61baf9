"""Bearer tokens for Dataverse and F&O."""

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from integration.clock import Clock, SystemClock
from integration.clouds import CLOUDS
from integration.config.keys.model import Credentials, Organization
from integration.errors import FnoLinkError, Throttled, Unauthenticated, Unreachable
from integration.identity.entra import Entra, managed_grant
from integration.identity.grants import Grant, Grants

NOBODY = Credentials()
"""In place of credentials, where a person signs in."""

FETCH_TIMEOUT_SECONDS = 30.0
"""Seconds for one token, discovery of the tenant's endpoints included."""


def scope_for(url: str) -> str:
    """Return the scope for a resource: its URL without a trailing slash, and `/.default`."""
    return f"{url.rstrip('/')}/.default"


class SignIn(Protocol):
    """Gets tokens for a person who is signed in, or signs in now."""

    def grant(self, authority: str, scope: str) -> Grant:
        """Get a new token; runs in a thread.

        Args:
            authority: `https://login.microsoftonline.com/{tenant}`.
            scope: `{resource}/.default`.

        Raises:
            LinkUnknown: There is none; the subclass says why.
        """
        ...


class _Key(NamedTuple):
    scope: str
    authority: str
    credentials: Credentials


class Tokens:
    """Tokens per client, tenant and scope: single-flight, kept until 5 minutes before they expire.

    A slow or hanging Entra never blocks the loop: msal is built and called on a small thread pool of its own.

    Args:
        credentials_for: Credentials by organization: a function, or a mapping by the organization's name.
        clock: Time.
        timeout: Seconds that one fetch may take before it counts as unreachable.
        threads: Fetches at the same time.
        sign_in: Gets the tokens of a person, instead of those of the credentials.
    """

    def __init__(
        self,
        credentials_for: Callable[[Organization], Credentials] | Mapping[str, Credentials],
        *,
        clock: Clock | None = None,
        timeout: float = FETCH_TIMEOUT_SECONDS,
        threads: int = 8,
        sign_in: SignIn | None = None,
    ) -> None:
        self._sign_in = sign_in
        self._credentials_for = credentials_for
        self._entra = Entra()
        self._grants: Grants[_Key] = Grants(clock or SystemClock(), timeout=timeout, threads=threads)

    async def token(self, organization: Organization, scope: str) -> str:
        """Return a bearer token.

        Args:
            organization: Whose credentials, tenant and cloud.
            scope: `{resource}/.default`, see `scope_for`.

        Raises:
            Unauthenticated: Entra refused; `remote_code` is its AADSTS code, the message says what to do.
            Throttled: Entra asked to slow down.
            Unreachable: Entra could not be reached or did not answer in time.
        """
        credentials = self._credentials(organization)
        authority = _authority(organization)
        try:
            token, _ = await self._grants.get(
                _Key(scope, authority, credentials), lambda: self._fetch(authority, credentials, scope)
            )
        except (Unreachable, Throttled) as error:
            error.cause = _cause(organization, credentials)
            raise
        return token

    def holds(self, organization: Organization, scope: str) -> bool:
        """Tell whether a usable token is kept: asking for one would ask nobody.

        Args:
            organization: Whose.
            scope: See `token`.
        """
        try:
            credentials = self._credentials(organization)
        except FnoLinkError:
            return False
        return self._grants.holds(_Key(scope, _authority(organization), credentials))

    def cause(self, organization: Organization) -> str:
        """Name who is asked for the tokens of an organization, as the `cause` of an error names who did not answer.

        Raises:
            FnoLinkError: Its credentials cannot be had.
        """
        return _cause(organization, self._credentials(organization))

    def drop(self, scope: str) -> None:
        """Forget the tokens for this scope: one was refused, or its resource is no longer ours to talk to."""
        self._grants.forget(lambda key: key.scope == scope)

    async def aclose(self) -> None:
        """Stop fetching."""
        await self._grants.aclose()

    def _credentials(self, organization: Organization) -> Credentials:
        if self._sign_in is not None:
            return NOBODY
        if callable(self._credentials_for):
            return self._credentials_for(organization)
        try:
            return self._credentials_for[organization.name]
        except KeyError as error:
            msg = f"No credentials are configured for organization {organization.name!r}."
            raise Unauthenticated(msg) from error

    def _fetch(self, authority: str, credentials: Credentials, scope: str) -> Grant:
        if self._sign_in is not None:
            return self._sign_in.grant(authority, scope)
        if credentials.client_secret or credentials.client_certificate:
            return self._entra.grant(authority, credentials, scope)
        return managed_grant(credentials.client_id, scope)


def _authority(organization: Organization) -> str:
    return f"https://{CLOUDS[organization.cloud].authority}/{organization.tenant}"


def _cause(organization: Organization, credentials: Credentials) -> str:
    if credentials.client_secret or credentials.client_certificate:
        return f"entra:{organization.tenant}"
    # The endpoint is on this machine and the same for all callers: if it gives one of them no token, it gives none.
    return "entra:managed_identity"
