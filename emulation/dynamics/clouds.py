"""Microsoft's clouds, as far as the emulated world has to know them: whose Entra signs in where, and their hosts.

Sources: the pages "National clouds: Microsoft Entra authentication endpoints" (GCC signs in at the public Entra) and
"Power Platform URLs and IP address ranges"; tokens for the administration API as Microsoft's module
Microsoft.PowerApps.AuthModule asks for them.
"""

from typing import Literal

type CloudName = Literal["public", "gcc", "gcc_high", "dod", "china"]

AUTHORITIES: dict[CloudName, str] = {
    "public": "login.microsoftonline.com",
    "gcc": "login.microsoftonline.com",
    "gcc_high": "login.microsoftonline.us",
    "dod": "login.microsoftonline.us",
    "china": "login.chinacloudapi.cn",
}
"""The host of each cloud's authority."""

GRAPHS: dict[str, tuple[CloudName, ...]] = {
    "graph.microsoft.com": ("public", "gcc"),
    "graph.microsoft.us": ("gcc_high",),
    "dod-graph.microsoft.us": ("dod",),
    "microsoftgraph.chinacloudapi.cn": ("china",),
}
"""The hosts of Microsoft Graph, with the clouds whose tenants each knows (page "National cloud deployments")."""

POWER_PLATFORM: dict[str, CloudName] = {
    "api.powerplatform.com": "public",
    "api.gov.powerplatform.microsoft.us": "gcc",
    "api.high.powerplatform.microsoft.us": "gcc_high",
    "api.appsplatform.us": "dod",
    "api.powerplatform.partner.microsoftonline.cn": "china",
}
"""The hosts of the Power Platform API, with the cloud whose tenants each knows."""

ADMINISTRATION: dict[str, CloudName] = {
    "api.bap.microsoft.com": "public",
    "gov.api.bap.microsoft.us": "gcc",
    "high.api.bap.microsoft.us": "gcc_high",
    "api.bap.appsplatform.us": "dod",
    "api.bap.partner.microsoftonline.cn": "china",
}
"""The hosts of the administration API, with the cloud whose tenants each knows."""

POWER_APPS: dict[str, CloudName] = {
    "service.powerapps.com": "public",
    "gov.service.powerapps.us": "gcc",
    "high.service.powerapps.us": "gcc_high",
    "service.apps.appsplatform.us": "dod",
    "service.powerapps.cn": "china",
}
"""What tokens for the administration API are for: the Power Apps Service of each cloud."""


def cloud_named(name: str) -> CloudName:
    """Return the cloud of a name; the public one where there is none of it."""
    found: list[CloudName] = [each for each in AUTHORITIES if each == name]
    return found[0] if found else "public"
