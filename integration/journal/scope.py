"""What a message is about: one delivery, what no route has yet, or whether the event's own run came to its end.

Stored and queued records tell it by a route's text and a flag, which this module alone reads and writes.
"""

import msgspec

_RECHECK = "*"
"""How the route of a re-check begins; names of routes never do."""


class ByRoute(msgspec.Struct, frozen=True, tag=True):
    """The delivery by one route.

    Args:
        name: The route's name, never a URL.
    """

    name: str

    @property
    def slot(self) -> "ByRoute":
        """Itself."""
        return self

    @property
    def route(self) -> str:
        """The route's name."""
        return self.name


class NoRoute(msgspec.Struct, frozen=True, tag=True):
    """What no route has yet: the event as a whole, or what only the link decides. Its message says which of the two."""

    @property
    def route(self) -> str:
        """Nothing."""
        return ""


type Slot = ByRoute | NoRoute
"""Where the journal enters what became of a scope: a delivery has its own place, all else shares one."""

NO_ROUTE = NoRoute()


class _WithoutRoute(msgspec.Struct, frozen=True):
    """A scope that is no route's."""

    @property
    def slot(self) -> NoRoute:
        """No route has it yet."""
        return NO_ROUTE

    @property
    def route(self) -> str:
        """Nothing."""
        return ""


class WhenLinked(_WithoutRoute, frozen=True):
    """The deliveries by those routes that can only be decided once the link is known."""


class WholeEvent(_WithoutRoute, frozen=True):
    """The event as a whole, before its guards and routes."""


class Recheck(_WithoutRoute, frozen=True):
    """No delivery, but whether the event's own run came to its end.

    Args:
        word: Tells it from another one of the same event.
    """

    word: str = ""


WHOLE = WholeEvent()

type Scope = ByRoute | WhenLinked | WholeEvent | Recheck


def slot_of(route: str) -> Slot:
    """Read where a stored entry is."""
    return ByRoute(route) if route else NO_ROUTE


def scope_of(route: str, *, whole: bool) -> Scope:
    """Read what a stored record says by its route and its flag."""
    if route.startswith(_RECHECK):
        return Recheck(route.removeprefix(_RECHECK))
    if route:
        return ByRoute(route)
    return WholeEvent() if whole else WhenLinked()


def stored(scope: Scope) -> tuple[str, bool]:
    """Write a scope as the route and the flag of a stored record."""
    match scope:
        case ByRoute(name=name):
            return name, False
        case WhenLinked():
            return "", False
        case WholeEvent():
            return "", True
        case Recheck(word=word):
            return f"{_RECHECK}{word}", True
