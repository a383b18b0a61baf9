"""Microsoft's clouds, as far as the emulated world has to know them: whose Entra signs in where.

Source: the page "National clouds: Microsoft Entra authentication endpoints". GCC signs in at the public Entra.
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
