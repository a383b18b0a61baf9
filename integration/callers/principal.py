"""The caller as App Service authentication tells it; believed only where that stands before us. Pure.

Source: the page "Work with user identities in Azure App Service authentication": `X-MS-CLIENT-PRINCIPAL` is base64 of
JSON with `auth_typ` and `claims`, whose names may have been mapped.
"""

import base64
import binascii
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import msgspec

from integration.errors import CallerUnknown

HEADER = "x-ms-client-principal"
LARGEST = 32 * 1024
_ENTRA = "aad"
_SCHEMAS = {
    "http://schemas.microsoft.com/identity/claims/tenantid": "tid",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/role": "roles",
    "http://schemas.microsoft.com/identity/claims/appid": "appid",
    "http://schemas.microsoft.com/identity/claims/scope": "scp",
    "http://schemas.microsoft.com/identity/claims/objectidentifier": "oid",
}


class _Claim(msgspec.Struct, frozen=True):
    typ: str = ""
    val: str = ""


class _Principal(msgspec.Struct, frozen=True):
    auth_typ: str = ""
    claims: tuple[_Claim, ...] = ()


_DECODER = msgspec.json.Decoder(_Principal)


def claims_of(header: str) -> Mapping[str, Any]:
    """Read the claims, by the names that they have in a token.

    Args:
        header: The header's value.

    Returns:
        The claims; `roles` as a list, of every other the one value.

    Raises:
        CallerUnknown: It cannot be read, another identity provider signed the caller in, or a claim stands there twice.
    """
    if len(header) > LARGEST:
        raise CallerUnknown("the principal is too large")
    try:
        principal = _DECODER.decode(base64.b64decode(header, validate=True))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise CallerUnknown("the principal cannot be read") from error
    if principal.auth_typ != _ENTRA:
        raise CallerUnknown("the caller was not signed in by Entra")
    found: dict[str, list[str]] = defaultdict(list)
    for claim in principal.claims:
        found[_SCHEMAS.get(claim.typ, claim.typ)].append(claim.val)
    roles = found.pop("roles", [])
    for name in ("tid", "aud", "iss", "ver", "appid", "azp", "scp", "idtyp", "oid"):
        if len(set(found.get(name, ()))) > 1:
            msg = f"the principal has two values of {name}"
            raise CallerUnknown(msg)
    return {**{name: values[0] for name, values in found.items()}, "roles": roles}
