"""Notice business events that come after a newer one of their kind: they are marked, never dropped.

Microsoft names ControlNumber as the field to tell order by; it rises, with gaps. Source: "Business events overview",
idempotency. What is the newest is known to this process alone and as long as it lives: instances do not ask each other,
since that would cost a table operation an event.
"""

from collections import OrderedDict

from integration.events.event import Event

OUT_OF_ORDER = "fnolinkoutoforder"
"""The extension attribute, `true` on an event that is older than the newest delivered; absent otherwise."""

KINDS = 10_000


class Newest:
    """The highest ControlNumber delivered, by organization, legal entity and type; what is seen least is forgotten.

    Args:
        kinds: How many are remembered.
    """

    def __init__(self, kinds: int = KINDS) -> None:
        self._kinds = kinds
        self._newest: OrderedDict[tuple[str, str, str], int] = OrderedDict()

    def mark(self, event: Event) -> Event:
        """Return the event, marked if a newer one of its kind was delivered.

        Args:
            event: Any event; only business events have an order.
        """
        number = _number(event)
        newest = self._newest.get(_kind(event))
        if number is None or newest is None or number >= newest:
            return event
        return event.stamp({OUT_OF_ORDER: True})

    def delivered(self, event: Event) -> None:
        """Remember an event that was delivered.

        Args:
            event: Any event.
        """
        number = _number(event)
        if number is None:
            return
        kind = _kind(event)
        self._newest[kind] = max(number, self._newest.get(kind, number))
        self._newest.move_to_end(kind)
        if len(self._newest) > self._kinds:
            self._newest.popitem(last=False)


def _kind(event: Event) -> tuple[str, str, str]:
    return (event.organization, str(event.extensions.get("legalentity", "")), event.type)


def _number(event: Event) -> int | None:
    text = event.extensions.get("controlnumber") if event.shape == "business_event" else None
    return int(text) if isinstance(text, str) and text.isascii() and text.isdigit() else None
