"""The Power Platform API: an environment, its lifecycle operations, and a tenant's capacity.

Sources: the pages "Environments - Get Environment By Id For User", "Operation - Get Operations For Environment" and
"Tenant Capacity Details - Get Tenant Capacity Details" (2024-10-01) of its reference, which publish members but neither
examples nor error bodies; these are worded as the services behind it word theirs ("The service principal with id …
does not have permission …").
"""

from itertools import islice
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from emulation.dynamics.call import Call
from emulation.dynamics.clouds import AUTHORITIES, POWER_PLATFORM
from emulation.dynamics.environments import Environment, Metadata
from emulation.dynamics.estate import details
from emulation.dynamics.faults import Fault
from emulation.dynamics.state import OrganizationState, State
from emulation.dynamics.tokens import Presented, TokenRefused, bearer, check
from emulation.dynamics.world import App, Tenant, link_id

CAPACITY = "/licensing/tenantCapacity"
VERSIONS = ("2022-03-01-preview", "2024-10-01")
PAGE = 50
THROTTLED = "The request was throttled. Try again later."


def understand(state: State, request: Request, host: str) -> Call:
    """Tell what a request to the Power Platform API asks.

    Args:
        state: The world.
        request: The request.
        host: Whose cloud it is.

    Returns:
        The call, of kind "platform", or "capacity".
    """
    if request.url.path == CAPACITY:
        return _of_tenant(state, request, host)
    parts = request.url.path.strip("/").split("/")
    asked = parts[2] if len(parts) > 2 and parts[:2] == ["environmentmanagement", "environments"] else ""  # noqa: PLR2004 (the path's own shape)
    organization = state.by_environment_id(asked)

    async def answer() -> Response:
        if not request.headers.get("Authorization"):
            return Response(status_code=401, headers={"WWW-Authenticate": "Bearer"})
        if organization is None or organization.tenant.cloud != POWER_PLATFORM[host]:
            return error(404, "EnvironmentNotFound", f"The environment '{asked}' could not be found.")
        try:
            app = check(state, request, organization, frozenset({f"https://{host}", f"https://{host}/"}))
        except TokenRefused as refused:
            return _challenge(organization.tenant, host, str(refused))
        return _answer(state, request, organization, app, parts[3:])

    def refused(fault: Fault) -> Response:
        return _refusal(fault, organization.tenant if organization else None, host)

    concerned = organization or state.concerned(None, "platform", (POWER_PLATFORM[host],))
    return Call("platform", concerned, answer, refused)


def _of_tenant(state: State, request: Request, host: str) -> Call:
    cloud = POWER_PLATFORM[host]
    try:
        caller = bearer(state, request, frozenset({f"https://{host}", f"https://{host}/"}))
    except TokenRefused as refused:
        reason = str(refused)

        async def challenged() -> Response:
            return Response(status_code=401, headers={"WWW-Authenticate": "Bearer", "x-emulated-reason": reason})

        nobody = state.concerned(None, "capacity", (cloud,))
        return Call("capacity", nobody, challenged, lambda fault: _refusal(fault, None, host))
    tenant = state.tenant(caller.app.tenant)

    async def answer() -> Response:
        if not caller.app.administers:
            return _refused_tenant(state, caller, tenant)
        return _wrong(request) or JSONResponse(details(tenant.id, tenant.capacity))

    return Call("capacity", state.concerned(tenant, "capacity"), answer, lambda fault: _refusal(fault, tenant, host))


def _refused_tenant(state: State, caller: Presented, tenant: Tenant) -> Response:
    if caller.person is None:
        return _forbidden(caller.app, CAPACITY, tenant)
    identity = state.person(caller.person)
    message = f"The user with object id '{identity}' in tenant '{tenant.id}' does not have access to '{CAPACITY}'."
    return error(403, "Forbidden", message)


def _wrong(request: Request) -> Response | None:
    version = request.query_params.get("api-version", "")
    if version not in VERSIONS:
        code = "InvalidApiVersionParameter" if version else "MissingApiVersionParameter"
        return error(400, code, f"The api-version '{version}' is invalid. Supported: {', '.join(VERSIONS)}.")
    if request.method != "GET":
        return error(405, "MethodNotAllowed", f"The resource does not support the method '{request.method}'.")
    return None


