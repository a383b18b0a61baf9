"""Microsoft Entra: OpenID discovery and the token endpoint, with its error codes.

Sources: the pages "OAuth 2.0 client credentials flow on the Microsoft identity platform", "Microsoft Entra
authentication and authorization error codes" and "Microsoft identity platform application authentication certificate
credentials"; signing in of people is in `people`.
"""

from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from emulation.dynamics import openid, people
from emulation.dynamics.call import Call
from emulation.dynamics.client_authentication import Form, authenticate
from emulation.dynamics.clouds import AUTHORITIES
from emulation.dynamics.entra_errors import EntraError, refusal, respond
from emulation.dynamics.state import State
from emulation.dynamics.tokens import issue, organization_of
from emulation.dynamics.world import ENTRA_HOSTS, Tenant

OPENID_DOCUMENTS = ("v2.0/.well-known/openid-configuration", ".well-known/openid-configuration")
KEY_DOCUMENTS = ("discovery/v2.0/keys", "discovery/keys")
TOKEN_ENDPOINTS = ("oauth2/v2.0/token", "oauth2/token")
DEVICE_CODE_ENDPOINT = "oauth2/v2.0/devicecode"


async def understand(state: State, request: Request, host: str) -> Call:
    """Tell what a request to the authority asks.

    Args:
        state: The world.
        request: The request.
        host: The authority's host.

    Returns:
        The call; kind "token" for the token endpoint, "discovery" for everything else.
    """
    name, _, rest = request.url.path.strip("/").partition("/")
    form = _flat(await request.body()) if request.method == "POST" else {}
    tenant = _tenant(state, name, host)
    if rest in TOKEN_ENDPOINTS or rest == DEVICE_CODE_ENDPOINT:
        # A token for what every tenant has (Graph, Azure) is of no organization, but it is the same Entra.
        organization = organization_of(state, form) or state.concerned(tenant, "token")
    else:
        organization = next((org for org in state.organizations.values() if org.tenant == tenant), None)

    async def answer() -> Response:
        try:
            if rest == "discovery/instance":
                return _instance_discovery(request)
            if tenant is None:
                raise EntraError.tenant_not_found(name)
            if rest in (*OPENID_DOCUMENTS, *KEY_DOCUMENTS):
                return JSONResponse(_published(state, tenant, host, rest))
            if request.method == "POST" and rest == DEVICE_CODE_ENDPOINT:
                return people.begin(state, tenant, form)
            if request.method == "POST" and rest in TOKEN_ENDPOINTS:
                return _token(state, tenant, host, form)
        except EntraError as error:
            return respond(error)
        return Response(status_code=404)

    kind = "token" if rest in TOKEN_ENDPOINTS or rest == DEVICE_CODE_ENDPOINT else "discovery"
    return Call(kind, organization, answer, refusal)


def _flat(body: bytes) -> Form:
    return {key: values[-1] for key, values in parse_qs(body.decode("utf-8", "replace")).items()}


def _tenant(state: State, name: str, host: str) -> Tenant | None:
    try:
        tenant = state.tenant(name)
    except KeyError:
        return None
    return tenant if AUTHORITIES[tenant.cloud] == ENTRA_HOSTS[host] else None


def _token(state: State, tenant: Tenant, host: str, form: Form) -> Response:
    if form.get("grant_type") in people.GRANTS:
        return people.token(state, tenant, host, form)
    if form.get("grant_type") != "client_credentials":
        raise EntraError.unsupported_grant(form.get("grant_type", ""))
    app = authenticate(state, tenant, host, form)
    issued = issue(state, tenant, app, _resource(form))
    seconds = state.token_lifetime
    return JSONResponse(
        {"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": issued},
        headers={"Cache-Control": "no-store, no-cache"},
    )


def _resource(form: Form) -> str:
    if "resource" in form:
        return form["resource"]
    scope = form.get("scope", "")
    resource, found, _ = scope.partition("/.default")
    if not found:
        raise EntraError.invalid_scope(scope)
    return resource


def _published(state: State, tenant: Tenant, host: str, document: str) -> dict[str, Any]:
    v2 = "v2.0" in document
    if document in OPENID_DOCUMENTS:
        return openid.configuration(tenant, host, v2=v2)
    return state.keys.jwks(openid.issuer(tenant, v2=True) if v2 else "")


def _instance_discovery(request: Request) -> Response:
    asked = request.query_params.get("authorization_endpoint", "")
    host, _, path = asked.removeprefix("https://").partition("/")
    if host not in ENTRA_HOSTS:
        return JSONResponse(
            {"error": "invalid_instance", "error_description": "AADSTS50049: Unknown or invalid instance."},
            status_code=400,
        )
    tenant = path.partition("/")[0]
    by_authority = {
        authority: [alias for alias in ENTRA_HOSTS if ENTRA_HOSTS[alias] == authority]
        for authority in dict.fromkeys(ENTRA_HOSTS.values())
    }
    return JSONResponse(
        {
            "tenant_discovery_endpoint": f"https://{host}/{tenant}/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [
                {"preferred_network": authority, "preferred_cache": authority, "aliases": aliases}
                for authority, aliases in by_authority.items()
            ],
        }
    )
