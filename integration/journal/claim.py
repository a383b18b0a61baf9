"""Who may process an event now: the claim table, as one pure function.

| journal state | from a source | continuation | release | reopen | replay |
|---|---|---|---|---|---|
| absent | process | its delivery | its delivery | process | process |
| received, lease alive | re-check past the lease | proceed if its own run's, else wait | refuse | refuse | refuse |
| received, lease over | take over | take over | take over | take over, reopen | take over, replay |
| deferred | duplicate | its delivery | its delivery | process, ends the chain | process, ends the chain |
| parked | duplicate | its delivery | its delivery | process | process |
| dead-lettered | reopen what failed (`resent`) | its delivery | its delivery | reopen it (`replayed`) | process |
| done | duplicate | its delivery | its delivery | dropped: it was delivered since | process (`replayed`) |
| unrouted | evaluate the routes again | its delivery | its delivery | the routes again | the routes again |
| any of them, partial | take over, unless a lease is alive | as above | as above | as above | as above |

A row is partial when it was begun by one delivery alone, for the row of the event's own run was gone or could not be
read. That run may have died, and then its source's message comes again, or the re-check that it has left: it makes what
is not recorded. A run that is over leaves no message that could come, so nothing is made a second time for it.

From a source, and for a re-check, the digest of the event's data must be the row's in every state: else it is another
event under this one's id, and goes beside it (`Differs`): as a dead letter with a row of its own, which the sender
cannot open again. A row that was written before there were digests is judged by its state alone.

"Its delivery": if the message is not stale, else it is dropped, a retry message under a live lease too. A continuation
is stale unless its delivery is deferred under the same generation; a release, unless its delivery is parked. Other
deliveries of the same event may be deferred, parked or over meanwhile, that is no matter.

A reopen is the replay of a dead letter, a replay that of an event. A dead letter is about a delivery that failed, or
about the event as a whole (a guard was against it, no route took it); then the routes are evaluated again and what is
recorded is not made a second time, whereas a replay of an event as a whole makes everything anew.

A re-check is what a source's message leaves behind when it meets a live lease: it takes over what has stayed
`received`, and drops itself when the run came to its end.

Each delivery has its own chain of retry messages; a message is of the chain's present link when the entry of its route
is deferred under the same generation. A route without an entry is never stale: the row was dropped with its table, or
the journal was off when the message was written.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from integration.dead_letters import reasons
from integration.journal.errand import ENTIRE, Continuation, Entire, Errand, Ordered, Resent, Takeover
from integration.journal.record import Entry, Row
from integration.journal.scope import NO_ROUTE, WHOLE, ByRoute, Recheck, Scope, Slot, WhenLinked, WholeEvent

LEASE = timedelta(seconds=150)
"""How long a run is believed to be alive, unless the configuration says otherwise."""
MARGIN = timedelta(seconds=5)
"""How far past the lease a re-check comes."""
ASK_AGAIN_AFTER = timedelta(seconds=10)
"""How long a delivery waits while another run holds the event."""

ANEW = frozenset({reasons.UNROUTED, reasons.ROUTE_GONE})
"""A delivery that failed for one of these has no route any more: the event is routed anew."""

HELD = frozenset({reasons.DUPLICATE_DIFFERS})
"""What is a dead letter for one of these is opened again by an operator only."""

type Kind = Literal["source", "recheck", "continuation", "release", "reopen", "replay"]
type Why = Literal["new", "takeover", "continued", "resent", "rerouted", "released", "replayed"]


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """Process the event, once a row with this generation and lease is written.

    Args:
        why: What kind of run it is.
        generation: The run's number.
        lease_until: Until when nobody else takes over.
        running: What the row says of the run. For the event as a whole, the routes are evaluated: all that match are
            made, those in `settled` excepted.
        scopes: What is made in any case; the event as a whole is so in place of what no route had yet.
        settled: What is recorded and not to be made again.
        reopens: The entries of `scopes` are open from now on: a run that takes over makes them, too.
        afresh: Every entry is forgotten: all deliveries are made again.
        forgets: These entries are forgotten: the routes are evaluated in their place.
    """

    why: Why
    generation: int
    lease_until: datetime
    running: Errand
    scopes: tuple[Scope, ...] = ()
    settled: frozenset[Slot] = frozenset()
    reopens: bool = False
    afresh: bool = False
    forgets: frozenset[Slot] = frozenset()

    @property
    def whole(self) -> bool:
        """Whether the routes are evaluated."""
        return isinstance(self.running, Entire)


class Duplicate(msgspec.Struct, frozen=True):
    """Acknowledge and count it: the event has been taken care of, or is being so."""


class Wait(msgspec.Struct, frozen=True):
    """Put a message for `until` on the retry queue, then acknowledge: another run holds the event."""

    until: datetime


class Drop(msgspec.Struct, frozen=True):
    """Acknowledge it: what it asks for has been done, or another message asks for it."""


class Refuse(msgspec.Struct, frozen=True):
    """Do nothing and say "in progress": another run holds the event until `until` at the latest."""

    until: datetime


class Differs(msgspec.Struct, frozen=True):
    """Keep it beside the event whose id it has, under a key of its own: its data is not that of the row's digest."""

    digest: str


