"""What is counted of events, as their outcomes become final.

Who counts is handed in, as a callable: it is called for every event, several times, and does nothing but add in memory.
"""

from datetime import datetime
from typing import Literal, NamedTuple, Protocol

import msgspec

type What = Literal["in", "delivered", "deferred", "parked", "dead_lettered", "failed", "refused"]
"""`in`: taken from a source, an event that comes twice twice. `failed`: a message of a source had to go back, since
nothing could be stored. `refused`: a caller without a function key, whose token did not do. The others: what became of
a delivery; a delivery that is deferred twice counts twice."""


class Key(NamedTuple):
    """What one number counts; what is empty is not known, or does not apply.

    Args:
        what: The kind of number.
        organization: The configured name.
        source: The source that the event came in by; empty for fno-link's own events.
        target: Where it was, or would have been, delivered.
        reason: Why it is not: an error code, or the reason of a dead letter.
    """

    what: What
    organization: str = ""
    source: str = ""
    target: str = ""
    reason: str = ""


class First(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One of the first events of a kind, by which an operator knows what it is about.

    Args:
        at: When it became what it is.
        type: The event's type; empty where no event could be read.
        id: The event's id.
        route: The route that had it.
        message: The error.
        letter: The id of its dead letter.
        accepted_at: Of a deferred one: when its event was taken.
        until: Of a deferred one: when it is tried again.
    """

    at: datetime
    type: str = ""
    id: str = ""
    route: str = ""
    message: str = ""
    letter: str = ""
    accepted_at: datetime | None = None
    until: datetime | None = None


class Tally(Protocol):
    """Counts one."""

    def __call__(self, key: Key, first: First | None = None, /) -> None:
        """Add one.

        Args:
            key: What.
            first: The event, where an operator will ask which it was.
        """
        ...


def uncounted(_key: Key, _first: First | None = None, /) -> None:
    """Count nothing: what is injected where nobody asks."""
