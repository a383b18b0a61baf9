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

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from integration.dead_letters import reasons
from integration.journal.record import Entry, Row, chain
from integration.journal.scope import Recheck, Scope, WholeEvent

LEASE = timedelta(seconds=150)
"""How long a run is believed to be alive, unless the configuration says otherwise."""
MARGIN = timedelta(seconds=5)
"""How far past the lease a re-check comes."""
PATIENCE = timedelta(seconds=10)
"""How long a delivery waits while another run holds the event."""

ANEW = frozenset({reasons.UNROUTED, reasons.ROUTE_GONE})
"""A delivery that failed for one of these has no route any more: the event is routed anew."""

HELD = frozenset({reasons.DUPLICATE_DIFFERS})
"""What is a dead letter for one of these is opened again by an operator only."""

WHOLE = WholeEvent()

type Kind = Literal["source", "recheck", "continuation", "release", "reopen", "replay"]
type Why = Literal["new", "takeover", "continued", "resent", "rerouted", "released", "replayed"]


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """Process the event, once a row with this generation and lease is written.

    Args:
        why: What kind of run it is.
        generation: The run's number.
        lease_until: Until when nobody else takes over.
        whole: Evaluate the routes; deliver by all that match, those in `settled` excepted.
        routes: Deliver by these in any case.
        settled: Routes whose delivery is recorded and not to be made again.
        reopens: The entries of `routes` are open from now on: a run that takes over makes them, too.
        afresh: Every entry is forgotten: all deliveries are made again.
        forgets: The entries of these routes are forgotten: the routes are evaluated in their place.
        running: What the row says of the run: empty for the event as a whole, else what part of it.
    """

    why: Why
    generation: int
    lease_until: datetime
    whole: bool
    routes: tuple[str, ...] = ()
    settled: frozenset[str] = frozenset()
    reopens: bool = False
    afresh: bool = False
    forgets: frozenset[str] = frozenset()
    running: str = ""


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
        # Numbered past the message's own: its next link must differ from it.
        return asked.process(generation, "new", whole=asked.route is None, routes=asked.named, running=asked.part)
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
                row.generation, why, routes=asked.named, settled=_settled(row, asked.named), running=asked.part
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
    def route(self) -> str | None:
        """The delivery that it is about, or what waits for its routes; None: all of the event."""
        whole = isinstance(self.scope, WholeEvent | Recheck)
        return None if whole and self.kind not in ("continuation", "release") else self.scope.slot

    @property
    def named(self) -> tuple[str, ...]:
        return () if self.route is None else (self.route,)

    @property
    def part(self) -> str:
        """What a run of this delivery alone is called."""
        if self.route is None:
            return ""
        return chain(self.route, self.generation) if self.kind == "continuation" else f"{self.kind}:{self.route}"

    def process(  # noqa: PLR0913  # the fields of a run
        self,
        generation: int,
        why: Why,
        *,
        whole: bool = False,
        routes: tuple[str, ...] = (),
        settled: frozenset[str] = frozenset(),
        reopens: bool = False,
        afresh: bool = False,
        forgets: frozenset[str] = frozenset(),
        running: str = "",
    ) -> Process:
        return Process(
            why=why,
            generation=generation + 1,
            lease_until=self.now + self.lease,
            whole=whole,
            routes=routes,
            settled=settled,
            reopens=reopens,
            afresh=afresh,
            forgets=forgets,
            running=running,
        )


