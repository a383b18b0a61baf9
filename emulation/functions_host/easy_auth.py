"""App Service authentication: stands before the host where it is on, and tells the app who asks by headers.

It is on by `WEBSITE_AUTH_ENABLED`, and does as `WEBSITE_AUTH_V2_CONFIG_JSON` says, which Azure fills with the
properties of `authsettingsV2` (page "Environment variables and app settings reference"). Other sources: the pages "Work
with user identities in Azure App Service authentication" (headers, and that nobody else's come through) and "Configure
your App Service or Azure Functions app to use Microsoft Entra sign-in" (audiences; allowed applications: 403).
"""

from typing import Any, Literal

import msgspec
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from emulation.functions_host.errors import HostError
from emulation.functions_host.log import host_log
from emulation.functions_host.principal import OWN_HEADERS, headers_of
from emulation.functions_host.settings import Settings
from emulation.functions_host.tokens import Refused, Registration, Tokens, Unreachable, Validation

ENABLED, CONFIG = "WEBSITE_AUTH_ENABLED", "WEBSITE_AUTH_V2_CONFIG_JSON"
UNAUTHORIZED, FORBIDDEN, FAILED = 401, 403, 500
_SCHEME = "bearer"


class GlobalValidation(msgspec.Struct, frozen=True, rename="camel"):
    """What becomes of who shows no token.

    Args:
        require_authentication: Whether anybody is refused at all.
        unauthenticated_client_action: How.
        excluded_paths: Before which nothing is checked.
    """

    require_authentication: bool = False
    unauthenticated_client_action: Literal["AllowAnonymous", "Return401", "Return403", "RedirectToLoginPage"] = (
        "RedirectToLoginPage"
    )
    excluded_paths: tuple[str, ...] = ()


class AzureActiveDirectory(msgspec.Struct, frozen=True):
    """Whose tokens are taken."""

    registration: Registration
    validation: Validation = Validation()


class Providers(msgspec.Struct, frozen=True, rename="camel"):
    """The one identity provider that is played."""

    azure_active_directory: AzureActiveDirectory


class AuthSettings(msgspec.Struct, frozen=True, rename="camel"):
    """`properties` of authsettingsV2, as far as they are played."""

    identity_providers: Providers
    global_validation: GlobalValidation = GlobalValidation()


class EasyAuth:
    """Hands on what may pass (ASGI).

    Args:
        front: The host behind it.
        settings: What it is told.
    """

    def __init__(self, front: ASGIApp, settings: AuthSettings) -> None:
        self._front = front
        self._asked = settings.global_validation
        directory = settings.identity_providers.azure_active_directory
        self._tokens = Tokens(directory.registration, directory.validation)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on."""
        given: list[tuple[bytes, bytes]] = [
            (name, value) for name, value in scope.get("headers", ()) if not name.lower().startswith(OWN_HEADERS)
        ]
        passed = {**scope, "headers": given}
        if scope["type"] == "http" and not self._excluded(str(scope["path"])):
            refusal = await self._judge(given)
            if refusal is not None:
                await refusal(scope, receive, send)
                return
        await self._front(passed, receive, send)

    def _excluded(self, path: str) -> bool:
        low = path.lower()
        bases = (each.lower().removesuffix("*").rstrip("/") for each in self._asked.excluded_paths)
        return any(low == base or low.startswith(f"{base}/") for base in bases)

    async def _judge(self, headers: list[tuple[bytes, bytes]]) -> Response | None:
        """Add the headers of who shows a good token; return the answer to who may not pass."""
        shown = next((value.decode("latin-1") for name, value in headers if name.lower() == b"authorization"), "")
        scheme, _, token = shown.partition(" ")
        if scheme.lower() != _SCHEME:
            return self._anonymous()
        try:
            claims = await self._tokens.claims(token.strip())
        except Refused as error:
            host_log.info("App Service authentication: %s", error)
            return _refused(FORBIDDEN) if error.known else self._anonymous(UNAUTHORIZED)
        except Unreachable as error:
            host_log.error("App Service authentication: %s", error)
            return PlainTextResponse("", FAILED)
        headers += headers_of(claims)
        return None

    def _anonymous(self, status: int = 0) -> Response | None:
        action = self._asked.unauthenticated_client_action
        if not self._asked.require_authentication or action == "AllowAnonymous":
            return None
        return _refused(status or (FORBIDDEN if action == "Return403" else UNAUTHORIZED))


def read(settings: Settings) -> AuthSettings | None:
    """Read what App Service is told; None where its authentication is off.

    Raises:
        HostError: It is on, and what it is told cannot be read.
    """
    if (settings.get(ENABLED) or "").strip().lower() not in {"true", "1"}:
        return None
    text = settings.get(CONFIG)
    if text is None:
        msg = f"{ENABLED} is set: {CONFIG} must hold the properties of authsettingsV2."
        raise HostError(msg)
    try:
        return msgspec.json.decode(text, type=AuthSettings)
    except msgspec.DecodeError as error:
        msg = f"{CONFIG}: {error}"
        raise HostError(msg) from error


def before(front: ASGIApp, settings: Settings) -> ASGIApp:
    """Put App Service authentication before the host where it is on.

    Raises:
        HostError: As `read`.
    """
    told = read(settings)
    return front if told is None else EasyAuth(front, told)


def _refused(status: int) -> Response:
    headers: dict[str, Any] = {"www-authenticate": "Bearer"} if status == UNAUTHORIZED else {}
    return PlainTextResponse("You do not have permission to view this directory or page.", status, headers)
