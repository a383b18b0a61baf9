"""Dataverse: the Web API calls that fno-link makes, and reading rows and table definitions, with their error bodies.

Sources: the pages "Power Platform integration with finance and operations apps", "Compose HTTP requests and handle
errors", "Service protection API limits", "WhoAmI Function" and "RetrieveCurrentOrganization Function"; for the
undocumented msprov_getfinopsapplicationdetails, what d365bap.tools reads.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from emulation.dynamics.call import Call
from emulation.dynamics.dataverse_errors import bearer_challenge, error, refusal
from emulation.dynamics.dataverse_reading import read
from emulation.dynamics.faults import Fault, Kind
from emulation.dynamics.sending.announcement import announced
from emulation.dynamics.sending.sender import Sender
from emulation.dynamics.sending.where import place
from emulation.dynamics.state import OrganizationState, State
from emulation.dynamics.tables import seeds
from emulation.dynamics.tables.catalogue import BY_SET
from emulation.dynamics.tables.refused import Refused
from emulation.dynamics.tables.store import Store
from emulation.dynamics.tokens import TokenRefused, check
from emulation.dynamics.world import App, link_id
from emulation.dynamics.writing.changes import Writer
from emulation.dynamics.writing.http import Writing

ORGANIZATION = re.compile(r"RetrieveCurrentOrganization\(AccessType=(.*)\)")
ACCESS = re.compile(r"(Microsoft\.Dynamics\.CRM\.EndpointAccessType)?'(Default|Internet|Intranet)'")
APPLICATION = "msprov_getfinopsapplicationdetails"
LINK = seeds.LINK
VERSIONS = ("v9.0", "v9.1", "v9.2")
WRITING = frozenset({"POST", "PATCH", "DELETE"})
LINK_VERSIONS = ("v9.1", "v9.2")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with everything that its answer depends on."""

    state: State
    sender: Sender
    request: Request
    organization: OrganizationState
    app: App
    version: str
    resource: str
    kind: Kind


def understand(state: State, sender: Sender, request: Request, organization: OrganizationState) -> Call:
    """Tell what a request to an organization asks.

    Args:
        state: The world.
        sender: Sends what registered steps send.
        request: The request.
        organization: Whose host it was sent to.

    Returns:
        The call; the kind follows from the path.
    """
    _, _, rest = request.url.path.partition("/api/data/")
    version, _, resource = rest.partition("/")
    resource = resource.removesuffix("()")
    kind = _kind(resource)

    async def answer() -> Response:
        try:
            app = check(state, request, organization, _audiences(organization))
        except TokenRefused as refused:
            return bearer_challenge(organization, str(refused))
        try:
            response = await _answer(Asked(state, sender, request, organization, app, version, resource, kind))
        except Refused as refused:
            response = error(refused.status, refused.code, str(refused))
        response.headers["OData-Version"] = "4.0"
        response.headers["x-ms-service-request-id"] = str(uuid4())
        if response.status_code == HTTPStatus.OK:
            response.headers["x-ms-ratelimit-burst-remaining-xrm-requests"] = "5999"
            response.headers["x-ms-ratelimit-time-remaining-xrm-requests"] = "1,199.99"
        return response

    def refused(fault: Fault) -> Response:
        return refusal(fault, organization, resource)

    return Call(kind, organization, answer, refused, version)


def _kind(resource: str) -> Kind:
    match resource:
        case "WhoAmI":
            return "whoami"
        case "sdkmessages":
            return "sdkmessages"
        case _ if resource == LINK:
            return "link"
        case _ if resource == APPLICATION:
            return "application"
        case _ if ORGANIZATION.fullmatch(resource):
            return "environment"
        case _:
            return "row"


def _audiences(organization: OrganizationState) -> frozenset[str]:
    return frozenset(f"https://{host}{slash}" for host in organization.organization.hosts() for slash in ("", "/"))


