"""One delivery as a target sees it."""

import hashlib
from typing import Literal, Protocol

import msgspec

from integration.events.cloudevents import structured
from integration.events.event import Event
from integration.links.values import Linked

_LONGEST_ID = 128
_DIGITS = 32


class Shipment(msgspec.Struct, frozen=True):
    """An event for one target.

    Args:
        event: Stamped with the linked environment, where there is one.
        route: The route that sends it.
        attempt: 1 for the first.
        link: The organization's link; None where the route does not need it and nobody has asked.
        replay: How often an operator has replayed this delivery.
    """

    event: Event
    route: str
    attempt: int = 1
    link: Linked | None = None
    replay: int = 0

    @property
    def delivery_id(self) -> str:
        """`{key}:{route}`, the same for every attempt and replay: what a receiver knows a repetition by.

        Of the event's key, its first 32 digits: a CloudEvents id is unique only with its source.
        """
        return _as_header(f"{self.event.key[:_DIGITS]}:{self.route}")

    @property
    def message_id(self) -> str:
        """The delivery's id and, for a replay, `:r{n}`, so that a broker's duplicate detection lets it through.

        The same for every attempt; hashed when over 128 characters.
        """
        return _as_header(f"{self.event.key[:_DIGITS]}:{self.route}" + (f":r{self.replay}" if self.replay else ""))


def _as_header(plain: str) -> str:
    if len(plain) <= _LONGEST_ID and plain.isascii() and plain.isprintable():
        return plain
    return hashlib.sha256(plain.encode()).hexdigest()


class Receipt(msgspec.Struct, frozen=True):
    """The target's word that it took the delivery."""

    status: int | None = None
    response: str = ""


class Target(Protocol):
    """Where deliveries go."""

    async def deliver(self, shipment: Shipment) -> Receipt:
        """Deliver once.

        Raises:
            DeliveryFailed: TargetUnavailable when trying again may help, TargetRejected when it cannot.
        """
        ...

    async def close(self) -> None:
        """Close what the target opened for itself."""
        ...


def content(event: Event, body: Literal["cloudevent", "data", "raw"]) -> tuple[bytes, str]:
    """Write what a target sends of an event.

    Args:
        event: The event.
        body: The whole CloudEvent, its data alone, or the message as it came (the data where they are the same).

    Returns:
        The bytes and their content type.
    """
    if body == "cloudevent":
        return structured(event), "application/cloudevents+json"
    if body == "raw" and event.raw is not None:
        return event.raw, event.raw_type or "application/json"
    return bytes(event.data), event.datacontenttype
