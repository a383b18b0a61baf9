"""source → decode → routes → link, where a matching route needs it → deliver each → record.

Whatever happens to a delivery is durable before the message that brought it is acknowledged: delivered, on the retry
queue, parked, or a dead letter. Only when none of that can be stored does an exception leave this room, and then the
message stays where it was.
"""

import logging
import random
from collections.abc import Callable
from datetime import datetime

import msgspec

from integration.clock import Clock
from integration.config.model import Configuration
from integration.dead_letters import DeadLetters, reasons
from integration.delivery.attempts import Attempts, Targets, all_of
from integration.delivery.circuits import Transition, about, alert_event
from integration.delivery.claims import IN_PROGRESS, Claims
from integration.delivery.completion import Rows, complete
from integration.delivery.environment import Links, environment_of, stamp
from integration.delivery.guard import Echo, Guard, Refused
from integration.delivery.keeping import Keeping
from integration.delivery.ledger import Ledger
from integration.delivery.newest import Newest
from integration.delivery.outcome import Delivered, Ignored, Outcome, Waiting
from integration.delivery.retries import Retries
from integration.delivery.work import Work
from integration.errors import CorruptRecord, FnoLinkError, LinkUnknown
from integration.events.decode import decode
from integration.events.event import Event
from integration.events.inbound import Ignored as IgnoredMessage
from integration.events.inbound import Inbound, Undecoded
from integration.journal import PATIENCE, Journal, Kind, Payloads, Process
from integration.links.values import Link, Linked
from integration.routing.table import RouteTable

log = logging.getLogger("fno_link.delivery")