def _received(row: Row, asked: _Asked) -> Decision:
    alive = row.alive(asked.now)
    if _stale(row, asked) and not (alive and asked.kind == "release"):
        return Drop()
    # The queue gives a message to nobody else while its run is alive: who brings the same one again has outlived it.
    mine = asked.kind == "continuation" and row.running == asked.part
    if alive and not mine:
        held_until = row.lease_until or asked.now
        if asked.kind in ("release", "reopen", "replay"):
            return Refuse(held_until)
        past = held_until + MARGIN
        return Wait(min(past, asked.now + PATIENCE) if asked.kind == "continuation" else past)
    if asked.kind in ("reopen", "replay"):
        return (_reopen if asked.kind == "reopen" else _replay)(row, asked)
    # Whoever takes over finishes what was begun: all that matches if the dead run was about the event as a whole, and
    # in any case what is open. Only then may the event be recorded as settled afterwards.
    routes = tuple(dict.fromkeys((*asked.named, *(each.route for each in row.deliveries if each.state == "open"))))
    return asked.process(
        row.generation,
        "continued" if mine else "takeover",
        whole=not row.running,
        routes=routes,
        settled=_settled(row, routes),
        running=row.running and (asked.part or "takeover"),
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
    routes = tuple(each.route for each in row.deliveries if each.state == "open")
    return asked.process(row.generation, "takeover", whole=True, routes=routes, settled=_settled(row, routes))


def _source(row: Row, asked: _Asked) -> Decision:
    if row.state == "unrouted":
        return asked.process(row.generation, "rerouted", whole=True, settled=_settled(row, ()))
    if row.state == "dead_lettered":
        dead = (entry for entry in row.deliveries if entry.state == "dead_lettered")
        failed = tuple(entry.route for entry in dead if entry.code not in HELD)
        if not failed:
            return Duplicate()
        settled = _settled(row, failed)
        return asked.process(row.generation, "resent", routes=failed, settled=settled, reopens=True, running="resent")
    return Duplicate()


def _replay(row: Row, asked: _Asked) -> Process:
    if asked.route is None or row.state == "unrouted":
        return asked.process(row.generation, "replayed", whole=True, afresh=True)
    return _again(row, asked)


def _reopen(row: Row, asked: _Asked) -> Process:
    if asked.route is not None:
        return _again(row, asked)
    forgets = frozenset(entry.route for entry in row.deliveries if _replaced(entry))
    routes = tuple(entry.route for entry in row.deliveries if entry.state == "open" and entry.route not in forgets)
    settled = _settled(row, routes) - forgets
    return asked.process(
        row.generation, "replayed", whole=True, routes=routes, settled=settled, reopens=True, forgets=forgets
    )


def _replaced(entry: Entry) -> bool:
    """Tell whether an entry is over once the routes are evaluated again."""
    if entry.route:
        return entry.state == "dead_lettered" and entry.code in ANEW
    return entry.state not in ("deferred", "parked")


def _again(row: Row, asked: _Asked) -> Process:
    # A dead run of the event as a whole, and what it left open, are finished on the way.
    routes = asked.named + tuple(entry.route for entry in row.deliveries if entry.state == "open")
    running = asked.part if row.running or row.state != "received" else ""
    return asked.process(
        row.generation,
        "replayed",
        whole=not running,
        routes=tuple(dict.fromkeys(routes)),
        settled=_settled(row, routes),
        reopens=True,
        running=running,
    )


def _stale(row: Row, asked: _Asked) -> bool:
    """Tell whether the delivery that a message is about is somebody else's by now, or over."""
    entry = None if asked.route is None else row.entry(asked.route)
    if entry is None or entry.state == "open" or asked.kind == "replay":
        return False
    # A run that is under way may have put its message on the queue, or parked its delivery, and be about to write so.
    if asked.kind == "release":
        return entry.state != "parked" and not (row.state == "received" and entry.state == "deferred")
    if asked.kind == "reopen":
        return entry.state in ("delivered", "decided")
    if entry.state == "deferred" and entry.generation == asked.generation:
        return False
    return not (row.state == "received" and row.generation == asked.generation)


def _settled(row: Row, but: tuple[str, ...]) -> frozenset[str]:
    return frozenset(
        entry.route for entry in row.deliveries if entry.state not in ("open", "unrouted") and entry.route not in but
    )
