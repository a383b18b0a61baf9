"""What comes in by a source, and what decoding makes of it."""

from datetime import datetime
from typing import Literal

import msgspec

from integration.events.event import Event

DEEPEST = 128
"""How deep JSON may nest at all, whatever is configured."""

type Property = str | int | float | bool | None
type IgnoredReason = Literal["empty", "test_message", "handshake"]
type UndecodedReason = Literal[
    "Undecodable",
    "UnsupportedEncoding",
    "ContextStripped",
    "TooLarge",
    "TooDeep",
    "Unforeseen",
    "ReservedName",
]
type Item = Event | Ignored | Undecoded


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a message may be at most.

    Args:
        max_bytes: Size of the body.
        max_depth: Nesting of JSON arrays and objects, 128 at most: what reads them is recursive.
        max_events: Events in one message; an Event Grid batch holds up to 5,000.
    """

    max_bytes: int = 1_048_576
    max_depth: int = 64
    max_events: int = 5_000

    @property
    def depth(self) -> int:
        """The nesting that is allowed."""
        return min(self.max_depth, DEEPEST)


class Inbound(msgspec.Struct, frozen=True, kw_only=True):
    """One message as a source received it.

    Args:
        body: The bytes, unchanged.
        ingress: The configured name of the source.
        group: Among which sources its events are the same; empty: this source alone.
        organization: The configured name of its organization.
        organization_url: `https://contoso.crm.dynamics.com`, no trailing slash.
        received_at: When it was accepted.
        content_type: As the transport says, may be empty.
        headers: HTTP headers, names in lower case: what `events.kept` keeps.
        properties: Application properties of a Service Bus or Event Hubs message, as far as `events.kept` keeps them;
            read case-insensitively.
        limits: What the message may be at most.
    """

    body: bytes
    ingress: str
    organization: str
    organization_url: str
    received_at: datetime
    group: str = ""
    content_type: str = ""
    headers: dict[str, str] = {}
    properties: dict[str, Property] = {}
    limits: Limits = Limits()


class Ignored(msgspec.Struct, frozen=True, kw_only=True):
    """A message that says nothing: it is journalled and acknowledged.

    Args:
        reason: Why it is no event.
        detail: What was seen, for the journal.
    """

    reason: IgnoredReason
    detail: str


class Undecoded(msgspec.Struct, frozen=True, kw_only=True):
    """A message, or one element of it, that could not be read: it becomes a dead letter.

    Args:
        reason: The dead letter's reason.
        message: What is wrong, without the payload.
        hint: What to do.
        raw: The bytes that could not be read.
    """

    reason: UndecodedReason
    message: str
    hint: str
    raw: bytes


class Decoded(msgspec.Struct, frozen=True):
    """Everything that one message held, in its order."""

    items: tuple[Item, ...]

    @property
    def events(self) -> tuple[Event, ...]:
        """The events alone."""
        return tuple(item for item in self.items if isinstance(item, Event))
