"""Who asks, as App Service authentication tells the app; pure.

Page "Work with user identities in Azure App Service authentication": base64 of JSON, in which the claims have gone
through the default mapping of Microsoft.IdentityModel (`ClaimTypeMapping.InboundClaimTypeMap`). It has a name for
`roles` too, but what App Service hands on still says `roles`, beside a `role_typ` that is the long name.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any, cast

OWN_HEADERS = (b"x-ms-client-principal", b"x-ms-token-aad-")
"""How the headers begin that nobody else's come through with."""
NAME_TYPE = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"
ROLE_TYPE = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"
_ENTRA = "aad"
_MAPPED = {
    "idp": "http://schemas.microsoft.com/identity/claims/identityprovider",
    "oid": "http://schemas.microsoft.com/identity/claims/objectidentifier",
    "scp": "http://schemas.microsoft.com/identity/claims/scope",
    "sub": "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier",
    "tid": "http://schemas.microsoft.com/identity/claims/tenantid",
    "unique_name": "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
    "upn": "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
}
_NAMES = ("preferred_username", "upn", "unique_name")


def headers_of(claims: Mapping[str, Any]) -> list[tuple[bytes, bytes]]:
    """Return the headers for a token's claims; an application has no name."""
    listed = [{"typ": _MAPPED.get(name, name), "val": each} for name in claims for each in _values(claims[name])]
    principal = {"auth_typ": _ENTRA, "claims": listed, "name_typ": NAME_TYPE, "role_typ": ROLE_TYPE}
    told = {"": base64.b64encode(json.dumps(principal).encode()).decode(), "-idp": _ENTRA}
    if identity := claims.get("oid") or claims.get("sub"):
        told["-id"] = str(identity)
    if name := next((claims[each] for each in _NAMES if claims.get(each)), None):
        told["-name"] = str(name)
    return [(f"x-ms-client-principal{end}".encode(), value.encode()) for end, value in told.items()]


def _values(value: Any) -> list[str]:
    several = cast("list[Any]", value) if isinstance(value, list) else [value]
    return [str(each) for each in several]
