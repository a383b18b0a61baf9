"""What became of a delivery, as values."""

from datetime import datetime

import msgspec

KEPT_RESPONSE = 500
"""Characters of a target's answer that are kept."""


class Delivered(msgspec.Struct, frozen=True):
    """The target took it; `status` and the first bytes of `response` where it answers such."""

    route: str
    status: int | None = None
    response: str = ""


class Deferred(msgspec.Struct, frozen=True):
    """It will be tried again at `until`, because of `code`."""

    route: str
    until: datetime
    code: str
    attempt: int


class Waiting(msgspec.Struct, frozen=True):
    """It is parked: for the link to come back, or kept because the link has moved."""

    route: str
    reason: str


class Buried(msgspec.Struct, frozen=True):
    """It is a dead letter, because of `reason`."""

    route: str
    reason: str


class Held(msgspec.Struct, frozen=True):
    """Another run holds the event: nothing was done, what was asked for is to be asked for again."""

    route: str


class PutOff(msgspec.Struct, frozen=True):
    """Another run holds the event: a copy of the message waits on the retry queue."""


class Duplicate(msgspec.Struct, frozen=True):
    """The event came again; it has been taken care of, or is being so."""


class Stale(msgspec.Struct, frozen=True):
    """What the message asks for has been done, or another message asks for it."""


class Ignored(msgspec.Struct, frozen=True):
    """Nothing was to be delivered: an empty or test message, or a route that the link ruled out."""

    reason: str


type Settled = Delivered | Deferred | Waiting | Buried
"""What becomes of one delivery, once something is done for it."""

type Outcome = Settled | Held | PutOff | Duplicate | Stale | Ignored


_WORDS: dict[type, str] = {
    Delivered: "delivered",
    Deferred: "deferred",
    Waiting: "parked",
    Buried: "dead_lettered",
    Held: "held",
    PutOff: "held",
    Duplicate: "duplicate",
    Stale: "stale",
    Ignored: "ignored",
}


def measured(outcome: Outcome) -> str:
    """Say in one word, as spans and metrics do, what became of it."""
    return _WORDS[type(outcome)]


def reason_of(outcome: Outcome) -> str:
    """Give the code that says why an event was not delivered; empty where it was, or there is none."""
    match outcome:
        case Deferred(code=code):
            return code
        case Waiting(reason=reason) | Buried(reason=reason) | Ignored(reason=reason):
            return reason
        case _:
            return ""


def named(outcome: Outcome) -> str:
    """Say in one word, as counts do, what became of a delivery."""
    match outcome:
        case Delivered():
            return "delivered"
        case Deferred():
            return "deferred"
        case Waiting() | Held():
            return "parked"
        case Buried():
            return "deadLettered"
        case _:
            return "ignored"
