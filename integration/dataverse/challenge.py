"""Whose an organization is, as it says to who comes without a token.

Source: the page "Use OAuth authentication with Microsoft Dataverse", section on finding the authority: the answer is
401, and its `WWW-Authenticate` names the tenant's authority as `authorization_uri`.
"""

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from integration.clouds import CLOUDS, CloudName
from integration.dataverse.connection import get
from integration.dataverse.failures import failure
from integration.errors import UnexpectedAnswer

if TYPE_CHECKING:
    from datetime import datetime

    import httpx

PATH = "/api/data/v9.2/WhoAmI"
TIMEOUT_SECONDS = 30.0

_UNAUTHORIZED = 401
_AUTHORIZATION = re.compile(r"authorization_uri\s*=\s*\"?(?P<uri>https://[^\s\",]{1,300})", re.IGNORECASE)
_TENANT = re.compile(r"[0-9A-Za-z][0-9A-Za-z.-]{0,252}")
_SHARED = frozenset({"common", "organizations", "consumers"})
_FORMER = {"login.windows.net": "login.microsoftonline.com"}


class Challenge(msgspec.Struct, frozen=True):
    """What an organization asks for.

    Args:
        authority: The host of its Entra authority.
        tenant: The id or domain of its tenant.
    """

    authority: str
    tenant: str


def read_challenge(header: str) -> Challenge | None:
    """Read a `WWW-Authenticate`; None where it names no tenant.

    Args:
        header: As it came; values may be quoted.
    """
    found = _AUTHORIZATION.search(header)
    if not found:
        return None
    try:
        parts = urlsplit(found["uri"])
        host = (parts.hostname or "").lower()
    except ValueError:
        return None
    tenant = parts.path.strip("/").partition("/")[0]
    if not _TENANT.fullmatch(tenant) or tenant.lower() in _SHARED:
        return None
    return Challenge(_FORMER.get(host, host), tenant.lower())


async def ask_whose(http: "httpx.AsyncClient", url: str, cloud: CloudName, now: "datetime") -> Challenge:
    """Ask an organization for its tenant, without a token.

    Args:
        http: The process's client.
        url: The organization's, without a path.
        cloud: Whose authority it has to name: a host that names another is not believed.
        now: For a Retry-After that is a date.

    Raises:
        UnexpectedAnswer: It is no Dataverse organization, or names an authority of another cloud.
        LinkUnknown: Another subclass says why there is no answer.
    """
    host = url.removeprefix("https://")
    reply = await get(http, f"{url}{PATH}", {"Accept": "application/json"}, within=TIMEOUT_SECONDS)
    if reply.status != _UNAUTHORIZED:
        if reply.status >= 500 or reply.status == 429:  # noqa: PLR2004 (HTTP statuses read best as such)
            raise failure(host, reply, now)
        msg = (
            f"{host} answered {reply.status} to a call without a token: it does not look like a Dataverse organization."
        )
        raise UnexpectedAnswer(msg, status=reply.status, hint=CHECK_URL)
    challenge = read_challenge(reply.headers.get("www-authenticate", ""))
    if challenge is None:
        msg = f"{host} asks for a token, but does not say of which tenant."
        raise UnexpectedAnswer(msg, status=reply.status, hint=CHECK_URL)
    if challenge.authority != CLOUDS[cloud].authority:
        msg = f"{host} names the authority {challenge.authority}, which is not that of its cloud."
        raise UnexpectedAnswer(msg, status=reply.status, hint=CHECK_URL)
    return challenge


CHECK_URL = "Check the organization's URL: Power Platform admin center > the environment > Environment URL."
