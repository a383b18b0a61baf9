"""Notice business events that may have come after a newer one of their kind: they are marked, never dropped.

A mark is a hint and no proof. Microsoft's page of 2023 called ControlNumber upwardly increasing; that of 2026-01 calls
it unique only, neither sequential nor without gaps ("Business events overview", idempotency). It is read as the int64
that it is, for each group of sources by itself, and a number further than `jump` from the newest is no neighbour of it:
it neither becomes the newest nor is it marked, so that one wrong number cannot mark all later ones.

The newest delivered is a row a kind that all instances share, beside the journal's own rows of the week. A process
reads those of an organization once. What it has read counts for `REREAD_AFTER_SECONDS`; then the row is written
as it is with the claim of the next event of its kind, under the version that was read: where the account takes that,
nobody has delivered a newer one since. What is delivered goes with the row of its event where few events come, else
with those of others, at most once in `WRITE_BEHIND_SECONDS`; and by itself where nothing else is written. So it costs
no request of its own, unless another instance delivers the same kind. An operator can reset a kind; each process
follows when it reads or writes the row next.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from integration.clock import Clock
from integration.delivery.screening.newest_row import Kind, Seen, key_of, step_of
from integration.delivery.screening.newest_rows import Loaded, NewestRows
from integration.errors import StorageUnavailable
from integration.events.event import Event
from integration.journal.tables import UNTIMED, table_of
from integration.loggers import logger
from integration.single_flight import SingleFlight
from integration.storage.groups import Ride

OUT_OF_ORDER = "fnolinkoutoforder"
"""The extension attribute, `true` on an event that is older than the newest delivered; absent otherwise."""

KINDS = 10_000
ORGANIZATIONS = 100
JUMP = 10_000_000
"""How far from the newest a number may be, unless the configuration says otherwise."""
REREAD_AFTER_SECONDS = 30.0
"""Seconds for which what was read counts as the newest of all instances."""
WRITE_BEHIND_SECONDS = 5.0
"""Seconds after which what was delivered is written."""
FEW = 4
"""Beside so many rows of events one more may go whenever there is something to write."""
RIDES = 8
"""How many rows go beside those of events at most."""

log = logger("delivery")

type _Key = tuple[Kind, bool]
"""A kind, and whether the event has no time of its own: such events have an order of their own."""

_NOTHING = Seen()
_LARGEST = 2**63 - 1
_DIGITS = 19


@dataclass(eq=False)
class _Known:
    """What a process knows of a kind: the highest number, and the row as it was seen last."""

    number: int = -1
    seen: Seen = _NOTHING
    table: str = ""
    checked: float | None = None
    """When the row was as it was seen; None: it is not any more, or was never looked at."""
    written: float | None = None
    rides: "asyncio.Future[str | None] | None" = None
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
        self._newest: OrderedDict[_Key, _Known] = OrderedDict()
        self._loaded: OrderedDict[tuple[str, str], tuple[Loaded, float]] = OrderedDict()
        self._wanted: dict[str, set[_Key]] = {}
        self._dirty: dict[str, set[_Key]] = {}
        self._reads: SingleFlight[_Key | tuple[str, str], None] = SingleFlight()
        self._writes: SingleFlight[str, None] = SingleFlight()

    async def claiming(self, event: Event, table: str) -> None:
        """Have it looked at with the claim of an event whether the newest of its kind still is what is known.

        Args:
            event: Any event, about to be claimed.
            table: Where its row goes.
        """
        if self._shared is None or _number(event) is None:
            return
        key = _key(event)
        known = await self._here(key, *self._shared)
        if known.table == table and known.checked is not None and self._is_old(known, self._shared[1]):
            self._wanted.setdefault(_organization(key), set()).add(key)

    async def mark(self, event: Event) -> Event:
        """Return the event, marked if a newer one of its kind was delivered.

        Args:
            event: Any event; only business events have an order.
        """
        number = _number(event)
        if number is None:
            return event
        key = _key(event)
        if self._shared is not None:
            rows, clock = self._shared
            mine = await self._here(key, rows, clock)
            if mine.rides is not None and self._is_old(mine, clock):
                await asyncio.wait([mine.rides])
            if self._is_old(mine, clock):
                await self._reads.join(key, lambda: self._read(key, mine, rows, clock))
        known = self._newest.get(key)
        return (
            event if known is None or not 0 < known.number - number <= self._jump else event.stamp({OUT_OF_ORDER: True})
        )

    def delivered(self, event: Event) -> None:
        """Take note that an event was delivered.

        Args:
            event: Any event; only business events have an order.
        """
        number = _number(event)
        if number is None:
            return
        key = _key(event)
        known = self._of(key)
        if known.number >= 0 and abs(number - known.number) > self._jump:
            self._tell(key, known, number)
            return
        known.number = max(number, known.number)
        if self._shared is not None and known.number > known.seen.number:
            self._dirty.setdefault(_organization(key), set()).add(key)
            self._writes.start("behind", self._behind)

    def riding(self, table: str, partition: str, others: int) -> Sequence[Ride]:
        """Give the rows that go with those of events, as `Rider.riding`."""
        if self._shared is None:
            return ()
        clock = self._shared[1]
        wanted = self._wanted.pop(partition, set[_Key]())
        dirty = self._dirty.get(partition, set[_Key]())
        rides: list[Ride] = []
        try:
            for key in (*wanted, *(dirty - wanted)):
                known = self._newest.get(key)
                if known is None or known.table != table or known.checked is None or _is_under_way(known):
                    continue
                lately = known.written is not None and clock.monotonic() - known.written < WRITE_BEHIND_SECONDS
                if key in wanted or others <= FEW or not lately:
                    rides.append(self._ride(key, known, clock))
                if len(rides) == RIDES:
                    break
        except BaseException:
            for ride in rides:
                ride.done.cancel()
            raise
        return rides

    async def flush(self) -> None:
        """Write what was delivered since it was written last; what cannot be written now is, the next time."""
        if self._shared is None:
            return
        rows, clock = self._shared
        for key in [key for kinds in self._dirty.values() for key in kinds]:
            known = self._newest.get(key)
            if known is not None and known.rides is not None:
                await asyncio.wait([known.rides])
            if known is not None and known.number > known.seen.number:
                await self._here(key, rows, clock)
                known.rides = asyncio.Future[str | None]()  # none goes with an event's row meanwhile
                try:
                    await self._lift(key, known, rows, clock)
                except StorageUnavailable as unavailable:
                    log.warning("the newest event of %s is not told to the others now: %s", _type(key), unavailable)
                    return
                finally:
                    known.rides.cancel()
                    known.rides = None
            if known is None or known.number <= known.seen.number:
                self._clean(key)

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

    async def _lift(self, key: _Key, known: _Known, rows: NewestRows, clock: Clock) -> None:
        number = known.number
        known.seen = await rows.lift(key[0], known.table, number, known.seen, clock.now(), self._jump)
        if known.seen.number < number:  # an operator reset it, or the jump is beyond the bound
            known.number = known.seen.number
        known.number = max(known.number, known.seen.number)
        known.checked = known.written = clock.monotonic()

    def _ride(self, key: _Key, known: _Known, clock: Clock) -> Ride:
        number, before, ride = max(known.number, known.seen.number), known.seen, asyncio.Future[str | None]()

        def told(done: "asyncio.Future[str | None]") -> None:
            known.rides = None
            if done.cancelled():
                return  # it was not sent
            etag = done.result() if done.exception() is None else None
            if not etag:
                known.checked = None  # another instance was faster, or nobody knows
                return
            known.seen = Seen(number, etag, before.resets)
            known.checked = known.written = clock.monotonic()
            if known.number <= number:
                self._clean(key)

        found = Ride(step_of(key[0], number, before, clock.now()), ride)
        ride.add_done_callback(told)
        known.rides = ride
        return found

    async def _here(self, key: _Key, rows: NewestRows, clock: Clock) -> _Known:
        """Give what is known of a kind by its row of the present week."""
        known, table = self._of(key), UNTIMED if key[1] else table_of(clock.now())
        if known.table == table:
            return known
        place = (_organization(key), table)
        if place not in self._loaded:
            await self._reads.join(place, lambda: self._load(place, rows, clock))
        if known.table != table:
            known.table, known.checked = table, None
            loaded, at = self._loaded.get(place, (None, 0.0))
            if loaded is None:  # out of reach: what the process knows counts for a while
                known.checked, known.seen = clock.monotonic(), _NOTHING
            elif (row := key_of(key[0])) in loaded.rows or loaded.complete:
                self._learn(known, loaded.rows.get(row, _NOTHING))
                known.checked = at
        return known

    async def _load(self, place: tuple[str, str], rows: NewestRows, clock: Clock) -> None:
        try:
            self._loaded[place] = await rows.load(*place), clock.monotonic()
        except StorageUnavailable as unavailable:
            log.warning("the newest events of %s are what this process knows: %s", place[0], unavailable)
        while len(self._loaded) > ORGANIZATIONS:
            self._loaded.popitem(last=False)

    async def _read(self, key: _Key, known: _Known, rows: NewestRows, clock: Clock) -> None:
        try:
            self._learn(known, await rows.read(key[0], known.table))
        except StorageUnavailable as unavailable:
            log.warning("the newest event of %s is what this process knows: %s", _type(key), unavailable)
        known.checked = clock.monotonic()

    def _learn(self, known: _Known, seen: Seen) -> None:
        """Take a row as it was read for what all instances know."""
        before, known.seen = known.seen, seen
        if seen.resets != before.resets or (seen.number >= 0 and abs(known.number - seen.number) > self._jump):
            known.number, known.told = seen.number, False
        known.number = max(known.number, seen.number)

    def _is_old(self, known: _Known, clock: Clock) -> bool:
        return known.checked is None or clock.monotonic() - known.checked > REREAD_AFTER_SECONDS

    def _clean(self, key: _Key) -> None:
        kinds = self._dirty.get(_organization(key))
        if kinds is not None:
            kinds.discard(key)
            if not kinds:
                del self._dirty[_organization(key)]

    def _tell(self, key: _Key, known: _Known, number: int) -> None:
        """Say once that a number is out of reach; further ones of the kind are as likely and say no more."""
        if not known.told:
            known.told = True
            log.warning(
                "the control number %d of %s (%s) is more than %d away from the newest, %d, and not compared with it;"
                " if numbers go on from there, use `fno-link control-numbers reset`",
                number,
                _type(key),
                key[0][1],
                self._jump,
                known.number,
            )

    def _of(self, key: _Key) -> _Known:
        known = self._newest.setdefault(key, _Known())
        self._newest.move_to_end(key)
        if len(self._newest) > self._kinds:
            self._newest.popitem(last=False)
        return known


def _is_under_way(known: _Known) -> bool:
    return known.rides is not None and not known.rides.done()


def _key(event: Event) -> _Key:
    kind = (event.organization, event.group, str(event.extensions.get("legalentity", "")), event.type)
    return kind, event.time is None


def _organization(key: _Key) -> str:
    return key[0][0]


def _type(key: _Key) -> str:
    return key[0][3]


def _number(event: Event) -> int | None:
    text = event.extensions.get("controlnumber") if event.shape == "business_event" else None
    if not (isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        return None
    number = int(text)
    return number if number <= _LARGEST else None
