"""Which F&O environment an organization is linked to: cached, shared by the fleet, never guessed."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from integration.links.resolver import LinkResolver as LinkResolver
    from integration.links.shared import Record as Record
    from integration.links.shared import SharedTier as SharedTier
    from integration.links.shared import Stored as Stored
    from integration.links.values import Link as Link
    from integration.links.values import Linked as Linked
    from integration.links.values import NotLinked as NotLinked

_HOMES = dict.fromkeys(["Record", "SharedTier", "Stored"], "shared") | {
    "Link": "values",
    "LinkResolver": "resolver",
    "Linked": "values",
    "NotLinked": "values",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605 # pyright: ignore[reportUnsupportedDunderAll] (a list of the names above)


def __getattr__(name: str) -> Any:
    # Whoever needs a value of this room must not pay for the resolver, its clients and msal.
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
