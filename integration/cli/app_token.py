"""A token of Entra for a deployed app, in place of a function key: of whoever is signed in, or signs in now."""

from collections.abc import Mapping
from typing import Any

import click
import msgspec

from integration.cli.caller import Caller
from integration.cli.output import say
from integration.clock import SystemClock
from integration.clouds import CLOUDS, CloudName
from integration.config.keys.clients import Audience
from integration.config.settings.settings import APP_AUDIENCE, APP_CLOUD, APP_TENANT, KEY, Environ
from integration.errors import AppRefused, LinkUnknown
from integration.identity.azure_cli import LIMIT_SECONDS, AzureCli
from integration.identity.device_code import LIMIT_SECONDS as DEVICE_CODE_SECONDS
from integration.identity.device_code import DeviceCode
from integration.identity.grants import Grants
from integration.identity.tokens import FETCH_TIMEOUT_SECONDS

CONSENT = frozenset({"AADSTS65001", "AADSTS65002", "AADSTS650057"})
"""What Entra answers where the application may not act for people at the resource."""
_DEPLOY = 'docs/deploy.md, "Tokens of Entra"'
_REPLAYING = frozenset({"replay", "release", "cancel"})


class AppToken:
    """Gets the token that an app is shown, and keeps it while it is good.

    Args:
        tenant: Id or domain of the tenant.
        audience: What the app's registration is called: `api://…`, or its client id.
        cloud: Whose Entra.
        caller: Signs in.
    """

    def __init__(self, tenant: str, audience: str, cloud: CloudName, caller: Caller) -> None:
        self.tenant = tenant
        self.audience = audience
        self._authority = f"https://{CLOUDS[cloud].authority}/{tenant}"
        self._scope = f"{audience}/.default"
        self._caller = caller
        self._grants: Grants[str] = Grants(SystemClock(), timeout=caller.timeout, threads=1)
        self._shown = ""

    async def bearer(self) -> str:
        """Return a token.

        Raises:
            LinkUnknown: There is none: nobody is signed in, or Entra refuses; the message says why.
        """
        sign_in = self._caller.sign_in
        assert sign_in is not None  # noqa: S101 (whoever asks an app is a person)
        try:
            self._shown, _ = await self._grants.get(self._scope, lambda: sign_in.grant(self._authority, self._scope))
        except LinkUnknown as error:
            if error.remote_code in CONSENT:
                error.hint = f"The app registration of {self.audience} has to let this application in: {_DEPLOY}."
            elif error.remote_code == "AADSTS500011":
                error.hint = f"{APP_AUDIENCE} must be an address of the app's registration in {self.tenant}: {_DEPLOY}."
            raise
        return self._shown

    async def aclose(self) -> None:
        """Wait no longer for a person."""
        self._caller.close()
        await self._grants.aclose()

    def refused(self, status: int, method: str, path: str) -> AppRefused | None:
        """Explain the app's refusal by what the token says, for the app itself does not.

        Args:
            status: What it answered.
            method: What was asked.
            path: Behind /api.

        Returns:
            The error; None where it is none about the token.
        """
        claims = _claims(self._shown)
        match status:
            case 401:
                error = AppRefused(
                    f"the function app answered 401: it takes no token of tenant {self.tenant} for {self.audience}"
                )
                error.hint = (
                    f"{APP_TENANT} and {APP_AUDIENCE} must be what the app's fno-link.toml has in [entra]; then look "
                    "at the clock of this machine."
                )
            case 403:
                error = _without(role_of(method, path), claims)
            case 404:
                error = AppRefused(
                    "the function app answered 404: there is nothing at /api/entra for who shows a token"
                )
                error.hint = "Its fno-link.toml needs [entra] and [[clients]]; or set FNO_LINK_KEY to ask with a key."
            case _:
                return None
        return error


def app_token(environ: Environ, *, device_code: bool, client_id: str) -> AppToken | None:
    """Say whose token an app is shown; None: none, it is asked with the key, or with nothing.

    Args:
        environ: The environment.
        device_code: Whether a person signs in in a browser.
        client_id: The application that the person signs in to.

    Raises:
        click.UsageError: What is set does not fit together, or is no tenant and no audience.
    """
    tenant, audience, cloud = (environ.get(name, "").strip() for name in (APP_TENANT, APP_AUDIENCE, APP_CLOUD))
    if environ.get(KEY, ""):
        if device_code:
            msg = f"--device-code and {KEY} exclude each other: unset one"
            raise click.UsageError(msg)
        return None
    if not tenant and not audience:
        if device_code:
            msg = f"--device-code needs {APP_TENANT} and {APP_AUDIENCE}: whose token is asked for, and for which app"
            raise click.UsageError(msg)
        return None
    for name, value in ((APP_TENANT, tenant), (APP_AUDIENCE, audience)):
        if not value:
            msg = f"{name} is not set: a token takes both {APP_TENANT} and {APP_AUDIENCE}"
            raise click.UsageError(msg)
        if not _fits(value):
            msg = f"{name} is {value[:80]!r}: a tenant is an id or a domain, an audience api://… or a client id"
            raise click.UsageError(msg)
    return AppToken(tenant, audience, _cloud(cloud), _caller(client_id if device_code else None))


def role_of(method: str, path: str) -> str:
    """Name the app role that an operation takes, as docs/reference/http.md has them.

    Args:
        method: Its HTTP method.
        path: Behind /api.
    """
    if path.partition("/")[0] == "organizations":
        return "link.read"
    if method == "GET":
        return "events.read"
    return "events.replay" if path.rpartition("/")[2] in _REPLAYING else "operations.write"


def _caller(client_id: str | None) -> Caller:
    if client_id is not None:
        device = DeviceCode(client_id, lambda text: say(text, err=True))
        return Caller("device code", device, DEVICE_CODE_SECONDS + FETCH_TIMEOUT_SECONDS, device.stop)
    return Caller("Azure CLI", AzureCli(), LIMIT_SECONDS + FETCH_TIMEOUT_SECONDS)


def _cloud(said: str) -> CloudName:
    for each in CLOUDS:
        if each == (said or "public"):
            return each
    msg = f"{APP_CLOUD} is {said[:40]!r}: one of {', '.join(CLOUDS)}"
    raise click.UsageError(msg)


def _fits(value: str) -> bool:
    try:
        msgspec.convert(value, Audience)
    except msgspec.ValidationError:
        return False
    return True


def _without(role: str, claims: Mapping[str, Any]) -> AppRefused:
    roles = claims.get("roles")
    has: list[str] = [str(each) for each in roles] if isinstance(roles, list) else []  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType]
    if role in has:
        client = claims.get("appid") or claims.get("azp") or "that you sign in to"
        error = AppRefused(f"the function app answered 403, although the token has the role {role}")
        error.hint = (
            f"The app's fno-link.toml needs the application {client} in [[clients]] with people = true, the token the "
            f"scope user_impersonation: {_DEPLOY}. What is of no organization takes all_organizations."
        )
        return error
    said = f"it has {', '.join(has)}" if has else "it has none"
    error = AppRefused(f"the function app answered 403: the token has not the role {role} ({said})")
    error.hint = (
        "Have it assigned: Microsoft Entra admin center > Enterprise applications > fno-link > Users and groups. Then "
        "sign in anew, for a token keeps the roles it was given with."
    )
    return error


def _claims(token: str) -> Mapping[str, Any]:
    """Read what our own token says, for a message: nothing is decided by it."""
    import jwt  # noqa: PLC0415 (for one message)

    try:
        return jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        return {}
