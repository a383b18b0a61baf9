"""source → decode → routes → link, where a matching route needs it → deliver each → record.

Whatever happens to a delivery is durable before the message that brought it is acknowledged: delivered, on the retry
queue, parked, or a dead letter. Only when none of that can be stored does an exception leave this room, and then the
message stays where it was.
"""

import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import msgspec

from integration.about import about
from integration.clock import Clock
from integration.config.keys.model import Configuration
from integration.dead_letters import DeadLetters
from integration.delivery.announcing import Announcing
from integration.delivery.attempts import Attempts, Targets
from integration.delivery.breaking.circuits import Transition
from integration.delivery.continuing import Continuing
from integration.delivery.environment import Links
from integration.delivery.journalled.ledger import Ledger
from integration.delivery.journalled.runs import Runs
from integration.delivery.journalled.salvage import RowSalvage
from integration.delivery.journalled.task import Task
from integration.delivery.notifying import Notifying, Told
from integration.delivery.outcome import (
    Delivered,
    Duplicate,
    Held,
    Ignored,
    Outcome,
    PutOff,
    Stale,
    measured,
    reason_of,
)
from integration.delivery.queued.queue import RetryQueue
from integration.delivery.queued.work import Work
from integration.delivery.resending import Resending
from integration.delivery.screening.completion import Rows
from integration.delivery.screening.guard import Echo, Guard, Refused
from integration.delivery.screening.newest import Newest
from integration.delivery.screening.screening import Screening
from integration.delivery.spreading import Spreading
from integration.delivery.undelivered import Undelivered
from integration.errors import CorruptRecord, LinkUnknown, Unforeseen
from integration.events.decode import decode
from integration.events.event import Event
from integration.events.inbound import Ignored as IgnoredMessage
from integration.events.inbound import Inbound, Item, Undecoded
from integration.faults import netted, unforeseen
from integration.journal import ASK_AGAIN_AFTER, Journal, Kind, Payloads
from integration.journal.scope import WHOLE, ByRoute, Recheck, Slot, WhenLinked, WholeEvent
from integration.links.values import Link
from integration.loggers import logger
from integration.routing.table import RouteTable
from integration.storage.names import RETRIES
from integration.tally import Key, Tally, uncounted
from integration.telemetry.carrier import Trail
from integration.telemetry.instruments import tell
from integration.telemetry.metrics import EVENTS
from integration.telemetry.operations import DECODE, QUEUES, RELEASE, REPLAY, RETRY, SYSTEMS
from integration.telemetry.spans import Told as Span
from integration.telemetry.spans import span

log = logger("delivery")

ATTEMPT_SHARE_OF_LEASE = 2 / 3
"""Of a run's lease that one attempt may take; what else a run does takes the rest."""


