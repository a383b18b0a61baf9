"""People who sign in: the device code flow, and refresh tokens for what they use next.

Sources: the pages "Microsoft identity platform and the OAuth 2.0 device authorization grant flow", "Refresh tokens in
the Microsoft identity platform" and "ID token claims reference"; the two applications of Microsoft's own are those of
the Dataverse samples ("Use OAuth authentication with Microsoft Dataverse") and of the Azure CLI.
"""

import base64
import json

from starlette.responses import JSONResponse, Response

from emulation.dynamics.delegated import AZURE_CLI, SAMPLES
from emulation.dynamics.devices import Device
from emulation.dynamics.entra_errors import EntraError
from emulation.dynamics.state import State
from emulation.dynamics.tokens import issue_to
from emulation.dynamics.world import Tenant, User

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
REFRESH_TOKEN = "refresh_token"
GRANTS = (DEVICE_CODE, "device_code", REFRESH_TOKEN)
EVERYWHERE = frozenset({SAMPLES, AZURE_CLI})
TYPED_AT = "https://microsoft.com/devicelogin"
OF_NO_RESOURCE = frozenset({"openid", "profile", "offline_access", "email"})

type Form = dict[str, str]


def begin(state: State, tenant: Tenant, form: Form) -> Response:
    """Give out a device code.

    Raises:
        EntraError: The application is not known, or is none that people may sign in to without its secret.
    """
    client_id, scope = form.get("client_id", ""), form.get("scope", "")
    _public(state, tenant, client_id)
    _resource(scope)
    device = state.devices.begin(client_id, tenant.id, scope, state.epoch())
    message = (
        f"To sign in, use a web browser to open the page {TYPED_AT} and enter the code {device.user_code} to "
        "authenticate."
    )
    return JSONResponse(
        {
            "user_code": device.user_code,
            "device_code": device.code,
            "verification_uri": TYPED_AT,
            "expires_in": state.devices.lifetime,
            "interval": device.interval,
            "message": message,
        }
    )


def token(state: State, tenant: Tenant, host: str, form: Form) -> Response:
    """Give a person's token, for an answered device code or a refresh token.

    Raises:
        EntraError: It is not answered (yet), or no such token.
    """
    client_id = form.get("client_id", "")
    _public(state, tenant, client_id)
    if form.get("grant_type") == REFRESH_TOKEN:
        name = state.devices.user_of(form.get("refresh_token", ""), client_id)
        if name is None:
            raise EntraError.refresh_token_gone()
        return _granted(state, tenant, host, client_id, (state.users[name], form.get("scope", "")))
    device = state.devices.find(form.get("device_code", ""))
    if device is None or device.client_id != client_id or device.tenant != tenant.id:
        raise EntraError.of_device_code("bad_verification_code")
    _answered(state, device)
    state.devices.end(device)
    return _granted(state, tenant, host, client_id, (state.users[device.user], device.scope))


def _answered(state: State, device: Device) -> None:
    now = state.epoch()
    too_soon = now - device.asked < device.interval
    device.asked = now
    if now >= device.ends:
        raise EntraError.of_device_code("expired_token")
    if device.declined:
        raise EntraError.of_device_code("authorization_declined")
    if not device.user:
        raise EntraError.of_device_code("slow_down" if too_soon else "authorization_pending")


def _granted(state: State, tenant: Tenant, host: str, client_id: str, asked: tuple[User, str]) -> Response:
    user, scope = asked
    if state.tenant(user.tenant) != tenant:
        raise EntraError.no_such_user(user.name, tenant.domain, client_id)
    resource = _resource(scope)
    seconds, now, identity = state.token_lifetime, int(state.epoch()), state.person(user)
    client_info = base64.urlsafe_b64encode(json.dumps({"uid": identity, "utid": tenant.id}).encode())
    claims = {
        "aud": client_id,
        "iss": f"https://{host}/{tenant.id}/v2.0",
        "iat": now,
        "nbf": now,
        "exp": now + seconds,
        "name": user.name,
        "preferred_username": user.name,
        "oid": identity,
        "sub": identity,
        "tid": tenant.id,
        "ver": "2.0",
    }
    return JSONResponse(
        {
            "token_type": "Bearer",
            "scope": f"{resource}/user_impersonation {resource}/.default",
            "expires_in": seconds,
            "ext_expires_in": seconds,
            "access_token": issue_to(state, tenant, user, client_id, resource),
            "refresh_token": state.devices.refresh_token(user.name.lower(), client_id),
            "id_token": state.keys.sign(claims),
            "client_info": client_info.decode().rstrip("="),
        },
        headers={"Cache-Control": "no-store, no-cache"},
    )


def _resource(scope: str) -> str:
    named = [each for each in scope.split() if each not in OF_NO_RESOURCE]
    resource, found, _ = named[0].rpartition("/") if named else ("", "", "")
    if len(named) != 1 or not found:
        raise EntraError.invalid_scope(scope)
    return resource


def _public(state: State, tenant: Tenant, client_id: str) -> None:
    if client_id in EVERYWHERE:
        return
    app = state.apps.get(client_id)
    if app is None or app.managed_identity or state.tenant(app.tenant) != tenant:
        raise EntraError.app_not_found(client_id, tenant.domain)
    if not app.public_client:
        raise EntraError.not_a_public_client(client_id)
