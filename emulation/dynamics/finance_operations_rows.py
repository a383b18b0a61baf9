"""Rows of Finance & Operations' public entities, as far as somebody reads them, and the query options for it.

Sources: the pages "Open Data Protocol (OData)" (query options, pages of 10,000 rows, enumerations, `cross-company`) and
"Cross-company behavior of data entities": rows that have a `dataAreaId` are those of the user's default company, unless
all companies are asked for.
"""

import re
from typing import Any
from urllib.parse import urlencode
from uuid import NAMESPACE_URL, uuid5

from starlette.requests import Request

from emulation.dynamics.finance_operations_entities import ENTITIES
from emulation.dynamics.state import OrganizationState, State

type Row = dict[str, Any]

PAGE = 10_000
"""Rows of one answer."""

COMPANY = "usmf"
"""The default company of every user."""

POWER_PLATFORM_APP = "PowerPlatformApp"
PAGE_ROLES = (
    "Business events security role",
    "Dataverse Virtual entity application",
    "Dataverse Virtual entity anonymous user",
    "Dataverse Virtual entity authenticated user",
)

_EQUAL = re.compile(r"\s*(\w+)\s+eq\s+'((?:[^']|'')*)'\s*")


class BadQuery(Exception):
    """A query option that F&O refuses; the message is the answer's."""


def rows(state: State, organization: OrganizationState, entity_set: str) -> list[dict[str, Any]]:
    """Return the rows of an entity set.

    Args:
        state: The world.
        organization: Whose environment.
        entity_set: One of `ENTITIES`.
    """
    if entity_set in organization.entities:
        return organization.entities[entity_set]
    match entity_set:
        case "LegalEntities":
            return [{"LegalEntityId": "usmf", "Name": "Contoso Entertainment System USA"}]
        case "Companies":
            return [{"DataArea": "usmf", "Name": "Contoso Entertainment System USA"}]
        case "SysAADClients":
            return [
                {"AADClientId": app.client_id, "Name": "fno-link", "UserId": POWER_PLATFORM_APP}
                for app in state.apps.values()
                if app.finance_operations and state.tenant(app.tenant) == organization.tenant
            ]
        case "SecurityUserRoles":
            return [role_of(POWER_PLATFORM_APP, name) for name in PAGE_ROLES]
        case _:
            return []


def role_of(user: str, name: str) -> dict[str, Any]:
    """Return the row by which a user has a role."""
    return {
        "UserId": user,
        "SecurityRoleIdentifier": re.sub(r"\W", "", name).upper(),
        "SecurityRoleName": name,
        "AssignmentMode": "Manual",
        "AssignmentStatus": "Enabled",
    }


def answer(request: Request, host: str, entity_set: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the answer to a query.

    Args:
        request: With its query options.
        host: The environment's.
        entity_set: What is asked.
        found: Its rows.

    Raises:
        BadQuery: F&O refuses an option.
    """
    asked = request.query_params
    kept = _filtered(entity_set, found, asked.get("$filter", ""))
    selected = [name.strip() for name in asked.get("$select", "").split(",") if name.strip()]
    for name in selected:
        _known(entity_set, name)
    if asked.get("cross-company", "").lower() != "true":
        kept = [row for row in kept if str(row.get("dataAreaId", COMPANY)).lower() == COMPANY]
    skip, top = (asked.get(name, "") for name in ("$skip", "$top"))
    kept = kept[int(skip) :] if skip.isdigit() else kept
    kept = kept[: int(top)] if top.isdigit() else kept
    token = asked.get("$skiptoken", "").rpartition(",")[2]
    first = int(token) if token.isdigit() else 0
    value = [
        {"@odata.etag": f'W/"{uuid5(NAMESPACE_URL, f"{host}/{entity_set}/{first + index}").hex}"'}
        | {name: text for name, text in row.items() if not selected or name in selected}
        for index, row in enumerate(kept[first : first + PAGE])
    ]
    said: dict[str, Any] = {"@odata.context": f"https://{host}/data/$metadata#{entity_set}", "value": value}
    if len(kept) > first + PAGE:
        options = {name: text for name, text in asked.items() if name != "$skiptoken"}
        following = urlencode(options | {"$skiptoken": f"0,{first + PAGE}"}, safe="$,")
        said["@odata.nextLink"] = f"https://{host}/data/{entity_set}?{following}"
    return said


def _filtered(entity_set: str, found: list[dict[str, Any]], condition: str) -> list[dict[str, Any]]:
    if not condition:
        return found
    for part in re.split(r"\s+and\s+", condition):
        match = _EQUAL.fullmatch(part)
        if match is None:
            msg = f"the emulated environment compares texts by eq only, not {part!r}"
            raise BadQuery(msg)
        name, text = _known(entity_set, match[1]), match[2].replace("''", "'")
        if name in ENTITIES[entity_set].enumerations:
            msg = (
                "A binary operator with incompatible types was detected. Found operand types for operator kind 'Equal'."
            )
            raise BadQuery(msg)
        # The database compares without regard to case.
        found = [row for row in found if str(row.get(name, "")).lower() == text.lower()]
    return found


def _known(entity_set: str, name: str) -> str:
    if name not in ENTITIES[entity_set].members:
        entity = ENTITIES[entity_set].name
        msg = f"Could not find a property named '{name}' on type 'Microsoft.Dynamics.DataEntities.{entity}'."
        raise BadQuery(msg)
    return name
