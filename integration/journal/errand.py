"""What a run is under way for, as its row says it: by this a retry message knows its own run again.

A row holds it as a text, which this module alone reads and writes.
"""

from typing import Literal

import msgspec

from integration.journal.scope import Slot, slot_of

type Order = Literal["release", "reopen", "replay"]

_DIGITS = 18
_ORDERS: tuple[Order, ...] = ("release", "reopen", "replay")


class Entire(msgspec.Struct, frozen=True, tag=True):
    """For the event as a whole."""


class Continuation(msgspec.Struct, frozen=True, tag=True):
    """For one link of a chain of retries.

    Args:
        generation: What its message carries.
        slot: What it goes on with.
    """

    generation: int
    slot: Slot


class Ordered(msgspec.Struct, frozen=True, tag=True):
    """For one delivery that was released or begun anew.

    Args:
        order: Which of them.
        slot: Which delivery.
    """

    order: Order
    slot: Slot


class Resent(msgspec.Struct, frozen=True, tag=True):
    """For what had failed and was sent again by its sender."""


class Takeover(msgspec.Struct, frozen=True, tag=True):
    """For what a run about a part of the event has left open when it died."""


class Unknown(msgspec.Struct, frozen=True, tag=True):
    """For a part of the event, in words that this code does not know.

    Args:
        text: As the row has it.
    """

    text: str


type Errand = Entire | Continuation | Ordered | Resent | Takeover | Unknown

ENTIRE = Entire()


def errand_of(text: str) -> Errand:
    """Read a row's text; any is read, and written again as it was."""
    errand = _read(text)
    return errand if told(errand) == text else Unknown(text)


def _read(text: str) -> Errand:
    match text.partition(":"):
        case ("", "", ""):
            return ENTIRE
        case ("resent", "", ""):
            return Resent()
        case ("takeover", "", ""):
            return Takeover()
        case (number, ":", route) if number.isascii() and number.isdigit() and len(number) <= _DIGITS:
            return Continuation(int(number), slot_of(route))
        case (word, ":", route):
            return next((Ordered(order, slot_of(route)) for order in _ORDERS if order == word), Unknown(text))
        case _:
            return Unknown(text)


def told(errand: Errand) -> str:
    """Write it as a row has it."""
    match errand:
        case Entire():
            return ""
        case Continuation(generation=generation, slot=slot):
            return f"{generation}:{slot.route}"
        case Ordered(order=order, slot=slot):
            return f"{order}:{slot.route}"
        case Resent():
            return "resent"
        case Takeover():
            return "takeover"
        case Unknown(text=text):
            return text
