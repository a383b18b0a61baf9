"""Access tokens: issued for a resource, checked by that resource."""

from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

import jwt
import msgspec
from starlette.requests import Request

from emulation.dynamics.clouds import GRAPHS, POWER_APPS, POWER_PLATFORM
from emulation.dynamics.delegated import permissions
from emulation.dynamics.entra_errors import EntraError
from emulation.dynamics.openid import issuer
from emulation.dynamics.state import OrganizationState, State
from emulation.dynamics.world import Api, App, Granted, Tenant, User

AZURE_RESOURCES = frozenset(
    {"https://servicebus.azure.net", "https://eventgrid.azure.net", "https://storage.azure.com"}
)
"""Resources of Azure itself, which every tenant has; a token for them may be asked for with a slash at the end."""


class TokenRefused(Exception):
    """The bearer token does not open this resource; the message says why."""


def organization_of(state: State, form: dict[str, str]) -> OrganizationState | None:
    """Return the organization that a token request is about, by its scope or resource."""
    return state.by_resource(form.get("resource") or form.get("scope", "").partition("/.default")[0])


def issue(state: State, tenant: Tenant, app: App, resource: str) -> str:
    """Return an access token.

    Args:
        state: The world.
        tenant: The issuing tenant.
        app: Whose token it is.
        resource: The resource; it becomes the audience as given, a trailing slash included, but in tokens of version
            2.0, whose audience is a client id.

    Raises:
        EntraError: The tenant has no such resource, or the app none of the roles that it asks for.
    """
    identity = str(uuid5(NAMESPACE_URL, f"{tenant.id}/{app.client_id}"))
    authenticated = "2" if app.certificates and not app.secrets else "1"
    caller = Caller(app.client_id, authenticated, identity, app.granted)
    if api := _api(state, tenant, resource):
        return _for_api(state, tenant, resource, (api, caller, {}))
    claims = {"appid": app.client_id, "appidacr": authenticated, "idtyp": "app", "oid": identity, "sub": identity}
    return _signed(state, tenant, resource, claims)


def issue_to(state: State, tenant: Tenant, user: User, client_id: str, resource: str) -> str:
    """Return an access token that a person has, through an application.

    Args:
        state: The world.
        tenant: The issuing tenant.
        user: The person.
        client_id: The application's.
        resource: The resource, as `issue` takes it.

    Raises:
        EntraError: The tenant has no such resource, nobody has consented to the application, or the person has none of
            the roles that are asked for.
    """
    identity = state.person(user)
    if api := _api(state, tenant, resource):
        if api.api is None or client_id not in api.api.pre_authorized:
            raise EntraError.consent_required(client_id)
        person = {"scp": "user_impersonation", "name": user.name, "preferred_username": user.name}
        return _for_api(state, tenant, resource, (api, Caller(client_id, "0", identity, user.granted), person))
    return _signed(
        state,
        tenant,
        resource,
        {
            "appid": client_id,
            "appidacr": "0",
            "idtyp": "user",
            "oid": identity,
            "sub": identity,
            "scp": permissions(state.apps.get(client_id), client_id, resource),
            "upn": user.name,
            "unique_name": user.name,
        },
    )


class Caller(msgspec.Struct, frozen=True):
    """Who asks for a token for an application: how the token names it.

    Args:
        client_id: The application's that asks.
        authenticated: How it proved itself, `appidacr`.
        identity: Its object id, or that of the person.
        granted: App roles that it has.
    """

    client_id: str
    authenticated: str
    identity: str
    granted: tuple[Granted, ...]


def _api(state: State, tenant: Tenant, resource: str) -> App | None:
    for app in state.apps.values():
        named = app.api and resource in (app.client_id, f"api://{app.client_id}", *app.api.uris)
        if named and state.tenant(app.tenant) == tenant:
            return app
    return None


