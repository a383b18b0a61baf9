"""Incidents."""

from collections.abc import Mapping

from integration.errors import IncidentEnded, UnknownIncident
from integration.operations.incident_pages import QUERY, IncidentPage
from integration.operations.incident_shapes import Summary, Whole
from integration.operations.incidents import AcknowledgeOrder, MuteOrder
from integration.operations.query import Parameter
from integration.web.openapi.described import Answer, Body, Described, Link
from integration.web.openapi.table.common import AT, LATER

_INCIDENT = Summary(
    id="8e3f0a9c1b2d4e5f",
    state="open",
    subject="contoso",
    organization="contoso",
    kind="integration",
    code="0x80048d0b",
    message="the organization is not linked",
    since=AT,
    opened_at=LATER,
    acknowledged_by="ada",
    told=("alerts",),
)
_ID = Parameter("id", "Its id, as the listing and alerts tell it.", _INCIDENT.id)
_GIVEN = {"id": "$response.body#/incidents/0/id"}
_WHOLE = Answer(doc="The incident as it stands.", types=(Whole,))

OPERATIONS: Mapping[str, Described] = {
    "incidents": Described(
        tag="incidents",
        summary="List incidents: those that are open first, the latest first",
        query=QUERY,
        answers={
            200: Answer(
                doc="One page; those that ended are kept for 90 days.",
                types=(IncidentPage,),
                examples={"one": IncidentPage(incidents=[_INCIDENT], next=None)},
                links={
                    "show": Link(operation="incident", given=_GIVEN),
                    "acknowledge": Link(operation="incident_acknowledge", given=_GIVEN),
                    "mute": Link(operation="incident_mute", given=_GIVEN),
                    "next": Link(operation="incidents", given={"after": "$response.body#/next"}),
                },
            )
        },
    ),
    "incident": Described(
        tag="incidents",
        summary="Show an incident whole",
        parts=(_ID,),
        answers={200: Answer(doc="All that is known of it.", types=(Whole,))},
        errors=(UnknownIncident,),
    ),
    "incident_acknowledge": Described(
        tag="incidents",
        summary="Say that somebody works on an incident",
        doc="No reminder and no escalation any more; its end is told as ever. It may be sent again.",
        parts=(_ID,),
        body=Body(
            doc="Who, and what is being done.", order=AcknowledgeOrder, examples={"ada": {"by": "ada", "note": "on it"}}
        ),
        answers={200: _WHOLE},
        errors=(UnknownIncident, IncidentEnded),
    ),
    "incident_mute": Described(
        tag="incidents",
        summary="Tell nothing of an incident's subject for a while, or tell it again",
        doc="For 30 days at most.",
        parts=(_ID,),
        body=Body(
            doc="For how long.", order=MuteOrder, examples={"for a while": {"for": "2h"}, "no longer": {"unmute": True}}
        ),
        answers={200: _WHOLE},
        errors=(UnknownIncident, IncidentEnded),
    ),
}
