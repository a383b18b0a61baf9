"""Whether a linked environment is one that tokens and events may go to; pure."""

from integration.clouds import CLOUDS
from integration.config.keys.model import Organization


def distrust(url: str, tenant_id: str, organization: Organization, own_tenant_id: str) -> str:
    """Judge a link answer.

    Args:
        url: The environment's URL, checked and in lower case.
        tenant_id: The answer's tenant, in lower case.
        organization: Whose link; its cloud and `trusted_hosts` give the host suffixes.
        own_tenant_id: The configured tenant as an id, in lower case.

    Returns:
        Empty when trusted, else the reason in words.
    """
    host = url.removeprefix("https://")
    suffixes = (*CLOUDS[organization.cloud].finance_operations, *organization.trusted_hosts)
    if not any(is_under(host, suffix) for suffix in suffixes):
        return f"its host {host} is not a known F&O host of cloud {organization.cloud}, nor in trusted_hosts"
    if tenant_id != own_tenant_id:
        return f"its tenant {tenant_id} is not the configured tenant {organization.tenant} ({own_tenant_id})"
    return ""


def is_under(host: str, suffix: str) -> bool:
    """Tell whether a host lies under a suffix, by whole labels: `.a.com`, `a.com` and `*.a.com` mean the same."""
    bare = suffix.strip().lower().removeprefix("*").strip(".")
    return bool(bare) and (host == bare or host.endswith(f".{bare}"))
