"""The administration API behind the Power Platform admin center: the settings of a tenant.

Sources: the page "List tenant settings (preview)" (a POST without a body; to anybody who is signed in 200 with every
setting), "Authentication - legacy" (tokens are for the Power Apps Service), "Tutorial: Create a service principal" of
the PowerShell modules (an application has to be registered as a management application), and the refusal that those
meet who are not ("The service principal with id … does not have permission to access the path …").
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from emulation.dynamics.call import Call
from emulation.dynamics.clouds import ADMINISTRATION, POWER_APPS
from emulation.dynamics.faults import Fault
from emulation.dynamics.power_platform import THROTTLED, error
from emulation.dynamics.state import State
from emulation.dynamics.tokens import Presented, TokenRefused, bearer
from emulation.dynamics.world import Tenant

SETTINGS = "/providers/microsoft.businessappplatform/listtenantsettings"
VERSIONS = ("2016-11-01", "2020-10-01", "2021-04-01", "2023-06-01")


def understand(state: State, request: Request, host: str) -> Call:
    """Tell what a request to the administration API asks.

    Args:
        state: The world.
        request: The request.
        host: Whose cloud it is.

    Returns:
        The call, of kind "administration"; it concerns the organizations of the caller's tenant.
    """
    cloud = ADMINISTRATION[host]
    audiences = frozenset(
        f"https://{name}{end}" for name in POWER_APPS if POWER_APPS[name] == cloud for end in ("", "/")
    )
    try:
        caller = bearer(state, request, audiences)
    except TokenRefused as refused:
        reason = str(refused)
        return Call(
            "administration", state.concerned(None, "administration", (cloud,)), lambda: _wrong(reason), refusal
        )
    tenant = state.tenant(caller.app.tenant)

    async def answer() -> Response:
        return _answer(state, request, caller, tenant)

    return Call("administration", state.concerned(tenant, "administration"), answer, refusal)


async def _wrong(reason: str) -> Response:
    response = error(401, "AuthenticationFailed", "The received access token is not valid.")
    response.headers["x-emulated-reason"] = reason
    return response


def _answer(state: State, request: Request, caller: Presented, tenant: Tenant) -> Response:
    path, app = request.url.path, caller.app
    if path.lower() != SETTINGS or request.method != "POST":
        return error(404, "ResourceNotFound", f"The resource '{path}' does not support '{request.method}'.")
    version = request.query_params.get("api-version", "")
    if version not in VERSIONS:
        code = "InvalidApiVersionParameter" if version else "MissingApiVersionParameter"
        return error(400, code, f"The api-version '{version}' is invalid.")
    if caller.person is None and not app.administers:
        message = (
            f"The service principal with id '{state.identity(app)}' for application {app.client_id} does not have "
            f"permission to access the path 'https://10.0.1.32:20029{path}?api-version={version}' in tenant "
            f"{tenant.id}."
        )
        return error(403, "Forbidden", message)
    return JSONResponse(_settings(tenant))


def _settings(tenant: Tenant) -> dict[str, Any]:
    return {
        "walkMeOptOut": False,
        "disableNPSCommentsReachout": False,
        "disableNewsletterSendout": False,
        "disableEnvironmentCreationByNonAdminUsers": tenant.only_administrators_create,
        "disablePortalsCreationByNonAdminUsers": False,
        "disableSurveyFeedback": False,
        "disableTrialEnvironmentCreationByNonAdminUsers": False,
        "disableCapacityAllocationByEnvironmentAdmins": False,
        "disableSupportTicketsVisibleByAllUsers": False,
        "powerPlatform": {
            "search": {"disableDocsSearch": False},
            "governance": {"disableDeveloperEnvironmentCreationByNonAdminUsers": False},
        },
    }


def refusal(fault: Fault) -> Response:
    """Return its answer for a fault that is a status."""
    match fault.effect:
        case "unauthorized":
            return error(401, "AuthenticationFailed", "The received access token is not valid.")
        case "forbidden":
            return error(fault.status or 403, fault.code or "Forbidden", fault.message or "Access is denied.")
        case "not_found":
            return error(404, fault.code or "ResourceNotFound", fault.message or "It could not be found.")
        case "throttled":
            return error(fault.status or 429, fault.code or "TooManyRequests", fault.message or THROTTLED)
        case _:
            return Response("The service is unavailable.", status_code=fault.status or 503, media_type="text/plain")
