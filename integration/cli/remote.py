"""A deployed function app, asked over HTTP with a function key, or with a token of Entra."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import click
import msgspec

from integration.cli.app_option import signing_in
from integration.client.address import app_address
from integration.config.settings.settings import APP_AUDIENCE, APP_TENANT
from integration.errors import AppRefused, AppUnavailable, FnoLinkError

if TYPE_CHECKING:
    import ssl

    import httpx

    from integration.cli.app_token import AppToken

KEY = "FNO_LINK_KEY"
ENTRA = "entra"
"""Before the paths of operations that take a token."""
OF_CALLERS = ("CallerUnknown", "CallerRefused")
_TIMEOUT_SECONDS = 60.0
_LAST_OK = 299


class _Problem(msgspec.Struct, frozen=True):
    code: str = ""
    detail: str = ""
    hint: str = ""


class App:
    """A function app.

    Args:
        url: Its address, with or without /api: https://fno-link.azurewebsites.net.
    """

    def __init__(self, url: str) -> None:
        try:
            base = app_address(url)
        except ValueError as error:
            msg = f"--app: {error}"
            raise click.UsageError(msg) from error
        self.base = base
        """Its address without /api."""
        self._encrypted = base.lower().startswith("https:")
        self._key = legible(KEY, os.environ.get(KEY, ""))
        self._token = _token()

    async def get(self, path: str, shape: Any, query: Mapping[str, str] | None = None, *, answer: str = "") -> Any:
        """GET /api/{path} and return the JSON, which must have a shape of `shapes`.

        Args:
            path: Behind /api.
            shape: Of `shapes`.
            query: The parameters.
            answer: A content type of what is an answer whatever its status says.

        Raises:
            AppRefused: It answered an error, or something else than fno-link answers.
            AppUnavailable: It did not answer, or answered a 5xx.
        """
        return conform(await self._send("GET", path, query or {}, None, answer), shape)

    async def post(self, path: str, shape: Any, body: Any, query: Mapping[str, str] | None = None) -> Any:
        """POST JSON to /api/{path} and return the JSON, which must have a shape of `shapes`.

        Raises:
            AppRefused: It answered an error, or something else than fno-link answers.
            AppUnavailable: It did not answer, or answered a 5xx.
        """
        return conform(await self._send("POST", path, query or {}, body), shape)

    async def delete(self, path: str, shape: Any, query: Mapping[str, str]) -> Any:
        """DELETE /api/{path} and return the JSON, which must have a shape of `shapes`.

        Raises:
            AppRefused: It answered an error, or something else than fno-link answers.
            AppUnavailable: It did not answer, or answered a 5xx.
        """
        return conform(await self._send("DELETE", path, query, None), shape)

    async def _send(
        self, method: str, path: str, query: Mapping[str, str], body: Any, whatever_status: str = ""
    ) -> Any:
        import httpx  # noqa: PLC0415 - only --app needs it

        headers = {"Content-Type": "application/json"}
        url = f"{self.base}/api/{path}"
        if self._key:
            headers["x-functions-key"] = self._key
        elif self._token is not None:
            headers["Authorization"] = f"Bearer {legible('The token', await self._token.bearer())}"
            url = f"{self.base}/api/{ENTRA}/{path}"
        content = None if body is None else msgspec.json.encode(body)
        try:
            async with self.client() as client:
                answer = await client.request(method, url, params=dict(query), content=content, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            msg = f"{self.base} did not answer: {type(error).__name__}"
            raise AppUnavailable(msg) from error
        media = answer.headers.get("content-type", "").partition(";")[0].strip()
        if answer.status_code > _LAST_OK and media != (whatever_status or None):
            raise self._refusal(answer.status_code, answer.content, method, path)
        try:
            return msgspec.json.decode(answer.content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            msg = f"{self.base} answered something that is not JSON: is it a function app of fno-link?"
            raise AppRefused(msg) from error

    def _refusal(self, status: int, body: bytes, method: str, path: str) -> FnoLinkError:
        try:
            problem = msgspec.json.decode(body, type=_Problem)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            problem = _Problem()
        said = f"{problem.code}: {problem.detail}" if problem.code else "no reason given"
        if status >= 500:  # noqa: PLR2004 - HTTP statuses read best as such
            return AppUnavailable(f"the function app answered {status}: {said}")
        if self._token is not None and problem.code in ("", *OF_CALLERS):
            about_the_token = self._token.refused(status, method, path)
            if about_the_token is not None:
                return about_the_token
        return AppRefused(f"the function app answered {status}: {said}")

    async def aclose(self) -> None:
        """Sign nobody in any more."""
        if self._token is not None:
            await self._token.aclose()

    def client(self) -> "httpx.AsyncClient":
        """Return a client that waits as long as a cold start takes, and trusts whom it must."""
        import httpx  # noqa: PLC0415 - only --app needs it

        return httpx.AsyncClient(timeout=_TIMEOUT_SECONDS, verify=self._trust())

    def _trust(self) -> "ssl.SSLContext | Literal[True]":
        """Return whom TLS trusts: httpx's authorities, which take 20 ms to read; for plain HTTP nobody."""
        import ssl  # noqa: PLC0415 - only --app needs it

        return True if self._encrypted else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _token() -> "AppToken | None":
    device_code, client_id = signing_in()
    if not device_code and not any(os.environ.get(name) for name in (APP_TENANT, APP_AUDIENCE)):
        return None
    from integration.cli.app_token import app_token  # noqa: PLC0415 - not for a key

    return app_token(os.environ, device_code=device_code, client_id=client_id)


def legible(name: str, key: str) -> str:
    """Return a key that can stand in a header.

    Args:
        name: Of the environment variable that holds it.
        key: What it holds.

    Raises:
        click.UsageError: It cannot.
    """
    if not (key.isascii() and key.isprintable()):
        msg = f"{name} holds characters that no key has; copy it again"
        raise click.UsageError(msg)
    return key


def conform(answer: Any, shape: Any) -> Any:
    """Return an answer that has the shape it must have.

    Raises:
        AppRefused: It has another.
    """
    try:
        msgspec.convert(answer, shape)
    except msgspec.ValidationError as error:
        msg = f"the answer is not what fno-link answers ({error}): is it a function app of this version of fno-link?"
        raise AppRefused(msg) from error
    return answer