def _answer(state: State, request: Request, organization: OrganizationState, app: App, rest: list[str]) -> Response:
    if not app.power_platform:
        return _forbidden(app, request.url.path, organization.tenant)
    if wrong := _wrong(request):
        return wrong
    match rest:
        case []:
            return _environment(request, organization)
        case ["operations"]:
            return _operations(request, organization, state.identity(app))
        case _:
            return error(404, "ResourceNotFound", "The requested resource does not exist.")


def _environment(request: Request, organization: OrganizationState) -> Response:
    environment, configured = organization.environment, organization.organization
    host, _ = configured.hosts()
    body: dict[str, Any] = {
        "id": environment.named(configured.base_url()),
        "displayName": organization.name,
        "type": "Sandbox",
        "state": environment.state,
        "tenantId": organization.tenant.id,
        "geo": "europe",
        "azureRegion": "westeurope",
        "clusterCategory": "Prod",
        "adminMode": environment.admin_mode,
        "backgroundOperationsState": "Enabled",
        "protectionLevel": "Basic",
        "dataverseId": configured.id(),
        "url": f"{configured.base_url()}/",
        "domainName": host.partition(".")[0],
        "version": "9.2.24112.00150",
        "createdDateTime": "2025-01-31T08:00:00.1234567Z",
        "finOpsMetadata": _metadata(organization, environment),
        "enterprisePolicies": None,
    }
    selected = [name for name in request.query_params.get("$select", "").split(",") if name]
    return JSONResponse({key: value for key, value in body.items() if not selected or key in selected})


def _metadata(organization: OrganizationState, environment: Environment) -> dict[str, str] | None:
    link = organization.link
    match environment.knows:
        case Metadata(id, type, url):
            return {"id": id, "type": type, "url": url}
        case "link" if link is not None:
            kind = "Internal" if link.is_unified_database else "Linked"
            return {"id": link_id(link), "type": kind, "url": f"{link.url.rstrip('/')}/"}
        case _:
            return None


def _operations(request: Request, organization: OrganizationState, user: str) -> Response:
    environment, base = organization.environment, organization.organization.base_url()
    limit, token = (request.query_params.get(name, "") for name in ("limit", "continuationToken"))
    if (limit and not limit.isdecimal()) or limit == "0" or (token and not token.isdecimal()):
        return error(400, "ValidationFailed", "The limit must be a positive integer.")
    first = int(token or 0)
    last = first + min(int(limit or PAGE), PAGE)
    listed: list[dict[str, Any]] = [
        {
            "name": each.name,
            "operationId": str(uuid5(NAMESPACE_URL, f"{base}/operations/{number}")),
            "status": each.status,
            "startTime": each.started or None,
            "endTime": each.ended or None,
            "requestedBy": {"userId": user, "type": "ServicePrincipal", "tenantId": organization.tenant.id},
            "updatedEnvironment": {"environmentId": environment.named(base), "displayName": organization.name},
            "stageStatuses": [],
            "errorDetail": None,
        }
        for number, each in islice(enumerate(environment.operations), first, last)
    ]
    more = str(last) if last < len(environment.operations) else None
    return JSONResponse({"collection": listed, "continuationToken": more})


def error(status: int, code: str, message: str) -> Response:
    """Return an error as the services behind the API word it."""
    return JSONResponse({"error": {"code": code, "message": message}}, status_code=status)


def _forbidden(app: App, path: str, tenant: Tenant) -> Response:
    message = (
        f"The service principal for application {app.client_id} does not have permission to access the path "
        f"'{path}' in tenant {tenant.id}."
    )
    return error(403, "Forbidden", message)


def _challenge(tenant: Tenant, host: str, reason: str) -> Response:
    authority = f"https://{AUTHORITIES[tenant.cloud]}/{tenant.id}"
    challenge = f'Bearer authorization_uri="{authority}", resource_id="https://{host}"'
    return Response(status_code=401, headers={"WWW-Authenticate": challenge, "x-emulated-reason": reason})


def _refusal(fault: Fault, tenant: Tenant | None, host: str) -> Response:
    match fault.effect:
        case "unauthorized" if tenant is not None:
            return _challenge(tenant, host, "broken by the control API")
        case "forbidden":
            return error(fault.status or 403, fault.code or "Forbidden", fault.message or "Access is denied.")
        case "not_found":
            return error(
                404, fault.code or "EnvironmentNotFound", fault.message or "The environment could not be found."
            )
        case "throttled":
            return error(fault.status or 429, fault.code or "TooManyRequests", fault.message or THROTTLED)
        case _:
            return Response("The service is unavailable.", status_code=fault.status or 503, media_type="text/plain")