def _for_api(state: State, tenant: Tenant, resource: str, asked: tuple[App, Caller, dict[str, Any]]) -> str:
    app, caller, person = asked
    api = app.api or Api()
    mine = (granted for granted in caller.granted if granted.app == app.client_id)
    roles = [role for granted in mine for role in granted.roles if role in api.roles]
    if api.assignment_required and not roles:
        raise EntraError.not_assigned(caller.client_id, app.client_id)
    claims: dict[str, Any] = {"oid": caller.identity, "sub": caller.identity, **person}
    if roles:
        # Without any the claim is left out.
        claims["roles"] = roles
    if api.token_version == 1:
        claims |= {"appid": caller.client_id, "appidacr": caller.authenticated}
        return _write(state, tenant, resource, claims)
    claims |= {"azp": caller.client_id, "azpacr": caller.authenticated, "ver": "2.0", "iss": issuer(tenant, v2=True)}
    return _write(state, tenant, app.client_id, claims)


def _signed(state: State, tenant: Tenant, resource: str, claims: dict[str, Any]) -> str:
    if not _has(state, tenant, resource):
        raise EntraError.resource_not_found(resource, tenant.domain)
    return _write(state, tenant, resource, claims)


def _write(state: State, tenant: Tenant, audience: str, claims: dict[str, Any]) -> str:
    state.tokens_issued += 1
    now = int(state.epoch())
    common = {
        "aud": audience,
        "iss": issuer(tenant, v2=False),
        "iat": now,
        "nbf": now,
        "exp": now + state.token_lifetime,
        "tid": tenant.id,
        "uti": str(state.tokens_issued),
        "ver": "1.0",
    }
    return state.keys.sign(common | claims)


def _has(state: State, tenant: Tenant, resource: str) -> bool:
    if resource.removesuffix("/") in AZURE_RESOURCES:
        return True
    if tenant.cloud in GRAPHS.get(resource.removeprefix("https://").removesuffix("/"), ()):
        return True
    if cloud := (POWER_PLATFORM | POWER_APPS).get(resource.removeprefix("https://").removesuffix("/")):
        return tenant.power_platform and tenant.cloud == cloud
    organization = state.by_resource(resource)
    return organization is not None and organization.tenant == tenant and urlsplit(resource).scheme == "https"


def check(state: State, request: Request, organization: OrganizationState, audiences: frozenset[str]) -> App:
    """Return the app whose token opens this resource.

    Args:
        state: The world.
        request: The request with its Authorization header.
        organization: Whose resource it is.
        audiences: The audiences that the resource accepts, verbatim.

    Raises:
        TokenRefused: There is no token, or not for this resource, or not any more.
    """
    claims = _claims(state, request, audiences)
    if claims["tid"] != organization.tenant.id:
        msg = f"the token is of tenant {claims['tid']}"
        raise TokenRefused(msg)
    if int(claims["uti"]) <= organization.revoked_through:
        raise TokenRefused("the token was revoked")
    return _app(state, claims)


class Presented(msgspec.Struct, frozen=True):
    """Who calls a resource that every tenant has.

    Args:
        app: What resources see of whoever calls.
        person: The person, where one has signed in.
        permissions: What the application may do for that person.
    """

    app: App
    person: User | None
    permissions: frozenset[str]


def bearer(state: State, request: Request, audiences: frozenset[str]) -> Presented:
    """Return whose token opens a resource that every tenant has.

    Args:
        state: The world.
        request: The request with its Authorization header.
        audiences: The audiences that the resource accepts, verbatim.

    Raises:
        TokenRefused: There is no token, or not for this resource.
    """
    claims = _claims(state, request, audiences)
    return Presented(_app(state, claims), state.user(claims["oid"]), frozenset(claims.get("scp", "").split()))


def _app(state: State, claims: dict[str, Any]) -> App:
    app = state.caller(claims["appid"], claims["oid"])
    if app is None:
        raise TokenRefused("the application is gone")
    return app


def _claims(state: State, request: Request, audiences: frozenset[str]) -> dict[str, Any]:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise TokenRefused("no bearer token")
    try:
        claims: dict[str, Any] = state.keys.verify(token, state.now())
    except jwt.InvalidTokenError as error:
        raise TokenRefused(str(error)) from error
    if claims["aud"] not in audiences:
        msg = f"the token is for {claims['aud']}"
        raise TokenRefused(msg)
    return claims
