"""What Microsoft Graph tells whoever is signed in: its directory roles and licences.

Sources: the pages "List a user's memberships (direct and transitive)" (permissions; what an application may not read
comes with its id alone), "List licenseDetails", "licenseDetails resource type", "Microsoft Entra built-in roles"
(template ids) and "Product names and service plan identifiers for licensing" (part numbers of products); the refusal of
a token without a person is worded as Graph words it.
"""

from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec

ROLES = {
    "Global Administrator": "62e90394-69f5-4237-9190-012177145e10",
    "Dynamics 365 Administrator": "44367163-eba1-44c3-98af-f5787879f96a",
    "Power Platform Administrator": "11648597-926c-4cf3-9c36-bcebb0ba8dcc",
    "Directory Readers": "88d8e3e3-8f55-4a1e-953a-9b9898b8876b",
}
ADMINISTRATORS = frozenset({"Global Administrator", "Dynamics 365 Administrator", "Power Platform Administrator"})
"""Who administers the Power Platform of a tenant."""

PRODUCTS: dict[str, tuple[str, ...]] = {
    "Dynamics_365_for_Operations": ("Dynamics_365_for_Operations", "Dynamics_365_for_Retail", "FLOW_DYN_P2"),
    "AX_ENTERPRISE_USER": ("AX_ENTERPRISE_USER",),
    "DYN365_FINANCE": ("D365_Finance", "DYN365_CDS_FINANCE", "DYN365_REGULATORY_SERVICE"),
    "FLOW_FREE": ("DYN365_CDS_VIRAL", "FLOW_P2_VIRAL"),
}
"""Service plans of products, as far as they are needed to tell one product from another."""

MEMBERSHIPS = frozenset(
    {
        "User.Read",
        "User.Read.All",
        "User.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
        "Directory.AccessAsUser.All",
        "Group.Read.All",
        "GroupMember.Read.All",
    }
)
READS_ROLES = frozenset(
    {
        "Directory.Read.All",
        "Directory.ReadWrite.All",
        "Directory.AccessAsUser.All",
        "RoleManagement.Read.Directory",
        "RoleManagement.Read.All",
        "RoleManagement.ReadWrite.Directory",
    }
)
LICENCES = frozenset(
    {
        "LicenseAssignment.Read.All",
        "User.Read",
        "User.Read.All",
        "User.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
        "Directory.AccessAsUser.All",
    }
)
NOT_A_PERSON = "/me request is only valid with delegated authentication flow."
DENIED = "Insufficient privileges to complete the operation."


class Licence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A licence that a person has.

    Args:
        product: The part number of its product.
        status: `provisioningStatus` of its service plans: `Disabled` where an administrator switched them off.
    """

    product: str
    status: str = "Success"


class Refused(Exception):
    """Graph does not tell; the arguments are status, code and message."""


def roles(names: tuple[str, ...], permissions: frozenset[str]) -> list[dict[str, Any]]:
    """Return directory roles.

    Raises:
        Refused: The token has no permission for memberships.
    """
    if not permissions & MEMBERSHIPS:
        raise Refused(403, "Authorization_RequestDenied", DENIED)
    known = bool(permissions & READS_ROLES)
    return [
        {
            "id": str(uuid5(NAMESPACE_URL, f"directoryRoles/{name}")),
            "deletedDateTime": None,
            "description": None,
            "displayName": name if known else None,
            "roleTemplateId": ROLES[name] if known else None,
        }
        for name in names
    ]


def licences(held: tuple[Licence, ...], permissions: frozenset[str]) -> list[dict[str, Any]]:
    """Return licence details.

    Raises:
        Refused: The token has no permission for them.
    """
    if not permissions & LICENCES:
        raise Refused(403, "Authorization_RequestDenied", DENIED)
    return [
        {
            "id": str(uuid5(NAMESPACE_URL, f"licenseDetails/{each.product}")),
            "skuId": str(uuid5(NAMESPACE_URL, f"skus/{each.product}")),
            "skuPartNumber": each.product,
            "servicePlans": [
                {
                    "servicePlanId": str(uuid5(NAMESPACE_URL, f"servicePlans/{plan}")),
                    "servicePlanName": plan,
                    "provisioningStatus": each.status,
                    "appliesTo": "User",
                }
                for plan in PRODUCTS.get(each.product, ())
            ],
        }
        for each in held
    ]


def selected(rows: list[dict[str, Any]], query: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return of each row what `$select` asks for."""
    names = {name.strip() for name in query.get("$select", "").split(",") if name.strip()}
    return [{name: value for name, value in row.items() if not names or name in names} for row in rows]
