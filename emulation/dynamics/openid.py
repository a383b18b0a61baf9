"""What Entra publishes of itself: the OpenID configuration of a tenant, in its two versions.

Sources: the pages "OpenID Connect on the Microsoft identity platform" and "Access tokens in the Microsoft identity
platform" (tokens of version 1.0 are of the Security Token Service, those of 2.0 of the authority itself).
"""

from typing import Any

from emulation.dynamics.clouds import AUTHORITIES
from emulation.dynamics.world import ENTRA_HOSTS, Tenant

TOKEN_SERVICES = {
    "login.microsoftonline.com": "sts.windows.net",
    "login.microsoftonline.us": "sts.windows.net",
    "login.chinacloudapi.cn": "sts.chinacloudapi.cn",
}


def issuer(tenant: Tenant, *, v2: bool) -> str:
    """Return who issues a tenant's tokens.

    Args:
        tenant: The tenant.
        v2: Whether those of version 2.0.
    """
    authority = AUTHORITIES[tenant.cloud]
    return f"https://{authority}/{tenant.id}/v2.0" if v2 else f"https://{TOKEN_SERVICES[authority]}/{tenant.id}/"


def configuration(tenant: Tenant, host: str, *, v2: bool) -> dict[str, Any]:
    """Return the OpenID configuration.

    Args:
        tenant: The tenant.
        host: The authority's host as it was asked; what the document names is there.
        v2: Whether the document of version 2.0 was asked for.
    """
    base, version = f"https://{host}/{tenant.id}", "/v2.0" if v2 else ""
    return {
        "token_endpoint": f"{base}/oauth2{version}/token",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": f"{base}/discovery{version}/keys",
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": issuer(tenant, v2=v2),
        "authorization_endpoint": f"{base}/oauth2{version}/authorize",
        "device_authorization_endpoint": f"{base}/oauth2{version}/devicecode",
        "tenant_region_scope": "EU",
        "cloud_instance_name": ENTRA_HOSTS[host].removeprefix("login."),
    }
