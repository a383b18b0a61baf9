"""fno-link: which Finance & Operations environment a Dataverse organization is linked to.

The library, in any asyncio program::

    async with LinkResolver.for_organization(
        "https://contoso.crm.dynamics.com", tenant="contoso.onmicrosoft.com", client_id=…, client_secret=…
    ) as links:
        print(await links.resolve("contoso"))
"""

from integration.errors import (
    Busy,
    ConfigurationError,
    FnoLinkError,
    Forbidden,
    LinkUnknown,
    Throttled,
    Unauthenticated,
    UnexpectedAnswer,
    UnknownOrganization,
    Unreachable,
)
from integration.events.event import Event
from integration.links import Link, Linked, LinkResolver, NotLinked

__all__ = [
    "Busy",
    "ConfigurationError",
    "Event",
    "FnoLinkError",
    "Forbidden",
    "Link",
    "LinkResolver",
    "LinkUnknown",
    "Linked",
    "NotLinked",
    "Throttled",
    "Unauthenticated",
    "UnexpectedAnswer",
    "UnknownOrganization",
    "Unreachable",
]
