"""What became of a delivery, as values."""

from datetime import datetime

import msgspec


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
    """It is parked: for the link to come back, or held because the link has moved."""

    route: str
    reason: str


class Buried(msgspec.Struct, frozen=True):
    """It is a dead letter, because of `reason`."""

    route: str
    reason: str


class Ignored(msgspec.Struct, frozen=True):
    """Nothing was to be delivered: an empty or test message, or a route that the link ruled out."""

    reason: str


type Outcome = Delivered | Deferred | Waiting | Buried | Ignored


def named(outcome: Outcome) -> str:
    """Say in one word, as counts do, what became of a delivery."""
    match outcome:
        case Delivered():
            return "delivered"
        case Deferred():
            return "deferred"
        case Waiting():
            return "parked"
        case Buried():
            return "deadLettered"
        case _:
            return "ignored"