type Decision = Process | Duplicate | Wait | Drop | Refuse | Differs


def claim(  # noqa: PLR0911, PLR0913  # one return a row of the table, one argument a column
    row: Row | None,
    kind: Kind,
    generation: int,
    now: datetime,
    *,
    scope: Scope = WHOLE,
    lease: timedelta = LEASE,
    digest: str = "",
) -> Decision:
    """Decide what a message may do with its event.

    Args:
        row: What the journal has; None when it has nothing.
        kind: What brings the event: a source, a re-check, a retry message, a release of what is parked, an operator.
        generation: Of a continuation: what its message carries.
        now: The time.
        scope: What it is about; of a source the event as a whole.
        lease: How long a run holds the event.
        digest: Of the event's data, where a source has brought it; empty: it is not compared.
    """
    asked = _Asked(kind, generation, now, scope, lease)
    if row is None:
        # A continuation that this run makes has a higher generation than the message that began it.
        return asked.process(generation, "new", scopes=asked.named, running=asked.errand)
    if kind in ("source", "recheck"):
        return _brought(row, asked, digest)
    if row.state == "received":
        return _received(row, asked)
    match kind:
        case "continuation" | "release":
            if _stale(row, asked):
                return Drop()
            why = "continued" if kind == "continuation" else "released"
            return asked.process(
                row.generation, why, scopes=asked.named, settled=_settled(row, asked.named), running=asked.errand
            )
        case "reopen":
            return Drop() if _stale(row, asked) else _reopen(row, asked)
        case "replay":
            return _replay(row, asked)


class _Asked(msgspec.Struct, frozen=True):
    kind: Kind
    generation: int
    now: datetime
    scope: Scope
    lease: timedelta

    @property
    def entire(self) -> bool:
        """Whether it is about all of the event, not about what goes on from one entry."""
        return self.whole and self.kind not in ("continuation", "release")

    @property
    def whole(self) -> bool:
        """Whether what no route has yet is, for it, the event as a whole."""
        return isinstance(self.scope, WholeEvent | Recheck)

    @property
    def named(self) -> tuple[Scope, ...]:
        return () if self.entire else (self.scope,)

    @property
    def errand(self) -> Errand:
        """What a run of this alone is for."""
        match self.kind:
            case "continuation":
                return Continuation(self.generation, self.scope.slot)
            case "release" | "reopen" | "replay" as order if not self.entire:
                return Ordered(order, self.scope.slot)
            case _:
                return ENTIRE

    def open_in(self, row: Row) -> tuple[Scope, ...]:
        """Say what a run before it was to make and has not made."""
        return self.scopes(entry for entry in row.deliveries if entry.state == "open")

    def scopes(self, entries: Iterable[Entry]) -> tuple[Scope, ...]:
        """Say what entries are about."""
        undecided = WHOLE if self.whole else WhenLinked()
        return tuple(entry.slot if isinstance(entry.slot, ByRoute) else undecided for entry in entries)

    def process(  # noqa: PLR0913  # the fields of a run
        self,
        generation: int,
        why: Why,
        *,
        running: Errand = ENTIRE,
        scopes: tuple[Scope, ...] = (),
        settled: frozenset[Slot] = frozenset(),
        reopens: bool = False,
        afresh: bool = False,
        forgets: frozenset[Slot] = frozenset(),
    ) -> Process:
        return Process(
            why=why,
            generation=generation + 1,
            lease_until=self.now + self.lease,
            running=running,
            scopes=scopes,
            settled=settled,
            reopens=reopens,
            afresh=afresh,
            forgets=forgets,
        )


