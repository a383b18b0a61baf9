"""Dataverse's error answers.

Source: the pages "Compose HTTP requests and handle errors" and "Service protection API limits", and answers recorded
from live systems.
"""

from starlette.responses import JSONResponse, Response

from emulation.dynamics.faults import Fault
from emulation.dynamics.state import OrganizationState
from integration.clouds import CLOUDS

THROTTLED = (
    "Combined execution time of incoming requests exceeded limit of 1200000 milliseconds over time window of "
    "300 seconds. Decrease number of concurrent requests or reduce the duration of requests and try again later."
)
FAULTS: dict[str, tuple[int, str, str]] = {
    "forbidden": (403, "0x80072560", "The user is not a member of the organization."),
    "not_found": (404, "0x8006088a", "Resource not found for the segment '{resource}'."),
    "throttled": (429, "0x80072321", THROTTLED),
}


def error(status: int, code: str, message: str) -> Response:
    """Return an error as the Web API words it."""
    return JSONResponse({"error": {"code": code, "message": message}}, status_code=status)


def bearer_challenge(organization: OrganizationState, reason: str) -> Response:
    """Return 401 with an empty body and the challenge that names the authority.

    Args:
        organization: Whose resource it is.
        reason: Why the token does not open it; a header of the emulator's own, to find out in tests.
    """
    authority = f"https://{CLOUDS[organization.tenant.cloud].authority}/{organization.tenant.id}/oauth2/authorize"
    challenge = f"Bearer authorization_uri={authority}, resource_id={organization.organization.base_url()}/"
    return Response(status_code=401, headers={"WWW-Authenticate": challenge, "x-emulated-reason": reason})


def refusal(fault: Fault, organization: OrganizationState, resource: str) -> Response:
    """Return Dataverse's answer for a fault that is a status."""
    if fault.effect == "unauthorized":
        return bearer_challenge(organization, "broken by the control API")
    if fault.effect == "unavailable" and not fault.code:
        # A front door answers for a service that is down: a page, not OData.
        page = "<html><body><b>Http/1.1 Service Unavailable</b></body></html>"
        return Response(page, status_code=fault.status or 503, media_type="text/html")
    status, code, message = FAULTS.get(fault.effect, (503, "", "The service is unavailable."))
    return error(fault.status or status, fault.code or code, (fault.message or message).replace("{resource}", resource))
