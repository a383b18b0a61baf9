"""Microsoft's clouds: which Entra authority signs in, and under which host suffixes Dynamics 365 lives.

Sources: the geography table of the page "Deployment options by geography" (F&O hosts), "New datacenter regions"
(Dataverse hosts), the constants of the Power Platform Terraform provider (authorities) and Microsoft's module for
PowerShell, Microsoft.PowerApps.AuthModule (the Power Apps Service; the page "Authentication - legacy" names the public
one alone). The table of F&O hosts names production environments only: sandboxes
(`NAME.sandbox.operations.eu.dynamics.com`) and cloud-hosted machines (`NAME.cloudax.uae.dynamics.com`,
`NAME.cloudax.eu.dynamics.com`) have the geography at the same place, as published addresses show. Each suffix lies
under a domain in which nobody but Microsoft gives out names.
"""

import re
from typing import Literal

import msgspec

_SCHEME = re.compile(r"\A[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_AUTHORITY_ENDS = re.compile(r"[/?#\\]")
_HOST = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})+")
_API = re.compile(r"(?P<label>^[^.]+)\.api\.(?=crm\d*\.)")

type CloudName = Literal["public", "gcc", "gcc_high", "dod", "china"]


class Cloud(msgspec.Struct, frozen=True):
    """One cloud.

    Args:
        authority: Host of the Entra authority.
        graph: Host of Microsoft Graph (page "National cloud deployments").
        power_platform: Host of the Power Platform API (page "Power Platform URLs and IP address ranges").
        administration: Host of the API behind the Power Platform admin center (same page, as `*.api.bap…`).
        power_apps: Host that names the Power Apps Service, which tokens for the administration API are for.
        dataverse: Host suffixes, each with a leading dot, of Dataverse organizations.
        finance_operations: Host suffixes, each with a leading dot, of F&O environments.
    """

    authority: str
    graph: str
    power_platform: str
    administration: str
    power_apps: str
    dataverse: tuple[str, ...]
    finance_operations: tuple[str, ...]


_KINDS = ("operations", "cloudax", "axcloud")
"""Environments (with `sandbox.` before it: those for tests), and the two names of cloud-hosted machines."""

_GEOGRAPHIES = ("", "eu.", "fr.", "no.", "sa.", "ch.", "uae.")
"""The default one, which most of the world shares, and those whose data stays where they are."""


def _finance_operations(domain: str, geographies: tuple[str, ...] = ("",)) -> tuple[str, ...]:
    return tuple(f".{kind}.{geography}{domain}" for kind in _KINDS for geography in geographies)


CLOUDS: dict[CloudName, Cloud] = {
    "public": Cloud(
        "login.microsoftonline.com",
        "graph.microsoft.com",
        "api.powerplatform.com",
        "api.bap.microsoft.com",
        "service.powerapps.com",
        (".dynamics.com",),
        (*_finance_operations("dynamics.com", _GEOGRAPHIES), ".cloud.dynamics.com"),
    ),
    # GCC signs in at the public Entra; only its hosts differ.
    "gcc": Cloud(
        "login.microsoftonline.com",
        "graph.microsoft.com",
        "api.gov.powerplatform.microsoft.us",
        "gov.api.bap.microsoft.us",
        "gov.service.powerapps.us",
        (".dynamics.com",),
        _finance_operations("microsoftdynamics.us", ("gov.",)),
    ),
    "gcc_high": Cloud(
        "login.microsoftonline.us",
        "graph.microsoft.us",
        "api.high.powerplatform.microsoft.us",
        "high.api.bap.microsoft.us",
        "high.service.powerapps.us",
        (".microsoftdynamics.us",),
        _finance_operations("microsoftdynamics.us", ("high.",)),
    ),
    # Nobody documents the F&O hosts of DoD; `trusted_hosts` of the organization names others.
    "dod": Cloud(
        "login.microsoftonline.us",
        "dod-graph.microsoft.us",
        "api.appsplatform.us",
        "api.bap.appsplatform.us",
        "service.apps.appsplatform.us",
        (".appsplatform.us",),
        _finance_operations("appsplatform.us"),
    ),
    "china": Cloud(
        "login.chinacloudapi.cn",
        "microsoftgraph.chinacloudapi.cn",
        "api.powerplatform.partner.microsoftonline.cn",
        "api.bap.partner.microsoftonline.cn",
        "service.powerapps.cn",
        (".dynamics.cn",),
        _finance_operations("dynamics.cn"),
    ),
}


def organization_host(said: str) -> str:
    """Return the host by which a Dataverse organization is known, from any way to write its address.

    One organization has two hosts, `contoso.crm4.dynamics.com` and, for its Web API, `contoso.api.crm4.dynamics.com`:
    the first stands for both. Source: page "Compose HTTP requests and handle errors" of the Dataverse developer guide.

    Args:
        said: A URL or a host; scheme, port, path and case do not matter.

    Returns:
        In lower case; empty where it is no host with a dot.
    """
    authority = _AUTHORITY_ENDS.split(_SCHEME.sub("", said.strip(), count=1), maxsplit=1)[0]
    host = authority.rpartition("@")[2].partition(":")[0].rstrip(".").lower()
    return _API.sub(r"\g<label>.", host, count=1) if _HOST.fullmatch(host) else ""


def organization_url(said: str) -> str:
    """Return the URL by which a Dataverse organization is known, from any way to write it; as said where it is none."""
    host = organization_host(said)
    return f"https://{host}" if host else said.strip().rstrip("/").lower()
