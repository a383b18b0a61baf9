"""Find an organization by any way to write its address."""

from collections.abc import Iterable

from integration.clouds import organization_host
from integration.config.keys.model import Organization


def name_of(organizations: Iterable[Organization], said: str) -> str:
    """Return the configured name of an organization that is named by its URL or host, in either of its two forms.

    Args:
        organizations: Those of the configuration.
        said: A name, a URL or a host.

    Returns:
        The name; as said where it is one already, or none has that host.
    """
    configured = tuple(organizations)
    host = organization_host(said)
    if not host or any(each.name == said for each in configured):
        return said
    return next((each.name for each in configured if organization_host(each.url) == host), said)
