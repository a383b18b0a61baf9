"""Read what an organization has: pages of rows, as few requests as there are.

Sources: the pages "Use webhooks to create external handlers for server events" (the steps of an endpoint), "Join tables
using OData", "Query table definitions using the Web API" and the table reference pages. Secrets are never asked for.
"""

from collections.abc import Iterable, Sequence
from itertools import batched
from typing import Any, Protocol, cast
from urllib.parse import quote

from integration.config.keys.model import Organization
from integration.errors import UnexpectedAnswer
from integration.registration.found import (
    Catalogue,
    Filter,
    Found,
    FoundEndpoint,
    FoundImage,
    FoundStep,
    Solution,
)
from integration.registration.wanted import Wanted

ENDPOINT = (
    "contract",
    "authtype",
    "url",
    "namespaceformat",
    "namespaceaddress",
    "path",
    "saskeyname",
    "messageformat",
    "userclaim",
    "schematype",
    "connectionmode",
    "isauthvalueset",
    "issaskeyset",
)
STEP = (
    "stage",
    "mode",
    "rank",
    "supporteddeployment",
    "filteringattributes",
    "asyncautodelete",
    "statecode",
)
IMAGE = ("imagetype", "messagepropertyname", "attributes")
_STEPS = "serviceendpoint_sdkmessageprocessingstep"
_IMAGES = "sdkmessageprocessingstepid_sdkmessageprocessingstepimage"
_AT_ONCE = 20
"""Conditions of one filter: a URL may not be endless."""


class ReadsRows(Protocol):
    """What is used of the Dataverse client."""

    async def rows(self, organization: Organization, path: str) -> list[dict[str, Any]]:
        """Read all pages; raises LinkUnknown."""
        ...

    async def rows_if_there(self, organization: Organization, path: str) -> list[dict[str, Any]] | None:
        """Read all pages; None where there is no such resource."""
        ...


async def read(
    dataverse: ReadsRows,
    organization: Organization,
    wanted: Wanted,
    *,
    catalogue: bool,
    solution: str = "",
) -> Found:
    """Read what an organization has.

    Args:
        dataverse: Reads.
        organization: Where.
        wanted: What is declared: it says whose endpoints are ours, and what is looked up.
        catalogue: Ask what can be registered, too; a comparison does without.
        solution: The unique name of a solution to look up; empty: none.

    Raises:
        LinkUnknown: The subclass says why.
    """
    select = ",".join(("serviceendpointid", "name", "description", "ismanaged", *ENDPOINT))
    rows = await dataverse.rows(organization, f"serviceendpoints?$select={select}&$orderby=name")
    endpoints: list[FoundEndpoint] = []
    for row in rows:
        endpoint = FoundEndpoint(**_common(row, "serviceendpointid", ENDPOINT))
        if endpoint.is_of(wanted.owner):
            steps = await dataverse.rows(organization, _steps_path(endpoint.id))
            endpoint = FoundEndpoint(
                **_common(row, "serviceendpointid", ENDPOINT), steps=tuple(_step(each) for each in steps)
            )
        endpoints.append(endpoint)
    return Found(
        endpoints=tuple(endpoints),
        catalogue=await _catalogue(dataverse, organization, wanted) if catalogue else None,
        solution=await _solution(dataverse, organization, solution) if solution else None,
    )


def _steps_path(endpoint: str) -> str:
    select = ",".join(("sdkmessageprocessingstepid", "name", "description", "ismanaged", *STEP))
    images = ",".join(("sdkmessageprocessingstepimageid", "name", "description", "ismanaged", "entityalias", *IMAGE))
    expand = f"sdkmessageid($select=name),sdkmessagefilterid($select=primaryobjecttypecode),{_IMAGES}($select={images})"
    return f"serviceendpoints({endpoint})/{_STEPS}?$select={select}&$expand={expand}"


def _common(row: dict[str, Any], key: str, columns: Sequence[str]) -> dict[str, Any]:
    identity = row.get(key)
    if not isinstance(identity, str):
        msg = f"Dataverse answered a row without {key}."
        raise UnexpectedAnswer(msg, status=200)
    return {
        "id": identity,
        "name": str(row.get("name") or ""),
        "description": str(row.get("description") or ""),
        "managed": bool(row.get("ismanaged")),
        "columns": {name: row.get(name) for name in columns},
    }


