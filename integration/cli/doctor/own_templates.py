"""The app settings of an app in Azure against those that the templates give it; pure.

Sources: infra/worker.bicep, with which a test compares; "App settings reference for Azure Functions", section "Flex
Consumption plan deprecations"; "How to disable functions in Azure Functions"; "Microsoft Entra authentication for
Application Insights".
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from integration.config.settings import settings
from integration.config.settings.settings import Environ

MANAGED = "managedidentity"
SET: Mapping[str, str] = {
    settings.BODY_LIMIT: "without it the host reads bodies of 100 MB",
    "APPLICATIONINSIGHTS_CONNECTION_STRING": "without it nobody sees a log or an alert rule's metric",
}
"""What every app has by the templates, and why."""
IDENTIFIED = "APPLICATIONINSIGHTS_AUTHENTICATION_STRING"
_REFUSED = """
ENABLE_ORYX_BUILD SCM_DO_BUILD_DURING_DEPLOYMENT WEBSITE_RUN_FROM_PACKAGE WEBSITE_CONTENTSHARE
WEBSITE_CONTENTAZUREFILECONNECTIONSTRING FUNCTIONS_WORKER_PROCESS_COUNT FUNCTIONS_MAX_HTTP_CONCURRENCY
FUNCTIONS_WORKER_DYNAMIC_CONCURRENCY_ENABLED
"""
NOT_SET = frozenset(_REFUSED.split())
"""What Flex Consumption does not take: the resource says it."""
_DISABLED = re.compile(r"AzureWebJobs(?:\.|__?)(?P<name>\w+?)(?:\.|__?)Disabled", re.IGNORECASE)


def template_doubts(environ: Environ, connections: Sequence[str]) -> Iterator[str]:
    """Say what is not as the templates have it.

    Args:
        environ: The app settings.
        connections: What the configuration calls `connection`.
    """
    prefixes = dict.fromkeys((settings.STORAGE, *connections))
    managed = [name for name in prefixes if _said(environ, f"{name}__credential").lower() == MANAGED]
    for name in prefixes:
        if _said(environ, f"{name}__clientId") and name not in managed:
            yield f"{name}__credential is not {MANAGED}: the Functions host does not use {name}__clientId"
    for name, value in environ.items():
        found = _DISABLED.fullmatch(name)
        if found and value.strip().lower() in ("true", "1"):
            yield f"{name} switches the function {found['name']} off"
    if not managed and not environ.get(settings.HOSTNAME):
        return  # nothing says that these are the settings of an app in Azure
    for name, why in SET.items():
        if not _said(environ, name):
            yield f"{name} is not set, as the templates do: {why}"
    if managed and not _said(environ, IDENTIFIED):
        yield f"{IDENTIFIED} is not set, as the templates do: telemetry without a token is refused"
    for name in sorted(NOT_SET & environ.keys()):
        yield f"{name} is set, which Flex Consumption does not take: the resource says it"


def _said(environ: Environ, name: str) -> str:
    return environ.get(name, "").strip()
