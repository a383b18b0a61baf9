"""Notice business events that may have come after a newer one of their kind: they are marked, never dropped.

A mark is a hint and no proof. Microsoft's page of 2023 called ControlNumber upwardly increasing; that of 2026-01 calls
it unique only, neither sequential nor without gaps ("Business events overview", idempotency). It is read as the int64
that it is, for each group of sources by itself, and a number further than `jump` from the newest is no neighbour of it:
it neither becomes the newest nor is it marked, so that one wrong number cannot mark all later ones.

The newest delivered is a row a kind that all instances share. A process reads it at first use and then at most once in
`REREAD_AFTER_SECONDS`, and writes what it has delivered behind, at most once in `WRITE_BEHIND_SECONDS`: an operation an
event would be more than the budget allows, and a mark may be missing for as long as that. An operator can reset a kind;
each process follows when it reads or writes the row next.
"""

from collections import OrderedDict
from dataclasses import dataclass

from integration.clock import Clock
from integration.delivery.screening.newest_rows import Kind, NewestRows, Seen
from integration.errors import StorageUnavailable
from integration.events.event import Event
from integration.loggers import logger
from integration.single_flight import SingleFlight

OUT_OF_ORDER = "fnolinkoutoforder"
"""The extension attribute, `true` on an event that is older than the newest delivered; absent otherwise."""

KINDS = 10_000
JUMP = 10_000_000
"""How far from the newest a number may be, unless the configuration says otherwise."""
REREAD_AFTER_SECONDS = 30.0
"""Seconds for which what was read counts as the newest of all instances."""
WRITE_BEHIND_SECONDS = 5.0
"""Seconds after which what was delivered is written."""

log = logger("delivery")

_NOTHING = Seen()
_LARGEST = 2**63 - 1
_DIGITS = 19


@dataclass
class _Known:
    """What a process knows of a kind: the highest number, and the row as it was seen last."""

    number: int = -1
    seen: Seen = _NOTHING
    checked: float | None = None
    told: bool = False


class Newest:
    """The highest ControlNumber delivered, by organization, group of sources, legal entity and type.

    What is seen least is forgotten.

    Args:
        rows: What the instances share; None: what this process has delivered itself counts, as long as it lives.
        clock: The time; needed with `rows`.
        kinds: How many are remembered.
        jump: How far from the newest a number may be to count as its neighbour.
    """

    def __init__(
        self, rows: NewestRows | None = None, clock: Clock | None = None, kinds: int = KINDS, jump: int = JUMP
    ) -> None:
        self._jump = jump
        self._shared = (rows, clock) if rows is not None and clock is not None else None
        self._kinds = kinds
        self._newest: OrderedDict[Kind, _Known] = OrderedDict()
        self._dirty: set[Kind] = set()
        self._reads: SingleFlight[Kind, None] = SingleFlight()
        self._writes: SingleFlight[str, None] = SingleFlight()

    async def mark(self, event: Event) -> Event:
        """Return the event, marked if a newer one of its kind was delivered.

        Args:
            event: Any event; only business events have an order.
        """
        number = _number(event)
        if number is None:
            return event
        kind = _kind(event)
        if self._shared is not None:
            mine, (rows, clock) = self._of(kind), self._shared
            if mine.checked is None or clock.monotonic() - mine.checked > REREAD_AFTER_SECONDS:
                await self._reads.join(kind, lambda: self._read(kind, mine, rows, clock))
        known = self._newest.get(kind)
        return (
            event if known is None or not 0 < known.number - number <= self._jump else event.stamp({OUT_OF_ORDER: True})
        )

    def delivered(self, event: Event) -> None:
        """Remember an event that was delivered.

        Args:
            event: Any event.
        """
        number = _number(event)
        if number is None:
            return
        kind = _kind(event)
        known = self._of(kind)
        if known.number >= 0 and abs(number - known.number) > self._jump:
            self._tell(kind, known, number)
            return
        known.number = max(number, known.number)
        if self._shared is not None and known.number > known.seen.number:
            self._dirty.add(kind)
            self._writes.start("behind", self._behind)

    async def flush(self) -> None:
        """Write what was delivered since it was written last; what cannot be written now is, the next time."""
        if self._shared is None:
            return
        rows, clock = self._shared
        for kind in list(self._dirty):
            known = self._newest.get(kind)
            if known is not None:
                number = known.number
                try:
                    known.seen = await rows.lift(kind, number, known.seen, clock.now(), self._jump)
                except StorageUnavailable as unavailable:
                    log.warning("the newest event of %s is not told to the others now: %s", kind[3], unavailable)
                    return
                if known.seen.number < number:  # an operator reset it, or the jump is beyond the bound
                    known.number = known.seen.number
                known.number, known.checked = max(known.number, known.seen.number), clock.monotonic()
            if known is None or known.number <= known.seen.number:
                self._dirty.discard(kind)

    async def aclose(self) -> None:
        """Write what is to be written, and stop."""
        await self._reads.aclose()
        await self._writes.aclose()
        await self.flush()

    async def _behind(self) -> None:
        if self._shared is not None:
            while self._dirty:
                await self._shared[1].sleep(WRITE_BEHIND_SECONDS)
                await self.flush()

    async def _read(self, kind: Kind, known: _Known, rows: NewestRows, clock: Clock) -> None:
        before = known.seen
        try:
            known.seen = await rows.read(kind)
            there = known.seen.number
            if known.seen.resets != before.resets or (there >= 0 and abs(known.number - there) > self._jump):
                known.number, known.told = there, False
        except StorageUnavailable as unavailable:
            log.warning("the newest event of %s is what this process knows: %s", kind[3], unavailable)
        known.number, known.checked = max(known.number, known.seen.number), clock.monotonic()

    def _tell(self, kind: Kind, known: _Known, number: int) -> None:
        """Say once that a number is out of reach; further ones of the kind are as likely and say no more."""
        if not known.told:
            known.told = True
            log.warning(
                "the control number %d of %s (%s) is more than %d away from the newest, %d, and not compared with it;"
                " if numbers go on from there, use `fno-link control-numbers reset`",
                number,
                kind[3],
                kind[1],
                self._jump,
                known.number,
            )

    def _of(self, kind: Kind) -> _Known:
        known = self._newest.setdefault(kind, _Known())
        self._newest.move_to_end(kind)
        if len(self._newest) > self._kinds:
            self._newest.popitem(last=False)
        return known


def _kind(event: Event) -> Kind:
    return (event.organization, event.group, str(event.extensions.get("legalentity", "")), event.type)


def _number(event: Event) -> int | None:
    text = event.extensions.get("controlnumber") if event.shape == "business_event" else None
    if not (isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        return None
    number = int(text)
    return number if number <= _LARGEST else None
