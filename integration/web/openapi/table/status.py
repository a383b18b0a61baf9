"""The status page, as JSON, as a feed, and its badges."""

from collections.abc import Mapping

from integration.errors import (
    ActionsOff,
    FormRefused,
    IncidentEnded,
    InvalidRequest,
    LengthRequired,
    UnknownDeadLetter,
    UnknownIncident,
    UnknownOrganization,
)
from integration.operations.query import Parameter
from integration.operations.status_shapes import OrganizationState, PublicStatus, Status
from integration.web.openapi.described import JSON, Answer, Body, Described, Header
from integration.web.openapi.table.common import ACCEPT, AT, CACHE_CONTROL, ETAG, IF_NONE_MATCH, not_modified
from integration.web.openapi.table.links import UNKNOWN
from integration.web.status.form import FIELDS, MEDIA_TYPE
from integration.web.status.pages import PUBLIC_QUERY, QUERY

_HTML, _ATOM, _SVG = "text/html; charset=utf-8", "application/atom+xml", "image/svg+xml"
_ORGANIZATION = Parameter("organization", "The configured name of an organization.", "contoso")
_PAGES = {
    status: Answer(doc="A person is told by a page, a program by problem details.", media_types=(_HTML,))
    for status in (400, 500, 503)
}
_BADGE = {
    200: Answer(doc="The badge.", media_types=(_SVG,), headers=(ETAG, CACHE_CONTROL)),
    304: not_modified(),
}
_FORM = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in FIELDS},
    "additionalProperties": False,
}

OPERATIONS: Mapping[str, Described] = {
    "status": Described(
        tag="state",
        summary="Show how everything stands: as a page, as JSON or, of incidents, as an Atom feed",
        query=QUERY,
        headers=(ACCEPT, IF_NONE_MATCH),
        answers={
            200: Answer(doc="By `format`, else by `Accept`.", types=(Status,), media_types=(JSON, _HTML, _ATOM)),
            304: not_modified(),
            **_PAGES,
        },
        errors=(InvalidRequest,),
    ),
    "status_badge": Described(
        tag="state",
        summary="Draw a badge of an organization's link",
        parts=(_ORGANIZATION,),
        headers=(IF_NONE_MATCH,),
        answers=_BADGE,
        errors=(UnknownOrganization,),
    ),
    "status_operator": Described(
        tag="state",
        summary="Show the status page with forms that acknowledge, mute, release and replay",
        query=QUERY,
        headers=(ACCEPT, IF_NONE_MATCH),
        answers={
            200: Answer(doc="By `format`, else by `Accept`.", types=(Status,), media_types=(JSON, _HTML, _ATOM)),
            304: not_modified(),
            **_PAGES,
        },
        errors=(InvalidRequest,),
    ),
    "status_operator_form": Described(
        tag="state",
        summary="Do what a form of the operator's page says",
        doc="For browsers alone: a form carries a seal of the page that it stands in. Programs use the operations.",
        body=Body(doc="The fields of a form.", media_types=(MEDIA_TYPE,), schema=_FORM),
        answers={
            303: Answer(
                doc="Done: back to the page, which says what.",
                media_types=(),
                headers=(Header(name="Location", doc="The page.", required=True),),
            ),
            **{
                status: Answer(doc="Not done: a page that says why.", media_types=(_HTML,))
                for status in (400, 403, 404, 409, 411, 500, 503)
            },
        },
        errors=(
            InvalidRequest,
            ActionsOff,
            FormRefused,
            UnknownIncident,
            UnknownDeadLetter,
            UnknownOrganization,
            IncidentEnded,
            LengthRequired,
            *UNKNOWN,
        ),
    ),
    "status_public": Described(
        tag="state",
        summary="Show names and states to anybody",
        doc="There only where the configuration says `[status] public = true`.",
        query=PUBLIC_QUERY,
        headers=(ACCEPT,),
        answers={
            200: Answer(
                doc="By `format`, else by `Accept`.",
                types=(PublicStatus,),
                media_types=(JSON, _HTML),
                examples={
                    "one": PublicStatus(
                        at=AT,
                        level="pass",
                        organizations=(OrganizationState(name="contoso", level="pass", state="linked"),),
                    )
                },
            ),
            404: Answer(doc="The page is not public.", media_types=()),
            **_PAGES,
        },
        errors=(InvalidRequest,),
    ),
    "status_public_badge": Described(
        tag="state",
        summary="Draw a badge for anybody",
        doc="There only where the configuration says `[status] public = true`.",
        parts=(_ORGANIZATION,),
        headers=(IF_NONE_MATCH,),
        answers=_BADGE,
        errors=(UnknownOrganization,),
    ),
}
