"""Asking a deployed fno-link for links, from any Python program."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from integration.client.link_client import LinkClient as LinkClient
    from integration.client.sync_link_client import SyncLinkClient as SyncLinkClient

_HOMES = {"LinkClient": "link_client", "SyncLinkClient": "sync_link_client"}

__all__ = sorted(_HOMES)  # noqa: PLE0605 # pyright: ignore[reportUnsupportedDunderAll] (a list of the names above)


def __getattr__(name: str) -> Any:
    # The command line needs the address alone and must not pay for httpx.
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