def _received(row: Row, asked: _Asked) -> Decision:
    alive = row.alive(asked.now)
    if _stale(row, asked) and not (alive and asked.kind == "release"):
        return Drop()
    # A queue hides a message while its run is alive. If it comes again, that run has died, and this one may take over.
    mine = asked.kind == "continuation" and row.running == asked.errand
    if alive and not mine:
        held_until = row.lease_until or asked.now
        if asked.kind in ("release", "reopen", "replay"):
            return Refuse(held_until)
        past = held_until + MARGIN
        return Wait(min(past, asked.now + ASK_AGAIN_AFTER) if asked.kind == "continuation" else past)
    if asked.kind in ("reopen", "replay"):
        return (_reopen if asked.kind == "reopen" else _replay)(row, asked)
    # A takeover also finishes what the dead run had begun: every matching route if that run was about the whole event,
    # and every open delivery. Without that the event could not be recorded as settled when this run ends.
    scopes = tuple(dict.fromkeys((*asked.named, *asked.open_in(row))))
    running: Errand = Takeover() if asked.entire else asked.errand
    return asked.process(
        row.generation,
        "continued" if mine else "takeover",
        running=ENTIRE if isinstance(row.running, Entire) else running,
        scopes=scopes,
        settled=_settled(row, scopes),
    )


def _brought(row: Row, asked: _Asked, digest: str) -> Decision:
    if row.digest and digest and row.digest != digest:
        return Differs(row.digest)
    if row.partial and not row.alive(asked.now):
        return _owed(row, asked)
    if row.state == "received":
        return _received(row, asked)
    return _source(row, asked) if asked.kind == "source" else Drop()


def _owed(row: Row, asked: _Asked) -> Process:
    """Run the event as a whole, but for what is recorded: what began the row was one of its deliveries."""
    scopes = asked.open_in(row)
    return asked.process(row.generation, "takeover", scopes=scopes, settled=_settled(row, scopes))


def _source(row: Row, asked: _Asked) -> Decision:
    if row.state == "unrouted":
        return asked.process(row.generation, "rerouted", settled=_settled(row, ()))
    if row.state == "dead_lettered":
        dead = (entry for entry in row.deliveries if entry.state == "dead_lettered")
        failed = asked.scopes(entry for entry in dead if entry.code not in HELD)
        if not failed:
            return Duplicate()
        settled = _settled(row, failed)
        return asked.process(row.generation, "resent", running=Resent(), scopes=failed, settled=settled, reopens=True)
    return Duplicate()


def _replay(row: Row, asked: _Asked) -> Process:
    if asked.entire or row.state == "unrouted":
        return asked.process(row.generation, "replayed", afresh=True)
    return _again(row, asked)


def _reopen(row: Row, asked: _Asked) -> Process:
    if not asked.entire:
        return _again(row, asked)
    forgets = frozenset(entry.slot for entry in row.deliveries if _replaced(entry))
    scopes = tuple(scope for scope in asked.open_in(row) if scope.slot not in forgets)
    settled = _settled(row, scopes) - forgets
    return asked.process(row.generation, "replayed", scopes=scopes, settled=settled, reopens=True, forgets=forgets)


def _replaced(entry: Entry) -> bool:
    """Tell whether an entry is over once the routes are evaluated again."""
    if entry.slot != NO_ROUTE:
        return entry.state == "dead_lettered" and entry.code in ANEW
    return entry.state not in ("deferred", "parked")


def _again(row: Row, asked: _Asked) -> Process:
    # A replay also finishes what a dead run left: the rest of the whole event, and every open delivery.
    scopes = asked.named + asked.open_in(row)
    rest_of_whole = isinstance(row.running, Entire) and row.state == "received"
    return asked.process(
        row.generation,
        "replayed",
        running=ENTIRE if rest_of_whole else asked.errand,
        scopes=tuple(dict.fromkeys(scopes)),
        settled=_settled(row, scopes),
        reopens=True,
    )


def _stale(row: Row, asked: _Asked) -> bool:
    """Tell whether the delivery that a message is about is somebody else's by now, or over."""
    entry = None if asked.entire else row.entry(asked.scope.slot)
    if entry is None or entry.state == "open" or asked.kind == "replay":
        return False
    # The row may be behind: a run puts its message on the queue, or parks its delivery, before it writes so here.
    if asked.kind == "release":
        return entry.state != "parked" and not (row.state == "received" and entry.state == "deferred")
    if asked.kind == "reopen":
        return entry.state in ("delivered", "decided")
    if entry.state == "deferred" and entry.generation == asked.generation:
        return False
    return not (row.state == "received" and row.generation == asked.generation)


def _settled(row: Row, but: tuple[Scope, ...]) -> frozenset[Slot]:
    made = frozenset(entry.slot for entry in row.deliveries if entry.state not in ("open", "unrouted"))
    return made - {scope.slot for scope in but}