class Pipeline:
    """What happens between an accepted message and its deliveries.

    Args:
        configuration: The checked configuration.
        table: The compiled routes.
        links: The link resolver.
        rows: Dataverse, for events that were cut for their size.
        targets: The targets by name.
        dead_letters: Where dead letters and parked deliveries are kept.
        retries: The retry queue.
        clock: The time.
        rng: Jitter.
        guard: Judges events before they are routed.
        journal: Where events are claimed; None: an event that comes twice is delivered twice.
        payloads: Keeps the events themselves; None: they are not kept.
        newest: Knows what was delivered last of each kind of business event; None: in this process alone.
        transitions: Gives what has happened to circuits since it was last called.
        news: Tells the fleet, and gives what is news to it; without it, this process is alone.
        told: Takes note that such news was sent to whom it goes.
        tally: Counts what comes in and what becomes of it; called for every event.
    """

    def __init__(  # noqa: PLR0913  # the composition root names each part once
        self,
        *,
        configuration: Configuration,
        table: RouteTable,
        links: Links,
        rows: Rows,
        targets: Targets,
        dead_letters: DeadLetters,
        retries: RetryQueue,
        clock: Clock,
        rng: random.Random,
        guard: Guard | None = None,
        journal: Journal | None = None,
        payloads: Payloads | None = None,
        newest: Newest | None = None,
        transitions: Callable[[], list[Transition]] = list,
        news: Callable[[Transition], Awaitable[Transition | None]] | None = None,
        told: Callable[[Transition], Awaitable[None]] | None = None,
        tally: Tally = uncounted,
    ) -> None:
        self._newest = newest or Newest()
        self._journal = journal
        self._retries = retries
        self._clock = clock
        self._undelivered = Undelivered(configuration, dead_letters, retries, clock, rng, tally)
        longest = configuration.journal.lease * ATTEMPT_SHARE_OF_LEASE
        systems = {
            name: SYSTEMS.get(str(each.__struct_config__.tag), "") for name, each in configuration.targets.items()
        }
        self._attempts = Attempts(targets, self._undelivered, clock, longest, tally, systems=systems)
        self._runs = Runs(
            journal, retries, self._undelivered, RowSalvage(dead_letters, clock), clock=clock, payloads=payloads
        )
        self._screening = Screening(configuration, rows, guard)
        self._spreading = Spreading(table, links, self._attempts, self._undelivered, self._newest)
        self._continuing = Continuing(table, self._screening, self._spreading, self._attempts, self._undelivered)
        self._notifying = Notifying(table, lambda work: self._under("continuation", work))
        self._resending = Resending(self._screening, self._continuing, self._attempts, self._undelivered)
        self._announcing = Announcing(transitions, news, told, self._send)
        self._tally = tally

    async def receive(self, inbound: Inbound, *, replay: int = 0) -> list[Outcome]:
        """Take a message through to its deliveries.

        Args:
            inbound: The message and what is known of its way here.
            replay: How often an operator has replayed it.

        Returns:
            What became of each delivery of each event in it.

        Raises:
            StorageUnavailable: Something could not be stored; the message must not be acknowledged.
        """
        outcomes: list[Outcome] = []
        with span(DECODE, source=inbound.ingress, organization=inbound.organization) as told:
            items = _decoded(inbound)
            told.note(count=len(items))
        trail = Trail().begun()
        for item in items:
            if not replay:
                self._tally(Key("in", inbound.organization, inbound.ingress))
            match item:
                case Event():
                    work = Work(scope=WHOLE, accepted_at=inbound.received_at, event=item, trail=trail)
                    outcomes += await (self.resume(work.anew("reopen", replay)) if replay else self.admit(work))
                case Undecoded():
                    outcomes.append(await self._undelivered.bury_undecoded(item, inbound, replay))
                case IgnoredMessage():
                    outcomes.append(
                        await netted(self._ignored(item, inbound), self._undelivered.unread(inbound, replay))
                    )
        return outcomes

    async def _ignored(self, item: IgnoredMessage, inbound: Inbound) -> Outcome:
        await self._runs.note(item, inbound)
        log.info("%s: %s message acknowledged", inbound.ingress, item.reason)
        return Ignored(item.reason)

    async def admit(self, work: Work) -> list[Outcome]:
        """Guard an event as a whole, complete it where it was cut, then deliver it by every route that takes it.

        Args:
            work: The event.

        Returns:
            What became of it.

        Raises:
            StorageUnavailable: Something could not be stored.
        """
        return await self._under("source", work)

    async def route(self, event: Event, accepted_at: datetime) -> list[Outcome]:
        """Deliver one event by every route that takes it.

        Raises:
            StorageUnavailable: Something could not be stored.
        """
        return await self.admit(Work(scope=WHOLE, accepted_at=accepted_at, event=event))

    async def notify(
        self,
        event: Event,
        at: datetime,
        *,
        routes: Sequence[str] | None = None,
        targets: Sequence[str] = (),
        settled: Sequence[str] = (),
    ) -> Told:
        """Deliver an alert of the watch; see `Notifying.notify`."""
        return await self._notifying.notify(event, at, routes=routes, targets=targets, settled=settled)

    def takes(self, event: Event) -> tuple[str, ...]:
        """Name the routes by which an alert would go by itself."""
        return self._notifying.takes(event)

    def remembers(self, event: Event) -> bool:
        """Tell whether a delivery of an event that an operator begins anew is on record as soon as it is over."""
        return self._runs.claims("reopen", event)

    async def resume(self, work: Work) -> list[Outcome]:
        """Try a deferred delivery again, begin one anew, or make sure that an event's own run came to its end.

        Returns:
            What became of it; Held where an operator begins it while another run holds the event: it is on the retry
            queue.

        Raises:
            CorruptRecord: The claim-check of the event is gone.
            StorageUnavailable: Something could not be stored; the message must not be acknowledged.
        """
        operation, system = (REPLAY, "") if work.begins else (RETRY, QUEUES)
        trail = work.trail
        with span(
            operation, RETRIES if system else "", parent=trail.origin, links=(trail.last,), system=system
        ) as told:
            return await self._resumed(work, told)

    async def _resumed(self, work: Work, told: Span) -> list[Outcome]:
        try:
            redeemed = await self._retries.redeem(work)
        except CorruptRecord:
            if await self._runs.is_superseded(work):
                return [Stale()]
            raise
        if redeemed is None:
            return [Stale()]
        if told.on:
            told.note(**redeemed.require_event().named, route=work.scope.route, attempt=work.chain.attempts + 1)
        outcomes = await self._under(work.kind, redeemed)
        match outcomes:
            case [Held()]:
                await self._retries.later(redeemed, ASK_AGAIN_AFTER)
            case [PutOff()]:
                pass  # a copy of the message waits and needs the claim-check
            case _ if work.payload:
                await self._retries.claim_checks.settle(work.payload)
            case _:
                pass
        return outcomes

    async def release(self, work: Work, link: Link | LinkUnknown | None) -> list[Outcome]:
        """Go on with a delivery that was parked, now that `link` is known.

        Raises:
            StorageUnavailable: Something could not be stored.
        """
        trail = work.trail
        named, route = work.require_event().named, work.scope.route
        with span(RELEASE, "", named, parent=trail.origin, links=(trail.last,), route=route):
            return await self._under("release", work, link)

    async def _under(self, kind: Kind, work: Work, link: Link | LinkUnknown | None = None) -> list[Outcome]:
        event = work.require_event()
        trail = work.trail.begun()
        work = work if trail is work.trail else msgspec.structs.replace(work, trail=trail)
        with about(**event.named):
            outcomes = await netted(
                self._run(kind, work, link),
                lambda fault: self._runs.failed(kind, work, fault),
            )
            _tell(event, outcomes)
            await netted(self._announcing.announce(), _logged)
            return outcomes

    async def _run(self, kind: Kind, work: Work, link: Link | LinkUnknown | None) -> list[Outcome]:
        if kind == "source" and self._journal is not None:
            event = work.require_event()
            await self._newest.claiming(event, self._journal.table_for(event.time))
        return await self._runs.run(kind, work, lambda work, task, ledger: self._made(work, task, ledger, link))

    async def _made(self, work: Work, task: Task, ledger: Ledger, link: Link | LinkUnknown | None) -> list[Outcome]:
        outcomes = await self._process(work, task, ledger, link)
        if any(isinstance(outcome, Delivered) for outcome in outcomes):
            self._newest.delivered(work.require_event())  # before the end is recorded, with which it goes
        return outcomes

    async def _process(
        self, work: Work, task: Task, ledger: Ledger, link: Link | LinkUnknown | None = None
    ) -> list[Outcome]:
        """Make what a run is about; the delivery that the message is about goes on with its own chain."""
        work = work.of_run(ledger.generation)
        if task.stored:
            work = msgspec.structs.replace(work, event=await self._resending.stored(work, WHOLE, ledger))
        outcomes: list[Outcome] = []
        parts: list[Work] = []
        for scope in task.scopes:
            match scope:
                case WholeEvent() | Recheck():
                    outcomes += await self._entire(work, task, ledger)
                case ByRoute() | WhenLinked():
                    parts.append(work.part(scope))
        if parts and task.resent:
            outcomes += await self._resending.again(work, parts, ledger, task.settled)
        elif parts:
            outcomes += await self._continuing.make(work.require_event(), parts, link, ledger, task.settled)
        return outcomes

    async def _entire(self, work: Work, task: Task, ledger: Ledger) -> list[Outcome]:
        """Make the event as a whole; what no route had yet is decided by that, where there was such."""

        async def failed(fault: Unforeseen) -> list[Outcome]:
            whole = msgspec.structs.replace(work, scope=WHOLE)
            return [await self._attempts.failed(whole, fault, ledger)]

        outcomes = await netted(self._guarded(work, ledger, task.elsewhere), failed)
        if task.decides:
            ledger.decide()
        return outcomes

    async def _guarded(self, work: Work, ledger: Ledger, but: frozenset[Slot]) -> list[Outcome]:
        """Deliver by every route that takes the event, unless a guard is against it."""
        event = work.require_event()
        if event.internal:
            return await self._spreading.all_routes(work, ledger, but)
        work = msgspec.structs.replace(work, scope=WHOLE)
        try:
            verdict = await self._screening.judge(event, replay=work.chain.replay)
        except LinkUnknown as unknown:
            return [await self._attempts.settle(work, None, unknown, ledger)]
        if isinstance(verdict, Echo):
            log.info("%s is an echo of our own write", event.key)
            ledger.reason = "echo"
            return [Ignored("echo")]
        if isinstance(verdict, Refused):
            return [await self._attempts.refused(work, verdict, ledger)]
        return await self._spreading.all_routes(msgspec.structs.replace(work, event=verdict), ledger, but)

    async def _send(self, alert: Event, transition: Transition) -> None:
        work = Work(scope=WHOLE, accepted_at=transition.at, event=alert)
        await self._process(work, Task(scopes=(WHOLE,)), Ledger())


def _tell(event: Event, outcomes: list[Outcome]) -> None:
    """Measure of what no delivery was made; the tally counts deliveries."""
    for outcome in outcomes:
        if isinstance(outcome, Duplicate | Held | Ignored | PutOff | Stale):
            known = {"organization": event.organization, "source": event.ingress}
            tell(EVENTS, **known, outcome=measured(outcome), reason=reason_of(outcome))


def _decoded(inbound: Inbound) -> tuple[Item, ...]:
    """Decode a message; one on which the decoder itself fails is a dead letter: it would do so every time."""
    try:
        return decode(inbound).items
    except Exception as error:  # noqa: BLE001  # the net under the decoder
        fault = unforeseen(error)
        message = f"decoding failed: {fault}"
        return (Undecoded(reason="Unforeseen", message=message, hint=fault.hint, raw=inbound.body),)


async def _logged(fault: Unforeseen) -> None:
    # What was to be done for the message is done and recorded: nothing of it may bring the message back.
    log.error("after a run: %s", fault)