SHARE = 2 / 3
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
        transitions: Gives the circuits that were opened or closed since it was last called.
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
        retries: Retries,
        clock: Clock,
        rng: random.Random,
        guard: Guard | None = None,
        journal: Journal | None = None,
        payloads: Payloads | None = None,
        newest: Newest | None = None,
        transitions: Callable[[], list[Transition]] = list,
    ) -> None:
        self._table = table
        self._routes = {route.name: route for route in table.routes if route.config.enabled}
        self._links = links
        self._rows = rows
        self._newest = newest or Newest()
        self._organizations = configuration.organizations
        self._retries = retries
        self._clock = clock
        self._keeping = Keeping(configuration, dead_letters, retries, clock, rng)
        self._attempts = Attempts(targets, self._keeping, clock, configuration.journal.lease * SHARE)
        self._claims = Claims(journal, retries, self._keeping, clock, payloads)
        self._guard = guard or Guard(configuration, clock=clock)
        self._transitions = transitions

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
        for item in decode(inbound).items:
            match item:
                case Event():
                    work = Work(route="", accepted_at=inbound.received_at, event=item, whole=True)
                    outcomes += await (self.resume(work.anew("reopen", replay)) if replay else self.admit(work))
                case Undecoded():
                    outcomes.append(await self._keeping.bury_undecoded(item, inbound, replay))
                case IgnoredMessage():
                    await self._claims.note(item, inbound)
                    log.info("%s: %s message acknowledged", inbound.ingress, item.reason)
                    outcomes.append(Ignored(item.reason))
        return outcomes

    async def admit(self, work: Work) -> list[Outcome]:
        """Guard an event as a whole, complete it where it was cut, then deliver it by every route that takes it.

        Args:
            work: The event.

        Returns:
            What became of it.

        Raises:
            StorageUnavailable: Something could not be stored.
        """
        return await self._under("source", work, whole=True)

    async def route(self, event: Event, accepted_at: datetime) -> list[Outcome]:
        """Deliver one event by every route that takes it.

        Raises:
            StorageUnavailable: Something could not be stored.
        """
        return await self.admit(Work(route="", accepted_at=accepted_at, event=event, whole=True))

    async def resume(self, work: Work) -> list[Outcome]:
        """Try a deferred delivery again, begin one anew, or make sure that an event's own run came to its end.

        Returns:
            What became of it; a Waiting `InProgress` where an operator begins it while another run holds the event:
            it is on the retry queue.

        Raises:
            CorruptRecord: The claim-check of the event is gone.
            StorageUnavailable: Something could not be stored; the message must not be acknowledged.
        """
        try:
            redeemed = await self._retries.redeem(work)
        except CorruptRecord:
            if await self._claims.over(work):
                return [Ignored("stale")]
            raise
        if redeemed is None:
            return [Ignored("stale")]
        kind = "recheck" if work.recheck else work.begins or "continuation"
        outcomes = await self._under(kind, redeemed, whole=work.recheck or (work.begins != "" and work.whole))
        if outcomes == [Waiting(work.route, IN_PROGRESS)]:
            await self._retries.later(redeemed, PATIENCE)
            return outcomes
        if work.payload and outcomes != [Ignored("in_progress")]:  # else a copy of the message waits
            await self._retries.claim_checks.settle(work.payload)
        return outcomes

    async def release(self, work: Work, link: Link | LinkUnknown | None) -> list[Outcome]:
        """Go on with a delivery that was parked, now that `link` is known.

        Raises:
            StorageUnavailable: Something could not be stored.
        """
        return await self._under("release", work, link=link)

    async def replay(self, work: Work) -> list[Outcome]:
        """Make a delivery again because an operator says so; the event as a whole where `work.whole` says it.

        Returns:
            What became of it; a Waiting `InProgress`, and nothing is done, while another run holds the event.

        Raises:
            StorageUnavailable: Something could not be stored.
        """
        return await self._under("replay", work, whole=work.whole)

    async def _under(
        self, kind: Kind, work: Work, *, whole: bool = False, link: Link | LinkUnknown | None = None
    ) -> list[Outcome]:
        outcomes = await self._claims.under(
            kind, work, lambda run, ledger: self._process(work, run, ledger, whole=whole, link=link), whole=whole
        )
        if any(isinstance(outcome, Delivered) for outcome in outcomes):
            self._newest.delivered(work.subject_matter)
        await self._announce()
        return outcomes

    async def _process(
        self,
        work: Work,
        run: Process | None,
        ledger: Ledger,
        *,
        whole: bool,
        link: Link | LinkUnknown | None = None,
    ) -> list[Outcome]:
        """Make the deliveries that a run is about.

        Args:
            work: What brought the event; its own route's delivery has its attempts.
            run: What was claimed; None: there is no journal, or the event is an alert.
            ledger: Where deliveries are entered.
            whole: Without a claim: evaluate the routes rather than go on with the delivery by `work.route`.
            link: The link, where it is known already.
        """
        if ledger.generation is not None:
            work = msgspec.structs.replace(work, generation=ledger.generation)
        event = work.subject_matter
        routes, settled = (() if whole else (work.route,)), frozenset[str]()
        if run is not None:
            whole, routes, settled = run.whole, run.routes, run.settled
        outcomes: list[Outcome] = []
        again = work.whole and "" in routes  # it had come as far as its guards or its routes
        routes = tuple(name for name in routes if name or not again)
        if whole or again:
            outcomes += await self._guarded(work, ledger, settled.union(routes))
        if again:
            ledger.decide()
        works = [
            work
            if name == work.route
            else Work(
                route=name,
                accepted_at=work.accepted_at,
                event=event,
                replay=work.replay,
                generation=work.generation,
            )
            for name in routes
        ]
        return outcomes + (await self._gone_on(event, works, link, ledger, settled) if works else [])

    async def _gone_on(
        self,
        event: Event,
        works: list[Work],
        link: Link | LinkUnknown | None,
        ledger: Ledger,
        settled: frozenset[str],
    ) -> list[Outcome]:
        """Go on with deliveries that were begun before, perhaps from an event as it came: it is completed first."""
        try:
            completed = await self._completed(event)
        except LinkUnknown as unknown:
            return await all_of([self._attempts.settle(each, None, unknown, ledger) for each in works])
        if isinstance(completed, Refused):
            return await all_of([self._refused(each, completed, ledger) for each in works])
        works = [msgspec.structs.replace(each, event=completed) for each in works]
        if link is None:
            link = await self._link_for(completed, needed=any(map(self._needs_link, works)))
        results = await all_of([self._go_on(each, link, ledger, settled) for each in works])
        return [outcome for each in results for outcome in each]

    async def _guarded(self, work: Work, ledger: Ledger, but: frozenset[str]) -> list[Outcome]:
        """Deliver by every route that takes the event, unless a guard is against it."""
        event = work.subject_matter
        if event.internal:
            return await self._all_routes(work, ledger, but)
        work = msgspec.structs.replace(work, route="", whole=True)
        try:
            verdict = await self._guard.check(event)
            if not isinstance(verdict, Echo | Refused):
                completed = await self._completed(event)
                if isinstance(completed, Refused):
                    verdict = completed
                else:
                    work = msgspec.structs.replace(work, event=completed)
        except LinkUnknown as unknown:
            return [await self._attempts.settle(work, None, unknown, ledger)]
        if isinstance(verdict, Echo):
            log.info("%s is an echo of our own write", event.key)
            ledger.reason = "echo"
            return [Ignored("echo")]
        if isinstance(verdict, Refused):
            outcome = await self._refused(work, verdict, ledger)
            if verdict.alert is not None:
                await self.route(verdict.alert, self._clock.now())
            return [outcome]
        return await self._all_routes(work, ledger, but)

    async def _refused(self, work: Work, why: Refused, ledger: Ledger) -> Outcome:
        outcome = await self._keeping.bury(work, why.reason, why.message, why.hint)
        ledger.note(outcome, work, last=work.last)
        return outcome

    async def _completed(self, event: Event) -> Event | Refused:
        organization = self._organizations.get(event.organization)
        return event if organization is None else await complete(event, organization, self._rows)

    async def _all_routes(self, work: Work, ledger: Ledger, but: frozenset[str]) -> list[Outcome]:
        """Deliver by every route that takes the event, those in `but` excepted."""
        event = await self._newest.mark(work.subject_matter)
        matches = self._table.match(event)
        needs_link = bool(matches.undecided) or any(route.needs_link(event) for route in matches.routes)
        link = await self._link_for(event, needed=needs_link)
        environment = environment_of(link) if needs_link else ""
        undecided = bool(matches.undecided)
        if undecided and isinstance(link, Linked):
            matches = self._table.match(stamp(event, link))
            undecided = False
        fresh = Work(
            route="",
            accepted_at=work.accepted_at,
            event=event,
            environment=environment,
            generation=work.generation,
            earlier=work.earlier,
            replay=work.replay,
        )
        if not matches.routes and not undecided:
            return [] if "" in but else [await self._unrouted(fresh, ledger)]
        shunned = about(event)
        settling = [
            self._attempts.settle(msgspec.structs.replace(fresh, route=route.name), route, link, ledger)
            for route in matches.routes
            if route.name not in but and (not shunned or route.target != shunned)
        ]
        if undecided and "" not in but:
            settling.append(self._attempts.settle(fresh, None, link, ledger))
        return await all_of(settling)

    async def _go_on(
        self, work: Work, link: Link | LinkUnknown | None, ledger: Ledger, settled: frozenset[str]
    ) -> list[Outcome]:
        """Go on with one delivery that was begun before."""
        event = work.subject_matter
        if work.route:
            route = self._routes.get(work.route)
            reason, message = "", ""
            if route is None:
                message = f"the route {work.route} is no longer in the configuration, or switched off"
                reason = reasons.ROUTE_GONE
            elif isinstance(link, Linked) and not self._table.decide(route, stamp(event, link)):
                message = f"the route {work.route} no longer takes this event: the organization's link has changed"
                reason = reasons.UNROUTED
            if route is None or reason:
                outcome = await self._keeping.bury(work, reason, message, "Replay it to route the event anew.")
                ledger.note(outcome, work, last=work.last)
                return [outcome]
            return [await self._attempts.settle(work, route, link, ledger)]
        if not isinstance(link, Linked):
            return [await self._attempts.settle(work, None, link, ledger)]
        before = {route.name for route in self._table.match(event).routes}
        routes = [route for route in self._table.match(stamp(event, link)).routes if route.name not in before]
        if not routes and not before:
            return [await self._unrouted(work, ledger)]
        ledger.decide()
        decided = [
            (route, msgspec.structs.replace(work, route=route.name)) for route in routes if route.name not in settled
        ]
        return await all_of([self._attempts.settle(each, route, link, ledger) for route, each in decided])

    async def _unrouted(self, work: Work, ledger: Ledger) -> Outcome:
        outcome = await self._keeping.unrouted(work)
        ledger.note(outcome, msgspec.structs.replace(work, attempt=0))
        return outcome

    async def _announce(self) -> None:
        """Send what is to be said of circuits that were opened or closed; the log has it in any case."""
        for transition in self._transitions():
            event = alert_event(transition)
            work = Work(route="", accepted_at=transition.at, event=event)
            log.error("%s: %s (%s)", event.type, transition.target, transition.code)
            try:
                await self._process(work, None, Ledger(), whole=True)
            except FnoLinkError:
                log.exception("the alert %s could not be sent", event.type)

    async def _link_for(self, event: Event, *, needed: bool) -> Link | LinkUnknown | None:
        if event.internal:
            return None
        if not needed:
            return self._links.cached(event.organization)
        try:
            return await self._links.resolve(event.organization)
        except LinkUnknown as unknown:
            return unknown

    def _needs_link(self, work: Work) -> bool:
        if not work.route:
            return True
        route = self._routes.get(work.route)
        return route is not None and route.needs_link(work.subject_matter)
