"""The HTTP client that Dataverse and F&O are called with, and one call through it."""

import asyncio
from typing import TYPE_CHECKING

import msgspec

from integration.dataverse.trouble import trouble_of
from integration.errors import LinkUnknown, UnexpectedAnswer, Unreachable
from integration.telemetry.operations import REQUEST
from integration.telemetry.spans import span

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

CALL_TIMEOUT_SECONDS = 90.0
"""Seconds for one call: throttled answers were seen to take 28 to 75 s."""

CONNECT_TIMEOUT_SECONDS = 10.0
MAX_BODY = 16 * 1024 * 1024
USER_AGENT = "fno-link"


class Reply(msgspec.Struct, frozen=True):
    """What came back.

    Args:
        status: The HTTP status.
        headers: Names in lower case.
        body: As it came.
    """

    status: int
    headers: "Mapping[str, str]"
    body: bytes


def open_http_client() -> "httpx.AsyncClient":
    """Open the one client for the life of the process; the caller closes it.

    It honours the proxy and certificate variables of the environment and follows no redirect, so that a token never
    goes to a host that was not meant. It keeps no cookies: what one receiver sets is not sent to another of its domain,
    and Dataverse's affinity cookie would bind every call to one server. Source: "Service protection API limits"
    (remove the affinity cookie).
    """
    from http.cookiejar import DefaultCookiePolicy  # noqa: PLC0415 (comes with httpx)

    import httpx  # noqa: PLC0415 (imported at first use: import budget)

    client = httpx.AsyncClient(
        timeout=httpx.Timeout(CALL_TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS),
        limits=httpx.Limits(max_connections=200, max_keepalive_connections=50, keepalive_expiry=60.0),
        headers={"User-Agent": USER_AGENT},
        follow_redirects=False,
    )
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=()))
    return client


async def get(
    http: "httpx.AsyncClient", url: str, headers: "Mapping[str, str]", *, within: float = CALL_TIMEOUT_SECONDS
) -> Reply:
    """GET once: see `call`."""
    return await call(http, "GET", url, headers, within=within)


async def call(  # noqa: PLR0913  # what a request is made of
    http: "httpx.AsyncClient",
    method: str,
    url: str,
    headers: "Mapping[str, str]",
    *,
    content: bytes | None = None,
    within: float = CALL_TIMEOUT_SECONDS,
) -> Reply:
    """Send one request.

    Args:
        http: The client.
        method: Of HTTP.
        url: Absolute.
        headers: To send.
        content: The body.
        within: Seconds for the whole call, body included.

    Raises:
        Unreachable: No connection, a connection that broke, a certificate that does not fit, or no answer in time.
        UnexpectedAnswer: The body is larger than 16 MiB, or the URL is none that a request can be made to.
    """
    import httpx  # noqa: PLC0415 (imported at first use: import budget)

    try:
        host = httpx.URL(url).host
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        msg = f"{url[:200]!r} is not a URL that can be called."
        raise UnexpectedAnswer(msg) from error
    try:
        with span(REQUEST, method=method, address=host) as told:
            sent = http.stream(method, url, headers=headers, content=content)
            async with asyncio.timeout(within), sent as response:
                told.answered(response.status_code)
                body = bytearray()
                async for part in response.aiter_bytes():
                    body += part
                    if len(body) > MAX_BODY:
                        msg = f"{host} answered more than {MAX_BODY} bytes."
                        raise UnexpectedAnswer(msg, status=response.status_code)
                return Reply(response.status_code, response.headers, bytes(body))
    except TimeoutError as error:
        msg = f"{host} did not answer within {within:g} s."
        raise Unreachable(msg) from error
    except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, UnicodeError) as error:
        raise _unreachable(host, error) from error


def _unreachable(host: str, error: Exception) -> LinkUnknown:
    kind = type(error).__name__
    trouble = trouble_of(error)
    if trouble.why:
        return Unreachable(f"{host} {trouble.why}.", hint=trouble.hint)
    return Unreachable(f"{host} could not be reached ({kind}{f': {error}' if str(error) else ''}).")
