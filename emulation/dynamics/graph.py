"""Microsoft Graph: reading one's own app registration, as far as its secrets' expiry, and what a person is and has.

Sources: the pages "Get application" (an app needs Application.Read.All, or Application.ReadWrite.OwnedBy for what it
owns), "passwordCredential resource type", "Microsoft Graph error responses and resource types" and "Microsoft Graph
throttling guidance".
"""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from emulation.dynamics import directory
from emulation.dynamics.call import Call
from emulation.dynamics.clouds import GRAPHS
from emulation.dynamics.faults import Fault
from emulation.dynamics.state import State
from emulation.dynamics.tokens import Presented, TokenRefused, bearer
from emulation.dynamics.world import App, Secret

_BY_APP_ID = re.compile(r"/v1\.0/applications\(appId='((?:[^']|'')*)'\)")
_FILTER = re.compile(r"\s*appId\s+eq\s+'([^']*)'\s*")
_SLASHES = re.compile("/+")
ME = "/v1.0/me/"
_NEVER = datetime(2299, 12, 31, tzinfo=UTC)
_CREATED = datetime(2024, 1, 1, tzinfo=UTC)
_MEMBERS = ("id", "appId", "displayName", "passwordCredentials")


def understand(state: State, request: Request, host: str) -> Call:
    """Tell what a request to Microsoft Graph asks.

    Args:
        state: The world.
        request: The request.
        host: Graph's host: each cloud has its own.

    Returns:
        The call, of kind "graph"; it concerns the organizations of the caller's tenant.
    """
    try:
        caller = bearer(state, request, frozenset({f"https://{host}", f"https://{host}/"}))
    except TokenRefused as refused:
        reason = str(refused)
        return Call("graph", state.concerned(None, "graph", GRAPHS[host]), lambda: _unauthorized(reason), refusal)

    async def answer() -> Response:
        return _answer(state, request, host, caller)

    return Call("graph", state.concerned(state.tenant(caller.app.tenant), "graph", GRAPHS[host]), answer, refusal)


async def _unauthorized(reason: str) -> Response:
    response = _error(401, "InvalidAuthenticationToken", "Access token validation failure.")
    response.headers["x-emulated-reason"] = reason
    return response


def _answer(state: State, request: Request, host: str, caller: Presented) -> Response:
    # Microsoft's own SDK writes a slash too many.
    path, app = _SLASHES.sub("/", request.url.path), caller.app
    if request.method == "GET" and path.startswith(ME):
        return _me(request, host, path.removeprefix(ME), caller)
    by_id = _BY_APP_ID.fullmatch(path)
    filtered = _FILTER.fullmatch(request.query_params.get("$filter", "")) if path == "/v1.0/applications" else None
    found = by_id or filtered
    if request.method != "GET" or found is None:
        return _error(400, "BadRequest", f"Resource not found for the segment '{path.rpartition('/')[2]}'.")
    if not app.reads_applications:
        return _error(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    wanted = state.apps.get(found[1])
    # An app registration is in its home tenant alone; elsewhere only the service principal is.
    there = (
        wanted is not None and not wanted.managed_identity and state.tenant(wanted.tenant) == state.tenant(app.tenant)
    )
    context = f"https://{host}/v1.0/$metadata#applications"
    selected = [name.strip() for name in request.query_params.get("$select", "").split(",") if name.strip()]
    shown = [_shown(wanted, selected)] if there and wanted else []
    if filtered:
        return JSONResponse({"@odata.context": context, "value": shown})
    if not shown:
        message = (
            f"Resource '{found[1]}' does not exist or one of its queried reference-property objects are not present."
        )
        return _error(404, "Request_ResourceNotFound", message)
    return JSONResponse({"@odata.context": f"{context}/$entity"} | shown[0])


def _me(request: Request, host: str, asked: str, caller: Presented) -> Response:
    if caller.person is None:
        return _error(400, "BadRequest", directory.NOT_A_PERSON)
    try:
        match asked:
            # The short form is what Microsoft's own SDK asks with.
            case "transitiveMemberOf/microsoft.graph.directoryRole" | "transitiveMemberOf/graph.directoryRole":
                rows, context = directory.roles(caller.person.directory_roles, caller.permissions), "directoryRoles"
            case "licenseDetails":
                rows, context = directory.licences(caller.person.licences, caller.permissions), asked
            case _:
                return _error(400, "BadRequest", f"Resource not found for the segment '{asked}'.")
    except directory.Refused as refused:
        status, code, message = refused.args
        return _error(status, code, message)
    value = directory.selected(rows, request.query_params)
    return JSONResponse({"@odata.context": f"https://{host}/v1.0/$metadata#{context}", "value": value})


def _shown(app: App, selected: list[str]) -> dict[str, Any]:
    whole = {
        "id": str(uuid5(NAMESPACE_URL, f"applications/{app.client_id}")),
        "appId": app.client_id,
        "displayName": "fno-link",
        "passwordCredentials": [_credential(app, secret) for secret in app.secrets],
    }
    return {name: value for name, value in whole.items() if name in (selected or _MEMBERS)}


def _credential(app: App, secret: Secret) -> dict[str, Any]:
    ends = secret.expires or _NEVER
    return {
        "customKeyIdentifier": None,
        "displayName": secret.name or None,
        "endDateTime": _moment(ends),
        "hint": secret.value[:3],
        "keyId": str(uuid5(NAMESPACE_URL, f"{app.client_id}/{secret.value}")),
        "secretText": None,
        "startDateTime": _moment(min(ends, _CREATED)),
    }


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


FAULTS: dict[str, tuple[int, str, str]] = {
    "unauthorized": (401, "InvalidAuthenticationToken", "Access token has expired or is not yet valid."),
    "forbidden": (403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."),
    "not_found": (404, "Request_ResourceNotFound", "Resource does not exist."),
    "throttled": (429, "TooManyRequests", "Too many requests. Please try again later."),
    "unavailable": (503, "serviceNotAvailable", "The service is temporarily unavailable."),
}


def refusal(fault: Fault) -> Response:
    """Return Graph's answer for a fault that is a status."""
    status, code, message = FAULTS.get(fault.effect, FAULTS["unavailable"])
    return _error(fault.status or status, fault.code or code, fault.message or message)


def _error(status: int, code: str, message: str) -> Response:
    inner = {
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "request-id": str(uuid4()),
        "client-request-id": str(uuid4()),
    }
    return JSONResponse({"error": {"code": code, "message": message, "innerError": inner}}, status_code=status)
