"""What the journal knows of one event: its row, and an entry for each delivery."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

import msgspec

from integration.events.event import Event
from integration.journal.errand import ENTIRE, Errand
from integration.journal.scope import Slot

VERSION = 1

type State = Literal["received", "deferred", "parked", "dead_lettered", "done", "unrouted"]
type Made = Literal["open", "delivered", "deferred", "parked", "dead_lettered", "unrouted", "decided"]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery.

    Args:
        slot: Which one; what no route has yet is one, too.
        state: What became of it. `open`: it is to be made anew. `decided`: other entries took its place.
        target: The route's target at that time.
        attempt: How many attempts were made.
        generation: The run that deferred it; its retry message carries the same number.
        at: When this was recorded.
        until: When it is tried again.
        status: The target's answer, where it has one.
        code: Why it was not delivered: an error code.
        response: The first bytes of the target's answer.
        letter: Where its dead letter lies.
        ms: Milliseconds that the last attempt took.
    """

    slot: Slot
    state: Made
    target: str = ""
    attempt: int = 0
    generation: int = 0
    at: datetime | None = None
    until: datetime | None = None
    status: int | None = None
    code: str = ""
    response: str = ""
    letter: str = ""
    ms: int = 0

    @property
    def route(self) -> str:
        """The route's name; empty: no route has it yet."""
        return self.slot.route


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What a row is about, and where it lies.

    Args:
        organization: The configured name.
        key: The event's storage key, 64 hexadecimal digits.
        time: The event's own time; it chooses the table.
        id: The event's id.
        type: The event's type.
        subject: The event's subject.
        source: The configured source it came in by.
        legal_entity: Of the event, where it says.
    """

    organization: str
    key: str
    time: datetime | None = None
    id: str = ""
    type: str = ""
    subject: str = ""
    source: str = ""
    legal_entity: str = ""

    @classmethod
    def of(cls, event: Event) -> "Subject":
        """Name an event."""
        return cls(
            organization=event.organization,
            key=event.key,
            time=event.time,
            id=event.id,
            type=event.type,
            subject=event.subject or "",
            source=event.ingress,
            legal_entity=str(event.extensions.get("legalentity", "")),
        )


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one event.

    Args:
        subject: The event.
        state: Where it stands.
        generation: The number of the last run; each claim raises it.
        accepted_at: When the event was first accepted.
        lease_until: Until when the run that is under way is believed to be alive.
        owner: A random word of that run, to know its own writes again.
        running: What that run is for.
        deliveries: An entry for each delivery, in the order of their routes' names.
        letters: Dead letters of entries that the run under way has put aside.
        duplicates: How often the event came again without anything to do.
        resent: How often its sender sent it again to reopen what had failed.
        replayed: How often it was replayed.
        reason: Why nothing was to be delivered (`empty`, `test_message` …).
        digest: Of the event's data, as it came first; empty: not known.
        differing: How often other data came under its id.
        partial: It was begun by one delivery, where there was no row that could be read: whether the event's own run
            came to its end is not known, and what its source brings again makes the others.
        updated_at: When the row was last written.
        v: Version of this record.
    """

    subject: Subject
    state: State
    generation: int
    accepted_at: datetime
    lease_until: datetime | None = None
    owner: str = ""
    running: Errand = ENTIRE
    deliveries: tuple[Entry, ...] = ()
    letters: tuple[str, ...] = ()
    duplicates: int = 0
    resent: int = 0
    replayed: int = 0
    reason: str = ""
    digest: str = ""
    differing: int = 0
    partial: bool = False
    updated_at: datetime | None = None
    v: int = VERSION

    def entry(self, slot: Slot) -> Entry | None:
        """Give the entry of a delivery; None where it has none."""
        return next((entry for entry in self.deliveries if entry.slot == slot), None)

    def alive(self, now: datetime) -> bool:
        """Tell whether a run holds the lease."""
        return self.state == "received" and self.lease_until is not None and now < self.lease_until


def merged(deliveries: Iterable[Entry], changes: Iterable[Entry]) -> tuple[Entry, ...]:
    """Put changed entries in the place of those of the same delivery."""
    entries = {entry.route: entry for entry in deliveries}
    entries.update((entry.route, entry) for entry in changes)
    return tuple(entries[route] for route in sorted(entries))


def standing(deliveries: Iterable[Entry]) -> State:
    """Say where an event stands by its deliveries: what is still under way outweighs what is over."""
    states = {entry.state for entry in deliveries}
    if "open" in states:
        return "received"
    if "deferred" in states:
        return "deferred"
    if "parked" in states:
        return "parked"
    if "dead_lettered" in states:
        return "dead_lettered"
    return "unrouted" if "unrouted" in states else "done"
