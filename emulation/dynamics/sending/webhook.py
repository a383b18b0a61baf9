"""Posting to a webhook.

Source: the page "Use webhooks to create external handlers for server events" and its predecessor with `x-request-id`.
"""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import uuid4
from xml.etree import ElementTree as ET

import httpx

from emulation.dynamics.sending.envelope import Envelope
from emulation.dynamics.sending.failure import answered, bad_authentication, timed_out, unreachable
from emulation.dynamics.sending.sites import LOOPBACK, NoSuchHost, place_of

KEY, HEADER, QUERY = 4, 5, 6
PORTS = frozenset({None, 80, 443})


async def post(
    client: httpx.AsyncClient,
    sites: dict[str, str],
    endpoint: Mapping[str, Any],
    envelope: Envelope,
    limit: float,
) -> None:
    """Post once.

    Args:
        client: Of this world: it trusts no environment and follows no redirect.
        sites: Where hosts stand.
        endpoint: The row of the endpoint.
        envelope: What is posted.
        limit: Seconds until the receiver must have answered.

    Raises:
        NotSent: It did not take it.
    """
    url, headers = _addressed(endpoint, envelope)
    parts = urlsplit(url)
    try:
        host, port = place_of(sites, url)
    except NoSuchHost as error:
        msg = f"The remote name could not be resolved: '{error}'"
        raise unreachable(msg) from error
    if parts.hostname not in LOOPBACK and parts.port not in PORTS:
        raise unreachable("Only the ports 80 and 443 can be reached.")
    there = urlunsplit(("http", f"{host}:{port}", parts.path or "/", parts.query, ""))
    try:
        async with asyncio.timeout(limit):
            response = await client.post(
                there, content=envelope.body, headers=headers | {"host": parts.netloc}, timeout=None
            )
    except TimeoutError as error:
        raise timed_out() from error
    except httpx.HTTPError as error:
        msg = f"Unable to connect to the remote server: {error}"
        raise unreachable(msg) from error
    if not response.is_success:
        raise answered(response.status_code)


def _addressed(endpoint: Mapping[str, Any], envelope: Envelope) -> tuple[str, dict[str, str]]:
    headers = {
        "content-type": f"{envelope.content_type}; charset=utf-8",
        "x-request-id": str(uuid4()),
        "x-ms-dynamics-organization": envelope.organization,
        "x-ms-dynamics-entity-name": envelope.table,
        "x-ms-dynamics-request-name": envelope.message,
        "x-ms-correlation-request-id": envelope.correlation,
    }
    if envelope.reduced:
        headers["x-ms-dynamics-msg-size-exceeded"] = "true"
    url, value = str(endpoint["url"]), str(endpoint.get("authvalue") or "")
    match endpoint.get("authtype"):
        case 4:
            return _with_query(url, {"code": value}), headers
        case 5:
            return url, headers | {name.lower(): each for name, each in _settings(value, headers=True).items()}
        case _:
            return _with_query(url, _settings(value, headers=False)), headers


def _settings(value: str, *, headers: bool) -> dict[str, str]:
    """Read `<settings><setting name="…" value="…"/></settings>`."""
    try:
        found = {each.attrib["name"]: each.attrib["value"] for each in ET.fromstring(value).iter("setting")}  # noqa: S314 (loopback)
    except (ET.ParseError, KeyError) as error:
        raise bad_authentication(headers=headers) from error
    if not found or not all(name.strip() and name.isascii() for name in found):
        raise bad_authentication(headers=headers)
    return found


def _with_query(url: str, further: Mapping[str, str]) -> str:
    parts = urlsplit(url)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *further.items()])
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))