async def _answer(asked: Asked) -> Response:
    request, organization, app = asked.request, asked.organization, asked.app
    version, resource, kind = asked.version, asked.resource, asked.kind
    if app.organizations is not None and organization.name not in app.organizations:
        return error(403, "0x80072560", "The user is not a member of the organization.")
    if version not in VERSIONS or (kind == "link" and version not in LINK_VERSIONS):
        return error(404, "0x8006088a", f"Resource not found for the segment '{resource or version}'.")
    store = Store(asked.state, organization)
    user = organization.user_id(app.client_id)
    if request.method in WRITING and kind in {"row", "sdkmessages"}:
        return await _written(asked, store, user)
    if request.method != "GET":
        return error(405, "0x80060888", f"The requested resource does not support HTTP method '{request.method}'.")
    context = f"https://{request.url.hostname}/api/data/{version}/$metadata"
    match kind:
        case "whoami":
            response = JSONResponse(
                {"@odata.context": f"{context}#Microsoft.Dynamics.CRM.WhoAmIResponse"} | _who(organization, app)
            )
        case "link":
            response = _link(organization, context)
        case "environment":
            response = _organization(request, organization, f"{context}#Microsoft.Dynamics.CRM.", resource)
        case "application":
            response = _application(organization, f"{context}#Microsoft.Dynamics.CRM.{APPLICATION}Response")
        case _:
            response = read(request, store, user, context, resource)
    return response


def _who(organization: OrganizationState, app: App) -> dict[str, Any]:
    identity = organization.organization.id()
    return {
        "BusinessUnitId": str(uuid5(NAMESPACE_URL, f"{identity}/businessunit")),
        "UserId": organization.user_id(app.client_id),
        "OrganizationId": identity,
    }


def _link(organization: OrganizationState, context: str) -> Response:
    link = organization.link
    if link is None:
        message = "Dataverse instance isn't integrated with finance and operations."
        return error(400, "0x80048d0b", message)
    body: dict[str, Any] = {
        "@odata.context": f"{context}#Microsoft.Dynamics.CRM.{LINK}Response",
        "Url": link.url,
        "TenantId": link.tenant_id or organization.tenant.id,
        "Id": link_id(link),
    }
    if link.is_unified_database is not None:
        body["IsUnifiedDatabase"] = link.is_unified_database
    if link.lifecycle_status is not None:
        body["OrgLifecycleStatus"] = link.lifecycle_status
    return JSONResponse(body)


def _organization(request: Request, organization: OrganizationState, context: str, resource: str) -> Response:
    asked = ORGANIZATION.fullmatch(resource)
    access = asked[1] if asked else ""
    if access.startswith("@"):
        access = request.query_params.get(access, "")
    if not ACCESS.fullmatch(access):
        return error(400, "0x80060888", f"The parameter value '{access}' is no EndpointAccessType.")
    configured = organization.organization
    label, url = configured.hosts()[0].partition(".")[0], configured.base_url()
    detail = {
        "OrganizationId": configured.id(),
        "FriendlyName": organization.name,
        "OrganizationVersion": "9.2.24112.150",
        "EnvironmentId": organization.environment.named(url),
        "DatacenterId": "00000000-0000-0000-0000-000000000000",
        "Geo": "EMEA",
        "TenantId": organization.tenant.id,
        "UrlName": label,
        "UniqueName": configured.unique_name(),
        "State": "Enabled",
        "OrganizationType": "Customer",
        "Endpoints": {
            "Count": 2,
            "Keys": ["WebApplication", "OrganizationDataService"],
            "Values": [f"{url}/", f"{url}/XRMServices/2011/OrganizationData.svc"],
        },
    }
    return JSONResponse({"@odata.context": f"{context}RetrieveCurrentOrganizationResponse", "Detail": detail})


def _application(organization: OrganizationState, context: str) -> Response:
    application = organization.environment.application
    if application is None:
        return error(404, "0x8006088a", f"Resource not found for the segment '{APPLICATION}'.")
    return JSONResponse(
        {
            "@odata.context": context,
            "finopsenvironmentstate": application.state,
            "applicationversion": application.version,
            "platformversion": application.platform,
            "applicationdeploymenttype": application.deployment,
        }
    )


async def _written(asked: Asked, store: Store, user: str) -> Response:
    request, at = asked.request, datetime.now(UTC)
    writer = Writer(store, user, request.headers.get("user-agent", ""), f"{at:%Y-%m-%dT%H:%M:%SZ}")
    written = Writing(request, await request.body(), store, writer).understand(asked.resource)
    if written.change is None or written.table.entity_set in BY_SET:
        written.keep()  # changes of these tables are no events
        return written.answer()
    where = place(asked.state, asked.organization, user, asked.state.identity(asked.app), written.change.agent)
    await announced(asked.sender, where, written, at)
    return written.answer()
