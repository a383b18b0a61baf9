"""How a program shows who it is: by a function key or a token of Entra.

Source: "Securing Azure Functions" (function access keys, the header x-functions-key); the credentials of azure-identity
implement azure-core's `TokenCredential` and `AsyncTokenCredential`.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, runtime_checkable

from integration.errors import Unauthenticated

_HINT = "Look at the cause of this error: what was given as `token` could not say a token."


@runtime_checkable
class TokenCredential(Protocol):
    """A credential of azure-identity, synchronous or not, or one like it."""

    def get_token(self, *scopes: str) -> Any:
        """Return an access token, whose `token` is the bearer token; or an awaitable of one."""
        ...


type TokenSource = Callable[[], str | Awaitable[str]] | TokenCredential


class Credential:
    """Writes the headers of a request.

    Args:
        key: A function key; empty: none.
        token: Says a bearer token each time it is asked, and keeps it itself for as long as it is good.
        scope: What a `TokenCredential` is asked for: `api://fno-link/.default`.

    Raises:
        ValueError: Neither is given, or both, or one that cannot be.
    """

    def __init__(self, key: str, token: TokenSource | None, scope: str) -> None:
        if bool(key) == (token is not None):
            msg = "give a function key, or a token of Entra: the app takes one of them"
            raise ValueError(msg)
        if not _fits(key):
            msg = "the key holds characters that no key has; copy it again"
            raise ValueError(msg)
        if isinstance(token, TokenCredential):
            if not scope:
                msg = "a credential needs the scope that its token is for: api://APP/.default"
                raise ValueError(msg)
            get_token = token.get_token
            self._token: Callable[[], Any] | None = lambda: get_token(scope)
            self._waits = inspect.iscoroutinefunction(get_token)
        else:
            self._token = token
            self._waits = inspect.iscoroutinefunction(token)
        self._headers = {"x-functions-key": key} if key else {}
        self.is_token = token is not None
        """Whether a token is shown, and no key."""

    async def headers(self) -> dict[str, str]:
        """Return the headers; what says tokens synchronously may block, and is asked in a thread.

        Raises:
            Unauthenticated: No token could be had.
        """
        if self._token is None:
            return dict(self._headers)
        try:
            said = self._token() if self._waits else await asyncio.to_thread(self._token)
            if inspect.isawaitable(said):
                said = await said
        except Exception as error:  # whoever says tokens raises what he likes
            raise _tokenless(error) from error
        return self._with(said)

    def headers_now(self) -> dict[str, str]:
        """Return the headers, in a program without an event loop.

        Raises:
            Unauthenticated: No token could be had.
        """
        if self._token is None:
            return dict(self._headers)
        try:
            said = self._token()
        except Exception as error:  # whoever says tokens raises what he likes
            raise _tokenless(error) from error
        if inspect.iscoroutine(said):
            said.close()
        return self._with(said)

    def _with(self, said: object) -> dict[str, str]:
        token = said if isinstance(said, str) else getattr(said, "token", None)
        if not isinstance(token, str) or not token or not _fits(token):
            msg = f"what was given as token said {type(said).__name__}, which is no token"
            raise Unauthenticated(msg, hint=_HINT)
        return {"Authorization": f"Bearer {token}"}


def _tokenless(error: Exception) -> Unauthenticated:
    # Not its words: who says tokens may put secrets into them.
    return Unauthenticated(f"no token could be had: {type(error).__name__}", hint=_HINT)


def _fits(secret: str) -> bool:
    return secret.isascii() and secret.isprintable()
