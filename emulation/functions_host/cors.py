"""CORS as the Functions host answers it, before keys and before any function.

On Linux Consumption and Flex Consumption the host has ASP.NET Core's middleware, whether origins are allowed or not
(`WebScriptHostBuilderExtension`, `JobHostCorsMiddleware`, `CorsOptionsSetup`); elsewhere with
`FUNCTIONS_ENABLE_CORS_CONFIGURATION=1`. The platform hands `siteConfig.cors` on as `CORS_ALLOWED_ORIGINS` and
`CORS_SUPPORT_CREDENTIALS` (`HostAssignmentContext`). Any header and any method is allowed, none is exposed, and a
preflight of a foreign origin is 204 without a word. Core Tools read the same from `Host` of local.settings.json.
"""

import json
from pathlib import Path
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from emulation.functions_host.errors import HostError
from emulation.functions_host.settings import Settings
from emulation.functions_host.settings_file import strict

ORIGINS, CREDENTIALS = "CORS_ALLOWED_ORIGINS", "CORS_SUPPORT_CREDENTIALS"
NO_CONTENT = 204
ANY = "*"


class Cors(msgspec.Struct, frozen=True):
    """Who may read answers from a browser.

    Args:
        origins: Lower-case, without a slash at the end; `*` is any.
        credentials: Whether cookies may go along.
    """

    origins: tuple[str, ...] = ()
    credentials: bool = False

    def preflight(self, request: Request) -> Response | None:
        """Answer a browser that asks whether it may; None where the request is another one.

        `CorsService.IsPreflightRequest`: OPTIONS with both headers. The handshake of CloudEvents has neither.
        """
        wanted = request.headers.get("access-control-request-method")
        if request.method != "OPTIONS" or wanted is None or "origin" not in request.headers:
            return None
        allowed = self.headers(request)
        if allowed:
            allowed["Access-Control-Allow-Methods"] = wanted
            if asked := request.headers.get("access-control-request-headers"):
                allowed["Access-Control-Allow-Headers"] = asked
        return Response(status_code=NO_CONTENT, headers=allowed)

    def headers(self, request: Request) -> dict[str, str]:
        """Give what an answer says to a browser; nothing to a foreign origin, and nothing where none asks."""
        origin = request.headers.get("origin")
        if origin is None:
            return {}
        if ANY in self.origins:
            return {"Access-Control-Allow-Origin": ANY}
        varies = {"Vary": "Origin"} if len(self.origins) > 1 else {}
        if origin.lower() not in self.origins:
            return varies
        credentials = {"Access-Control-Allow-Credentials": "true"} if self.credentials else {}
        return {"Access-Control-Allow-Origin": origin, **credentials, **varies}


def read(settings: Settings, file: Path) -> Cors:
    """Read who is allowed.

    Args:
        settings: The app settings.
        file: local.settings.json, of which `Host` counts where the settings say nothing.

    Raises:
        HostError: It cannot be read, or allows any origin with credentials, with which ASP.NET Core does not start.
    """
    named = settings.get(ORIGINS)
    host: dict[str, str] = {} if named else _host(file)
    try:
        origins = msgspec.json.decode(named, type=list[str]) if named else host.get("cors", "").split(",")
    except msgspec.DecodeError as error:
        msg = f"{ORIGINS} is no JSON list of texts: {error}"
        raise HostError(msg) from error
    allowed = tuple(each.strip().rstrip("/").lower() for each in origins if each.strip())
    credentials = (settings.get(CREDENTIALS) or host.get("corscredentials", "")).lower() == "true"
    if credentials and ANY in allowed:
        msg = "The CORS protocol does not allow any origin (*) and credentials at the same time: name the origins."
        raise HostError(msg)
    return Cors(allowed, credentials)


def _host(file: Path) -> dict[str, str]:
    try:
        content: dict[str, Any] = json.loads(strict(file.read_text(encoding="utf-8-sig")))
    except FileNotFoundError:
        return {}
    members = {name.lower(): value for name, value in content.items()}
    host = msgspec.convert(members.get("host", {}), dict[str, Any])
    return {name.lower(): str(value) for name, value in host.items()}
