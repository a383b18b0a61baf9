"""Links."""

from collections.abc import Mapping

from integration.errors import (
    Busy,
    Forbidden,
    Throttled,
    TooManyRefreshes,
    Unauthenticated,
    UnexpectedAnswer,
    UnknownOrganization,
    Unreachable,
)
from integration.operations.links import Configured, LinkedAnswer, NotLinkedAnswer, Organizations
from integration.operations.query import Parameter
from integration.web.openapi.described import Answer, Described, Header, Link
from integration.web.openapi.table.common import AT, CACHE_CONTROL, ETAG, IF_NONE_MATCH, not_modified

UNKNOWN = (Unauthenticated, Forbidden, Throttled, Unreachable, UnexpectedAnswer, Busy)
"""Why a link is unknown."""
_NAME = Parameter("name", "The configured name of an organization.", "contoso")
_LAST_MODIFIED = Header(name="Last-Modified", doc="When Dataverse was asked.", required=True)
_HEADERS = (ETAG, CACHE_CONTROL, _LAST_MODIFIED)
_LINKED = LinkedAnswer(
    url="https://contoso.operations.dynamics.com",
    tenant_id="0a1b2c3d-0000-4000-8000-000000000001",
    id="0a1b2c3d-0000-4000-8000-000000000002",
    trusted=True,
    stale=False,
    checked_at=AT,
)
_NOT_LINKED = NotLinkedAnswer(
    code="0x80048d0b",
    message="This environment is not integrated with Finance and Operations.",
    familiar=True,
    checked_at=AT,
)
_TOLD = Answer(
    doc="Linked or not: both are answers.",
    types=(LinkedAnswer, NotLinkedAnswer),
    headers=_HEADERS,
    examples={"linked": _LINKED, "not linked": _NOT_LINKED},
)
_CONTOSO = Configured(name="contoso", url="https://contoso.crm.dynamics.com", cloud="public")
_GIVEN = {"name": "$response.body#/organizations/0/name"}

OPERATIONS: Mapping[str, Described] = {
    "organizations": Described(
        tag="links",
        summary="List the configured organizations",
        answers={
            200: Answer(
                doc="All of them.",
                types=(Organizations,),
                examples={"one": Organizations(organizations=(_CONTOSO,))},
                links={
                    "link": Link(operation="link", given=_GIVEN),
                    "refresh": Link(operation="link_refresh", given=_GIVEN),
                },
            )
        },
    ),
    "link": Described(
        tag="links",
        summary="Tell which environment an organization is linked to",
        doc=(
            "From the cache, asked anew behind the caller's back. A client that gets 503 keeps using the answer that "
            "it has, until `Retry-After` is over."
        ),
        parts=(_NAME,),
        headers=(IF_NONE_MATCH,),
        answers={200: _TOLD, 304: not_modified(_HEADERS)},
        errors=(UnknownOrganization, *UNKNOWN),
    ),
    "link_refresh": Described(
        tag="links",
        summary="Ask Dataverse now, whatever the cache holds",
        doc="Each caller may do so a number of times a minute: `[cache] refreshes_per_minute`.",
        parts=(_NAME,),
        answers={200: _TOLD},
        errors=(UnknownOrganization, TooManyRefreshes, *UNKNOWN),
    ),
}
