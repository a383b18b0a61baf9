"""The requests that change Finance & Operations' rows, as `--experimental` sends them; pure.

Source: the page "Open Data Protocol (OData)": rows are addressed by all members of their key, texts in quotes, and a
member of an enumeration is written by its name.
"""

from collections.abc import Mapping, Sequence
from typing import Literal
from urllib.parse import quote

from integration.dataverse.writing import Write
from integration.registration.business_events.entities import (
    ACTIVE_SET,
    ENDPOINTS_SET,
    SECRET_COLUMN,
    Row,
)
from integration.registration.business_events.wanted import WantedEndpoint
from integration.registration.marker import Mark

type Kind = Literal["fno_endpoint", "fno_event"]

LONGEST = 100
"""Characters of a description: there is nothing but the mark in it, for its length is not published."""

_KEY = ("BusinessEventsTable", "LegalEntity", "BusinessEventsEndpoint_Name")


def new_endpoint(one: WantedEndpoint, owner: str, types: Sequence[str]) -> tuple[Write | None, str]:
    """Return the request that makes an endpoint, or what lacks for it.

    Args:
        one: What is declared.
        owner: Whose it becomes.
        types: Names of the types that the environment knows.
    """
    lacking = [
        key
        for key, value in (
            ("key_vault", len(one.vaults) == 1),
            ("secret_name", one.columns.get("KeyVaultSecretName")),
            ("application", one.columns.get("AzureAppId")),
            ("application_secret", one.secret),
        )
        if not value
    ]
    if lacking:
        return None, f"{', '.join(lacking)} of sources.{one.source}.finance_operations not known"
    symbol = next((each for each in types if one.type.fits(each)), "")
    if not symbol:
        return None, f"the environment knows no type {one.type.label}"
    row = {
        **one.columns,
        "Name": one.name,
        "Type": symbol,
        "Description": Mark(owner=owner).described("", LONGEST).strip(),
        "KeyVaultDnsName": f"https://{one.vaults[0]}/",
        SECRET_COLUMN: one.secret,
    }
    return Write(method="POST", path=ENDPOINTS_SET, row=row), ""


def changed_endpoint(name: str, columns: Mapping[str, str]) -> Write:
    """Return the request that changes an endpoint."""
    row = {column: f"https://{value}/" if column == "KeyVaultDnsName" else value for column, value in columns.items()}
    return Write(method="PATCH", path=f"{ENDPOINTS_SET}(Name={_quoted(name)})", row=row)


def activation(event: str, legal_entity: str, endpoint: str) -> Write:
    """Return the request that activates an event."""
    row = {**dict(zip(_KEY, (event, legal_entity, endpoint), strict=True)), "Disabled": "No"}
    return Write(method="POST", path=ACTIVE_SET, row=row)


def switched(row: Row, *, off: bool) -> Write:
    """Return the request that switches an activation off, or on again."""
    key = ",".join(f"{column}={_quoted(str(row.get(column) or ''))}" for column in _KEY)
    return Write(method="PATCH", path=f"{ACTIVE_SET}({key})", row={"Disabled": "Yes" if off else "No"})


def comparable(column: str, value: str) -> str:
    """Return a value as it is compared: in any case, addresses with or without their last slash."""
    return value.strip().lower().rstrip("/") if column == "EventGridEndpointURL" else value.strip().lower()


def _quoted(text: str) -> str:
    return "'" + quote(text.replace("'", "''"), safe="") + "'"
