"""Maintenance."""

from collections.abc import Mapping

from integration.errors import UnknownMaintenance, UnknownOrganization
from integration.operations.maintenance import Called, MaintenanceList, MaintenanceOrder, Silent
from integration.operations.query import Parameter
from integration.web.openapi.described import Answer, Body, Described, Link
from integration.web.openapi.table.common import AT, LATER

_CALLED = Called(id="1b2d4e5f8e3f0a9c", organization="contoso", since=AT, until=LATER, by="ada", note="upgrade")
_SILENT = Silent(
    source="call", organizations=["contoso"], since=AT, until=LATER, by="ada", note="upgrade", id="1b2d4e5f8e3f0a9c"
)
_ID = Parameter("id", "The id that beginning it answered.", _CALLED.id)
_END = {"end": Link(operation="maintenance_end", given={"id": "$response.body#/id"})}

OPERATIONS: Mapping[str, Described] = {
    "maintenance": Described(
        tag="maintenance",
        summary="Tell what is silent now and what will be",
        answers={
            200: Answer(
                doc="Now, and the next time of each window within a month.",
                types=(MaintenanceList,),
                examples={"one": MaintenanceList(active=[_SILENT], next=[], calls=[_CALLED])},
                links={"end": Link(operation="maintenance_end", given={"id": "$response.body#/calls/0/id"})},
            )
        },
    ),
    "maintenance_begin": Described(
        tag="maintenance",
        summary="Begin a maintenance now",
        doc="The same again – organization, `by` and `note` – moves the end of the one that is under way.",
        body=Body(
            doc="Of whom, and for how long: 30 days at most.",
            order=MaintenanceOrder,
            examples={"contoso": {"organization": "contoso", "for": "2h", "by": "ada", "note": "upgrade"}},
        ),
        answers={200: Answer(doc="The call.", types=(Called,), examples={"contoso": _CALLED}, links=_END)},
        errors=(UnknownOrganization,),
    ),
    "maintenance_end": Described(
        tag="maintenance",
        summary="End a maintenance before its time",
        doc="One that is over stays as it is.",
        parts=(_ID,),
        answers={200: Answer(doc="The call as it ended.", types=(Called,), examples={"contoso": _CALLED})},
        errors=(UnknownMaintenance,),
    ),
}
