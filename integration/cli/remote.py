"""A deployed function app, asked over HTTP with a function key."""

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import click
import msgspec

from integration.errors import AppRefused, FnoLinkError, Unreachable

KEY = "FNO_LINK_KEY"
_TIMEOUT = 60.0
_LAST_OK = 299
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


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
        base = url.rstrip("/").removesuffix("/api")
        parts = urlsplit(base)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            msg = "--app takes an https URL: the key must not travel in the clear (http only on this machine)"
            raise click.UsageError(msg)
        self._base = base

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """GET /api/{path} and return the JSON.

        Raises:
            AppRefused: It answered an error.
            Unreachable: It did not answer.
        """
        return await self._send("GET", path, query or {}, None)

    async def post(self, path: str, body: Any, query: Mapping[str, str] | None = None) -> Any:
        """POST JSON to /api/{path} and return the JSON.

        Raises:
            AppRefused: It answered an error.
            Unreachable: It did not answer.
        """
        return await self._send("POST", path, query or {}, body)

    async def delete(self, path: str, query: Mapping[str, str]) -> Any:
        """DELETE /api/{path} and return the JSON.

        Raises:
            AppRefused: It answered an error.
            Unreachable: It did not answer.
        """
        return await self._send("DELETE", path, query, None)

    async def _send(self, method: str, path: str, query: Mapping[str, str], body: Any) -> Any:
        import httpx  # noqa: PLC0415 - only --app needs it

        headers = {"Content-Type": "application/json"}
        if key := os.environ.get(KEY, ""):
            headers["x-functions-key"] = key
        content = None if body is None else msgspec.json.encode(body)
        try:
            async with httpx.AsyncClient(timeout=_TIMEOUT) as client:
                url = f"{self._base}/api/{path}"
                answer = await client.request(method, url, params=dict(query), content=content, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            msg = f"{self._base} did not answer: {type(error).__name__}"
            raise Unreachable(msg) from error
        if answer.status_code > _LAST_OK:
            raise _refusal(answer.status_code, answer.content)
        try:
            return msgspec.json.decode(answer.content)
        except msgspec.DecodeError as error:
            msg = f"{self._base} answered something that is not JSON: is it a function app of fno-link?"
            raise AppRefused(msg) from error


def _refusal(status: int, body: bytes) -> FnoLinkError:
    try:
        problem = msgspec.json.decode(body, type=_Problem)
    except (msgspec.DecodeError, UnicodeDecodeError):
        problem = _Problem()
    said = f"{problem.code}: {problem.detail}" if problem.code else "no reason given"
    if status >= 500:  # noqa: PLR2004 - HTTP statuses read best as such
        return Unreachable(f"the function app answered {status}: {said}", status=status)
    return AppRefused(f"the function app answered {status}: {said}")
