"""What Finance & Operations tells of its entities under `/metadata`.

Sources: the page "Service endpoints overview" (metadata); members as public clients read them (`IsReadOnly`,
`EntitySetName`, `Members`). Entities beyond those of the emulated environment are not told.
"""

import re
from typing import Any

from starlette.requests import Request

from emulation.dynamics.finance_operations_entities import ENTITIES, ENUMERATIONS
from emulation.dynamics.state import OrganizationState

PATH = re.compile(r"/metadata/(PublicEntities|PublicEnumerations)(?:\('(\w+)'\))?/?", re.IGNORECASE)
_SET = re.compile(r"\s*EntitySetName\s+eq\s+'(\w+)'\s*")


class UnknownMetadata(Exception):
    """There is nothing of this name, or it is not asked so."""


def tell(organization: OrganizationState, request: Request, host: str) -> dict[str, Any]:
    """Answer a question about entities or enumerations.

    Args:
        organization: Whose environment.
        request: With a path that `PATH` fits.
        host: The environment's.

    Raises:
        UnknownMetadata: It is not told.
    """
    found = PATH.fullmatch(request.url.path)
    if found is None:
        raise UnknownMetadata(request.url.path)
    base = f"https://{host}/metadata/$metadata#{found[1]}"
    if found[1].lower() == "publicentities":
        if found[2]:
            return {"@odata.context": f"{base}/$entity", **_entity(organization, _set_of(found[2]))}
        condition = request.query_params.get("$filter", "")
        named = _SET.fullmatch(condition)
        if condition and named is None:
            raise UnknownMetadata(condition)
        shown = [each for each in ENTITIES if named is None or each == named[1]]
        return {"@odata.context": base, "value": [_entity(organization, each) for each in shown]}
    if found[2]:
        return {"@odata.context": f"{base}/$entity", **_enumeration(found[2])}
    return {"@odata.context": base, "value": [_enumeration(name) for name in ENUMERATIONS]}


def _set_of(name: str) -> str:
    for entity_set, entity in ENTITIES.items():
        if entity.name == name:
            return entity_set
    raise UnknownMetadata(name)


def _entity(organization: OrganizationState, entity_set: str) -> dict[str, Any]:
    entity = ENTITIES[entity_set]
    return {
        "Name": entity.name,
        "EntitySetName": entity_set,
        "LabelId": f"@BusinessEvents:{entity.name}",
        "IsReadOnly": organization.writes.get(entity_set, "read_only") == "read_only",
        "ConfigurationEnabled": True,
        "Properties": [
            {
                "Name": member,
                "TypeName": f"Microsoft.Dynamics.DataEntities.{entity.enumerations[member]}"
                if member in entity.enumerations
                else "Edm.String",
                "DataType": "Enum" if member in entity.enumerations else "String",
                "IsKey": member in entity.keys,
                "IsMandatory": member in entity.keys,
                "AllowEdit": member not in entity.keys,
                "AllowEditOnCreate": True,
            }
            for member in entity.members
        ],
    }


def _enumeration(name: str) -> dict[str, Any]:
    if name not in ENUMERATIONS:
        raise UnknownMetadata(name)
    members = [
        {"Name": member, "Value": value, "LabelId": f"@BusinessEvents:{member}", "ConfigurationEnabled": True}
        for value, member in enumerate(ENUMERATIONS[name])
    ]
    return {"Name": name, "LabelId": f"@BusinessEvents:{name}", "Members": members}