def _step(row: dict[str, Any]) -> FoundStep:
    message, of = row.get("sdkmessageid"), row.get("sdkmessagefilterid")
    table = str(_named(of, "primaryobjecttypecode")).lower()
    images = cast("list[dict[str, Any]]", row.get(_IMAGES) or [])
    return FoundStep(
        **_common(row, "sdkmessageprocessingstepid", STEP),
        message=_named(message, "name"),
        table="" if table == "none" else table,
        images=tuple(
            FoundImage(
                **_common(each, "sdkmessageprocessingstepimageid", IMAGE), alias=str(each.get("entityalias") or "")
            )
            for each in images
        ),
    )


def _named(expanded: object, column: str) -> str:
    row = cast("dict[str, Any]", expanded) if isinstance(expanded, dict) else {}
    return str(row.get(column) or "")


async def _catalogue(dataverse: ReadsRows, organization: Organization, wanted: Wanted) -> Catalogue:
    steps = [step for endpoint in wanted.endpoints for step in endpoint.steps]
    messages: dict[str, str] = {}
    for names in batched(sorted({step.message for step in steps}), _AT_ONCE, strict=False):
        path = f"sdkmessages?$select=name&$filter={_any(f"name eq '{name}'" for name in names)}"
        for row in await dataverse.rows(organization, path):
            messages[str(row.get("name")).lower()] = str(row.get("sdkmessageid"))
    filters = await _filters(
        dataverse, organization, messages, {(step.message, step.table) for step in steps if step.table}
    )
    tables = {
        step.table
        for step in steps
        if step.table
        and (step.columns["filteringattributes"] or any(each.columns["attributes"] for each in step.images))
    }
    attributes: dict[str, frozenset[str]] = {}
    for table in sorted(tables):
        path = f"EntityDefinitions(LogicalName='{table}')/Attributes?$select=LogicalName"
        found = await dataverse.rows_if_there(organization, path)
        attributes[table] = frozenset(str(row.get("LogicalName")) for row in found or ())
    return Catalogue(
        messages={step.message: messages[step.message.lower()] for step in steps if step.message.lower() in messages},
        filters=filters,
        attributes=attributes,
    )


async def _filters(
    dataverse: ReadsRows, organization: Organization, messages: dict[str, str], pairs: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], Filter]:
    known = sorted(pair for pair in pairs if pair[0].lower() in messages)
    found: dict[tuple[str, str], Filter] = {}
    for some in batched(known, _AT_ONCE, strict=False):
        asked = [
            f"(primaryobjecttypecode eq '{table}' and _sdkmessageid_value eq {messages[message.lower()]})"
            for message, table in some
        ]
        select = "primaryobjecttypecode,secondaryobjecttypecode,_sdkmessageid_value,iscustomprocessingstepallowed"
        rows = await dataverse.rows(organization, f"sdkmessagefilters?$select={select}&$filter={_any(asked)}")
        by_pair = {
            (str(row.get("_sdkmessageid_value")).lower(), str(row.get("primaryobjecttypecode"))): row
            for row in rows
            if row.get("secondaryobjecttypecode") in {None, "none"}
        }
        for message, table in some:
            row = by_pair.get((messages[message.lower()].lower(), table))
            if row is not None:
                allowed = row.get("iscustomprocessingstepallowed")
                # A managed property comes as an object of its own.
                value = cast("dict[str, Any]", allowed).get("Value") if isinstance(allowed, dict) else allowed
                found[message, table] = Filter(str(row.get("sdkmessagefilterid")), allowed=value is not False)
    return found


async def _solution(dataverse: ReadsRows, organization: Organization, name: str) -> Solution:
    rows = await dataverse.rows(
        organization, f"solutions?$select=uniquename,ismanaged&$filter={quote(f"uniquename eq '{name}'", safe='')}"
    )
    return Solution(name, exists=bool(rows), managed=any(row.get("ismanaged") for row in rows))


def _any(conditions: Iterable[str]) -> str:
    return quote(" or ".join(conditions), safe="")
