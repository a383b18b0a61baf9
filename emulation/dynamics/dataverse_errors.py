"""Dataverse's error answers.

Source: the pages "Compose HTTP requests and handle errors" and "Service protection API limits", and answers recorded
from live systems.
"""

from starlette.responses import JSONResponse, Response

from emulation.dynamics.clouds import AUTHORITIES
from emulation.dynamics.dataverse_schema import BadQuery
from emulation.dynamics.faults import Fault
from emulation.dynamics.state import OrganizationState

THROTTLED = (
    "Combined execution time of incoming requests exceeded limit of 1200000 milliseconds over time window of "
    "300 seconds. Decrease number of concurrent requests or reduce the duration of requests and try again later."
)
BLOCKED_APPLICATION = (
    "Access to Dataverse API is restricted for this application Id 0a1b2c3d-0000-4000-8000-000000000000. Please "
    "contact your administrator for more information."
)
BLOCKED_ADDRESS = (
    "The request you are trying to make is rejected as access to your ip is blocked. Contact your administrator for "
    "more information."
)
REFUSALS: dict[str, tuple[int, str]] = {
    "0x80040220": (403, "Principal user (Id=…, type=8) is missing prvReadOrganization privilege."),
    "0x80040225": (400, "The specified user is disabled. Consider enabling this user."),
    "0x80041d1f": (403, "The user with SystemUserId=… in OrganizationContext=… is disabled."),
    "0x80042f09": (403, "SecLib::RetrievePrivilegeForUser failed - no roles are assigned to user."),
    "0x80048306": (403, "Not enough privilege to access the Microsoft Dynamics 365 object or perform the operation."),
    "0x8004d24b": (403, "The user is not assigned any License"),
    "0x80060308": (500, "The server is busy and the request was not completed. Try again later."),
    "0x8005f103": (429, "The server is busy and the request was not completed. Try again later."),
    "0x80072321": (429, THROTTLED),
    "0x80072322": (429, "Number of requests exceeded the limit of 6000 over time window of 300 seconds."),
    "0x80072326": (429, "Number of concurrent requests exceeded the limit of 52."),
    "0x80072560": (403, "The user is not a member of the organization."),
    "0x80095ffc": (403, BLOCKED_APPLICATION),
    "0x80095ffe": (403, BLOCKED_ADDRESS),
}
"""What Dataverse answers with these codes, and with which status."""

FAULTS: dict[str, tuple[int, str, str]] = {
    "forbidden": (403, "0x80072560", "The user is not a member of the organization."),
    "not_found": (404, "0x8006088a", "Resource not found for the segment '{resource}'."),
    "throttled": (429, "0x80072321", THROTTLED),
}


def error(status: int, code: str, message: str) -> Response:
    """Return an error as the Web API words it."""
    return JSONResponse({"error": {"code": code, "message": message}}, status_code=status)


def bad_query(bad: BadQuery) -> Response:
    """Return the answer to a query that cannot be read."""
    return error(400, "0x80060888", str(bad))


def bearer_challenge(organization: OrganizationState, reason: str) -> Response:
    """Return 401 with an empty body and the challenge that names the authority.

    Args:
        organization: Whose resource it is.
        reason: Why the token does not open it; a header of the emulator's own, to find out in tests.
    """
    authority = f"https://{AUTHORITIES[organization.tenant.cloud]}/{organization.tenant.id}/oauth2/authorize"
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
    if fault.effect == "refused":
        status, message = REFUSALS.get(fault.code.lower(), (400, "An unexpected error occurred."))
        return error(fault.status or status, fault.code, fault.message or message)
    status, code, message = FAULTS.get(fault.effect, (503, "", "The service is unavailable."))
    return error(fault.status or status, fault.code or code, (fault.message or message).replace("{resource}", resource))
