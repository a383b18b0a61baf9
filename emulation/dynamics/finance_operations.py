"""Finance & Operations: the OData reach probe, custom services and OData actions.

Sources: the pages "Service endpoints overview", "Open Data Protocol (OData)" and "Priority-based throttling".
"""

import re
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from emulation.dynamics.call import Call
from emulation.dynamics.clouds import AUTHORITIES
from emulation.dynamics.faults import Fault
from emulation.dynamics.finance_operations_entities import ENTITIES
from emulation.dynamics.finance_operations_metadata import PATH as METADATA
from emulation.dynamics.finance_operations_metadata import UnknownMetadata, tell
from emulation.dynamics.finance_operations_rows import BadQuery, answer, rows
from emulation.dynamics.finance_operations_writes import ADDRESSED, WriteRefused, Writes
from emulation.dynamics.state import OrganizationState, State
from emulation.dynamics.tokens import TokenRefused, check

MAINTENANCE = (
    "<!DOCTYPE html><html><head><title>Microsoft Dynamics 365</title></head><body><h1>We are currently servicing this "
    "environment</h1><p>Please try again later.</p></body></html>"
)
"""A page for people; nobody publishes its words, and nothing may depend on them."""

ODATA = {"OData-Version": "4.0"}
THROTTLED = "The request was rejected because of too many requests. Try again later."


def understand(state: State, request: Request, organization: OrganizationState) -> Call:
    """Tell what a request to an F&O environment asks.

    Args:
        state: The world.
        request: The request.
        organization: The organization that is or was linked to it.

    Returns:
        The call, of kind "fno".
    """
    host = request.url.hostname or ""

    async def answered() -> Response:
        try:
            # F&O takes its URL without a trailing slash and nothing else (page "Service endpoints overview").
            app = check(state, request, organization, frozenset({f"https://{host}"}))
        except TokenRefused as refused:
            return _challenge(organization, host, str(refused))
        if not app.finance_operations:
            return _challenge(organization, host, "the client id is not under Microsoft Entra applications")
        return _answer(state, request, organization, await request.body())

    def refused(fault: Fault) -> Response:
        if fault.effect == "refused":
            return _exception(fault, request.url.path)
        return _refusal(fault, organization, host)

    return Call("fno", organization, answered, refused)


def _answer(state: State, request: Request, organization: OrganizationState, sent: bytes) -> Response:
    path, host = request.url.path, request.url.hostname or ""
    match request.method:
        case "POST":
            answered = _posted(state, request, organization, sent)
        case "PATCH" | "DELETE" if ADDRESSED.fullmatch(path):
            answered = _write(state, request, organization, sent)
        case "GET":
            answered = _got(state, request, organization)
        case _:
            answered = None
    return answered or _error(404, f"No HTTP resource was found that matches the request URI 'https://{host}{path}'.")


def _posted(state: State, request: Request, organization: OrganizationState, sent: bytes) -> Response | None:
    path, host = request.url.path, request.url.hostname or ""
    if re.fullmatch(r"/api/services/[^/]+/[^/]+/[^/]+", path):
        return JSONResponse({"$id": "1"})
    if re.fullmatch(r"/data/.+/Microsoft\.Dynamics\.DataEntities\.\w+", path):
        return Response(status_code=204, headers=ODATA)
    entity_set = re.fullmatch(r"/data/(\w+)", path)
    if entity_set is None:
        return None
    if entity_set[1] in ENTITIES:
        return _write(state, request, organization, sent)
    context = f"https://{host}/data/$metadata#{entity_set[1]}/$entity"
    return JSONResponse({"@odata.context": context}, status_code=201, headers=ODATA)


def _got(state: State, request: Request, organization: OrganizationState) -> Response | None:
    path, host = request.url.path, request.url.hostname or ""
    if METADATA.fullmatch(path):
        try:
            return JSONResponse(tell(organization, request, host), headers=ODATA)
        except UnknownMetadata:
            return None
    entity_set = re.fullmatch(r"/data(?:/(\w+))?/?", path)
    return _read(state, request, organization, entity_set[1]) if entity_set else None


