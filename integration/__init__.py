"""fno-link: which Finance & Operations environment a Dataverse organization is linked to.

The library, in any asyncio program::

    async with LinkResolver.for_organization(
        "https://contoso.crm.dynamics.com", tenant="contoso.onmicrosoft.com", client_id=…, client_secret=…
    ) as links:
        print(await links.resolve("contoso"))
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from integration.client import LinkClient as LinkClient
    from integration.client import SyncLinkClient as SyncLinkClient
    from integration.errors import AppRefused as AppRefused
    from integration.errors import Busy as Busy
    from integration.errors import ConfigurationError as ConfigurationError
    from integration.errors import FnoLinkError as FnoLinkError
    from integration.errors import Forbidden as Forbidden
    from integration.errors import LinkUnknown as LinkUnknown
    from integration.errors import RowRefused as RowRefused
    from integration.errors import Throttled as Throttled
    from integration.errors import Unauthenticated as Unauthenticated
    from integration.errors import UnexpectedAnswer as UnexpectedAnswer
    from integration.errors import UnknownOrganization as UnknownOrganization
    from integration.errors import Unreachable as Unreachable
    from integration.events.event import Event as Event
    from integration.links import Linked as Linked
    from integration.links import LinkResolver as LinkResolver
    from integration.links import NotLinked as NotLinked

_ELSEWHERE = {"Event": "events.event"} | dict.fromkeys(("LinkResolver", "Linked", "NotLinked"), "links")
_CLIENTS = dict.fromkeys(("LinkClient", "SyncLinkClient"), "client")
_ERRORS = "AppRefused Busy ConfigurationError FnoLinkError Forbidden LinkUnknown RowRefused Throttled Unauthenticated"
_UNKNOWN = "UnexpectedAnswer UnknownOrganization Unreachable"
_HOMES = dict.fromkeys(f"{_ERRORS} {_UNKNOWN}".split(), "errors") | _ELSEWHERE | _CLIENTS

__all__ = sorted(_HOMES)  # noqa: PLE0605 # pyright: ignore[reportUnsupportedDunderAll] (a list of the names above)


def __getattr__(name: str) -> Any:
    # Every import of a room passes through here: the worker and the commands must not pay for what they do not use.
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
