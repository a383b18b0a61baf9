"""The F&O environment that a delivery is meant for."""

import hashlib
from typing import Protocol

from integration.errors import LinkUnknown
from integration.events.event import Event
from integration.links.values import Link, Linked, NotLinked


class Links(Protocol):
    """What this room needs of the link resolver."""

    async def resolve(self, name: str) -> Link:
        """Answer, waiting for it if need be; raises LinkUnknown."""
        ...

    async def refresh(self, name: str) -> Link:
        """Ask Dataverse, whatever is remembered; raises LinkUnknown."""
        ...

    def cached(self, name: str) -> Link | None:
        """Answer at once, or None."""
        ...


def fingerprint(link: Linked | None) -> str:
    """Shorten an environment's identity to what parked deliveries are compared by; empty for none."""
    if link is None:
        return ""
    return hashlib.sha256(f"{link.url}\x00{link.tenant_id}\x00{link.id}".encode()).hexdigest()[:16]


def stamp(event: Event, link: Linked) -> Event:
    """Write the linked environment on the event."""
    return event.stamp({"fnourl": link.url, "fnoid": link.id, "fnotenantid": link.tenant_id})


def environment_of(link: Link | LinkUnknown | None) -> str:
    """Say for which environment an event is meant: the linked one, or the one that was linked last."""
    if isinstance(link, NotLinked):
        return fingerprint(link.last)
    return fingerprint(link) if isinstance(link, Linked) else ""