def _write(state: State, request: Request, organization: OrganizationState, sent: bytes) -> Response:
    path, host, writes = request.url.path, request.url.hostname or "", Writes(state, organization)
    try:
        if addressed := ADDRESSED.fullmatch(path):
            if request.method == "PATCH":
                writes.change(addressed[1], addressed[2], sent)
            else:
                writes.delete(addressed[1], addressed[2])
            return Response(status_code=204, headers=ODATA)
        entity_set = path.rpartition("/")[2]
        row = writes.create(entity_set, sent)
    except WriteRefused as refused:
        error: dict[str, object] = {"code": "", "message": str(refused)}
        if refused.inner:
            inner = {"message": refused.inner, "type": "System.InvalidOperationException", "stacktrace": "   at …"}
            error["innererror"] = inner
        return JSONResponse({"error": error}, status_code=refused.status, headers=ODATA)
    context = {"@odata.context": f"https://{host}/data/$metadata#{entity_set}/$entity"}
    return JSONResponse(context | row, status_code=201, headers=ODATA)


def _read(state: State, request: Request, organization: OrganizationState, entity_set: str | None) -> Response:
    host = request.url.hostname or ""
    if entity_set is None:
        listed = [{"name": name, "kind": "EntitySet", "url": name} for name in ENTITIES]
        body = {"@odata.context": f"https://{host}/data/$metadata", "value": listed}
        return JSONResponse(body, headers=ODATA)
    if entity_set not in ENTITIES:
        return _error(404, f"No HTTP resource was found for the entity set '{entity_set}'.")
    if entity_set in organization.unreadable:
        return _error(403, f"Access denied to the entity set '{entity_set}'.", "Forbidden")
    try:
        body = answer(request, host, entity_set, rows(state, organization, entity_set))
    except BadQuery as bad:
        return _error(400, str(bad))
    return JSONResponse(body, headers=ODATA)


def _challenge(organization: OrganizationState, host: str, reason: str) -> Response:
    authority = f"https://{AUTHORITIES[organization.tenant.cloud]}/{organization.tenant.id}"
    challenge = f'Bearer authorization_uri="{authority}/oauth2/authorize", resource_id="https://{host}"'
    return Response(status_code=401, headers={"WWW-Authenticate": challenge, "x-emulated-reason": reason})


def _refusal(fault: Fault, organization: OrganizationState, host: str) -> Response:
    if fault.effect == "maintenance":
        return Response(MAINTENANCE, fault.status or 200, media_type="text/html")
    if fault.effect == "sign_in":
        return _sign_in(organization, host, fault.status or 302)
    return _error_for(fault, organization, host)


def _error_for(fault: Fault, organization: OrganizationState, host: str) -> Response:
    match fault.effect:
        case "unauthorized":
            return _challenge(organization, host, "broken by the control API")
        case "forbidden":
            return _error(fault.status or 403, fault.message or "Forbidden", fault.code)
        case "not_found":
            return _error(404, fault.message or "No HTTP resource was found that matches the request URI.", fault.code)
        case "throttled":
            return _error(fault.status or 429, fault.message or THROTTLED, fault.code)
        case _:
            return Response("The service is unavailable.", status_code=fault.status or 503, media_type="text/plain")


def _sign_in(organization: OrganizationState, host: str, status: int) -> Response:
    """Send a browser to where people sign in, as F&O does with a call that it takes for one of a browser."""
    authority = f"https://{AUTHORITIES[organization.tenant.cloud]}/{organization.tenant.id}"
    asked = f"client_id=00000015-0000-0000-c000-000000000000&redirect_uri=https%3A%2F%2F{host}%2F"
    location = f"{authority}/oauth2/authorize?response_type=code+id_token&{asked}"
    return Response(status_code=status, headers={"Location": location})


def _exception(fault: Fault, path: str) -> Response:
    """Let an X++ exception leave a service: HTTP 500, whatever it is about.

    Custom services answer its type and message, OData wraps it in its own error. Recorded from live services.
    """
    kind, message = fault.code or "ErrorException", fault.message or "The record already exists."
    status = fault.status or 500
    if path.startswith("/api/services/"):
        said = f"An exception occured when invoking the operation - {message}"  # as sent
        return JSONResponse({"Message": said, "ExceptionType": kind, "ActivityId": str(uuid4())}, status)
    xpp = {
        "message": message,
        "type": f"Microsoft.Dynamics.Ax.Xpp.{kind}",
        "stacktrace": "   at Dynamics.AX.Application",
    }
    wrapped = "Exception has been thrown by the target of an invocation."
    outer = {
        "message": wrapped,
        "type": "System.Reflection.TargetInvocationException",
        "stacktrace": "   at Dynamics.AX.Application",
    }
    inner = outer | {"internalexception": xpp}
    return JSONResponse(
        {"error": {"code": "", "message": "An error has occurred.", "innererror": inner}}, status_code=status
    )


def _error(status: int, message: str, code: str = "") -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status_code=status)
