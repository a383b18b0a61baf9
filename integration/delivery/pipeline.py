"""source → decode → routes → link, where a matching route needs it → deliver each → record.

Whatever happens to a delivery is durable before the message that brought it is acknowledged: delivered, on the retry
queue, parked, or a dead letter. Only when none of that can be stored does an exception leave this room, and then the
message stays where it was.
"""

import asyncio
import hashlib
import logging
import random
from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from integration.clock import Clock
from integration.config.model import Configuration
from integration.dead_letters import Attempted, DeadLetters, Record, reasons
from integration.delivery.completion import Rows, complete
from integration.delivery.guard import Echo, Guard, Refused
from integration.delivery.outcome import Buried, Deferred, Delivered, Ignored, Outcome, Waiting
from integration.delivery.persist import persist
from integration.delivery.retries import Retries
from integration.delivery.retry import GiveUp, decide
from integration.delivery.shipment import Shipment, Target
from integration.delivery.work import Work
from integration.errors import DeliveryFailed, LinkUnknown, StorageUnavailable
from integration.events.decode import decode
from integration.events.event import Event
from integration.events.inbound import Ignored as IgnoredMessage
from integration.events.inbound import Inbound, Undecoded
from integration.links.values import Link, Linked, NotLinked
from integration.routing.compiled_route import CompiledRoute
from integration.routing.table import RouteTable

log = logging.getLogger("fno_link.delivery")

_RESPONSE = 500


class Links(Protocol):
    """What this room needs of the link resolver."""

    async def resolve(self, name: str) -> Link:
        """Answer, waiting for it if need be; raises LinkUnknown."""
        ...

    def cached(self, name: str) -> Link | None:
        """Answer at once, or None."""
        ...


class Targets(Protocol):
    """What this room needs of the targets."""

    def get(self, name: str) -> Target:
        """Give the target of this name."""
        ...


def fingerprint(link: Linked | None) -> str:
    """Shorten an environment's identity to what parked deliveries are compared by; empty for none."""
    if link is None:
        return ""
    return hashlib.sha256(f"{link.url}\x00{link.tenant_id}\x00{link.id}".encode()).hexdigest()[:16]


def stamp(event: Event, link: Linked) -> Event:
    """Write the linked environment on the event."""
    return event.stamp({"fnourl": link.url, "fnoid": link.id, "fnotenantid": link.tenant_id})


class Pipeline:
    """What happens between an accepted message and its deliveries.

    Args:
        configuration: The checked configuration.
        table: The compiled routes.
        links: The link resolver.
        rows: Dataverse, for the rows of events that were cut for their size.
        targets: The targets by name.
        dead_letters: Where dead letters and parked deliveries are kept.
        retries: The retry queue.
        clock: The time.
        rng: Jitter.
        guard: Judges events before they are routed.
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
    ) -> None:
        self._configuration = configuration
        self._table = table
        self._routes = {route.name: route for route in table.routes if route.config.enabled}
        self._links = links
        self._rows = rows
        self._targets = targets
        self._dead_letters = dead_letters
        self._retries = retries
        self._clock = clock
        self._rng = rng
        self._guard = guard or Guard(configuration, clock=clock)

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
                    outcomes += await self.admit(
                        Work(route="", accepted_at=inbound.received_at, event=item, whole=True, replay=replay)
                    )
                case Undecoded():
                    outcomes.append(await self._bury_undecoded(item, inbound, replay))
                case IgnoredMessage():
                    log.info("%s: %s message acknowledged", inbound.ingress, item.reason)
                    outcomes.append(Ignored(item.reason))
        return outcomes

    async def admit(self, work: Work) -> list[Outcome]:
        """Guard an event as a whole, complete it where it was cut, then deliver it by every route that takes it.

        Raises:
            StorageUnavailable: Something could not be stored.
        """
        event = work.subject_matter
        try:
            verdict = await self._guard.check(event)
            if not isinstance(verdict, Echo | Refused):
                organization = self._configuration.organizations.get(event.organization)
                completed = event if organization is None else await complete(event, organization, self._rows)
                if isinstance(completed, Refused):
                    verdict = completed
                else:
                    event = completed
        except LinkUnknown as unknown:
            return [await self._without_link(work, None, unknown)]
        if isinstance(verdict, Echo):
            log.info("%s is an echo of our own write", event.key)
            return [Ignored("echo")]
        if isinstance(verdict, Refused):
            outcome = await self._bury(work, verdict.reason, verdict.message, verdict.hint)
            if verdict.alert is not None:
                await self.route(verdict.alert, self._clock.now())
            return [outcome]
        return await self.route(event, work.accepted_at, replay=work.replay)

    async def route(self, event: Event, accepted_at: datetime, *, replay: int = 0) -> list[Outcome]:
        """Deliver one event by every route that takes it.

        Raises:
            StorageUnavailable: Something could not be stored.
        """
        matches = self._table.match(event)
        needs_link = bool(matches.undecided) or any(route.needs_link(event) for route in matches.routes)
        link = await self._link_for(event, needed=needs_link)
        environment = _environment(link) if needs_link else ""
        undecided = bool(matches.undecided)
        if undecided and isinstance(link, Linked):
            matches = self._table.match(stamp(event, link))
            undecided = False
        whole = Work(route="", accepted_at=accepted_at, event=event, environment=environment, replay=replay)
        works = [(route, msgspec.structs.replace(whole, route=route.name)) for route in matches.routes]
        if not works and not undecided:
            return [await self._unrouted(event, accepted_at, replay)]
        settling = [self._settle(work, route, link) for route, work in works]
        if undecided:
            settling.append(self._without_link(whole, None, link))
        return await _all(settling)

    async def resume(self, work: Work) -> list[Outcome]:
        """Try a deferred delivery again.

        Raises:
            CorruptRecord: The claim-check of the event is gone.
            StorageUnavailable: Something could not be stored; the message must not be acknowledged.
        """
        redeemed = await self._retries.redeem(work)
        if redeemed.whole:
            outcomes = await self.admit(redeemed)
        else:
            link = await self._link_for(redeemed.subject_matter, needed=self._needs_link(redeemed))
            outcomes = await self.release(redeemed, link)
        if work.payload and not any(isinstance(outcome, Deferred) for outcome in outcomes):
            try:
                await self._retries.forget(work)
            except StorageUnavailable:
                log.warning("the claim-check %s is left behind", work.payload)
        return outcomes

    async def release(self, work: Work, link: Link | LinkUnknown | None) -> list[Outcome]:
        """Go on with a delivery that was deferred or parked, now that `link` is known.

        Raises:
            StorageUnavailable: Something could not be stored.
        """
        event = work.subject_matter
        if work.route:
            route = self._routes.get(work.route)
            if route is None:
                message = f"the route {work.route} is no longer in the configuration, or switched off"
                return [await self._bury(work, reasons.ROUTE_GONE, message, "Replay it to route the event anew.")]
            if isinstance(link, Linked) and not self._table.decide(route, stamp(event, link)):
                message = f"the route {work.route} no longer takes this event: the organization's link has changed"
                return [await self._bury(work, reasons.UNROUTED, message, "Replay it to route the event anew.")]
            return [await self._settle(work, route, link)]
        if not isinstance(link, Linked):
            return [await self._without_link(work, None, link)]
        before = {route.name for route in self._table.match(event).routes}
        routes = [route for route in self._table.match(stamp(event, link)).routes if route.name not in before]
        if not routes and not before:
            return [await self._unrouted(event, work.accepted_at, work.replay)]
        decided = [(route, msgspec.structs.replace(work, route=route.name)) for route in routes]
        return await _all([self._settle(each, route, link) for route, each in decided])

    async def _settle(self, work: Work, route: CompiledRoute, link: Link | LinkUnknown | None) -> Outcome:
        """Make one delivery, or store why not."""
        event = work.subject_matter
        if route.needs_link(event):
            if not isinstance(link, Linked):
                return await self._without_link(work, route, link)
            if work.environment and work.environment != fingerprint(link) and route.on_relink == "hold":
                message = "the organization is linked to another environment than the one this was meant for"
                return await self._park(work, reasons.PARKED_FOR_OTHER_ENVIRONMENT, message, route.target)
        linked = link if isinstance(link, Linked) else None
        if linked is not None:
            event = stamp(event, linked)
        shipment = Shipment(event, route.name, work.earlier + work.attempt + 1, linked, work.replay)
        try:
            receipt = await self._targets.get(route.target).deliver(shipment)
        except DeliveryFailed as failure:
            tried = msgspec.structs.replace(work, attempt=work.attempt + 1, last=self._attempted(failure))
            if failure.transient:
                return await self._defer(tried, failure, route.target)
            return await self._bury(tried, failure.code, str(failure), failure.hint, route.target)
        log.info("%s delivered to %s by %s", event.key, route.target, route.name)
        return Delivered(route.name, receipt.status, receipt.response)

    async def _without_link(self, work: Work, route: CompiledRoute | None, link: Link | LinkUnknown | None) -> Outcome:
        target = route.target if route else ""
        if isinstance(link, NotLinked):
            return await self._park(work, reasons.NOT_LINKED, link.message, target)
        if not isinstance(link, LinkUnknown):
            msg = f"a delivery that needs the link was given {type(link).__name__}"
            raise TypeError(msg)
        tried = msgspec.structs.replace(work, attempt=work.attempt + 1, last=self._attempted(link))
        return await self._defer(tried, link, target)

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

    async def _defer(self, work: Work, failure: DeliveryFailed | LinkUnknown, target: str) -> Outcome:
        schedule = self._configuration.delivery.retry_after
        decision = decide(schedule, work.attempt, failure.retry_after, self._rng)
        if isinstance(decision, GiveUp):
            message = f"given up after {decision.attempts} attempts; the last one: {failure}"
            reason = reasons.RETRIES_EXHAUSTED if isinstance(failure, DeliveryFailed) else failure.code
            return await self._bury(work, reason, message, failure.hint, target)
        await self._retries.later(work, decision.delay)
        log.warning("delivery by %s deferred: %s: %s", work.route or "undecided routes", failure.code, failure)
        return Deferred(work.route, self._clock.now() + decision.delay, failure.code, work.attempt)

    async def _park(self, work: Work, reason: str, message: str, target: str) -> Outcome:
        hint = "It is released by itself when the link is back."
        if reason == reasons.PARKED_FOR_OTHER_ENVIRONMENT:
            hint = 'Check that it belongs there, then replay it; or set on_relink = "deliver" on the route.'
        record = self._record(work, reason, message, hint, target)
        await persist(lambda: self._dead_letters.park(record))
        log.warning("delivery by %s parked: %s", work.route or "undecided routes", reason)
        return Waiting(work.route, reason)

    async def _bury(self, work: Work, reason: str, message: str, hint: str, target: str = "") -> Outcome:
        record = self._record(work, reason, message, hint, target)
        path = await persist(lambda: self._dead_letters.bury(record))
        log.error("delivery by %s is a dead letter (%s: %s): %s", work.route or "no route", reason, message, path)
        return Buried(work.route, reason)

    async def _unrouted(self, event: Event, accepted_at: datetime, replay: int) -> Outcome:
        if event.internal:
            log.warning("no route takes the alert %s", event.type)
            return Ignored("unrouted")
        if self._configuration.routing.unmatched == "journal":
            log.info("%s of type %s is taken by no route", event.key, event.type)
            return Ignored("unrouted")
        work = Work(route="", accepted_at=accepted_at, event=event, whole=True, replay=replay)
        message = f"no route takes events of type {event.type[:200]}"
        return await self._bury(work, reasons.UNROUTED, message, "Add a route for it, then replay the dead letter.")

    async def _bury_undecoded(self, item: Undecoded, inbound: Inbound, replay: int) -> Outcome:
        now = self._clock.now()
        record = Record(
            organization=inbound.organization,
            reason=item.reason,
            message=item.message,
            hint=item.hint,
            accepted_at=inbound.received_at,
            recorded_at=now,
            source=inbound.ingress,
            body=item.raw,
            content_type=inbound.content_type,
            headers=inbound.headers,
            properties=inbound.properties,
            attempts=replay,
            replays=replay,
        )
        path = await persist(lambda: self._dead_letters.bury(record))
        log.error("%s: a message is a dead letter (%s: %s): %s", inbound.ingress, item.reason, item.message, path)
        return Buried("", item.reason)

    def _record(self, work: Work, reason: str, message: str, hint: str, target: str) -> Record:
        event = work.subject_matter
        return Record(
            organization=event.organization,
            reason=reason,
            message=message,
            hint=hint,
            accepted_at=work.accepted_at,
            recorded_at=self._clock.now(),
            source=event.ingress,
            event=event,
            route=work.route,
            target=target,
            attempts=work.earlier + work.attempt,
            last=work.last,
            environment=work.environment,
            whole=work.whole,
            replays=work.replay,
        )

    def _attempted(self, failure: DeliveryFailed | LinkUnknown) -> Attempted:
        response = failure.response[:_RESPONSE] if isinstance(failure, DeliveryFailed) else ""
        return Attempted(self._clock.now(), failure.code, str(failure), failure.status, response)


def _environment(link: Link | LinkUnknown | None) -> str:
    """Say for which environment an event is meant: the linked one, or the one that was linked last."""
    if isinstance(link, NotLinked):
        return fingerprint(link.last)
    return fingerprint(link) if isinstance(link, Linked) else ""


async def _all(settling: Sequence[Awaitable[Outcome]]) -> list[Outcome]:
    """Run deliveries side by side; let every one come to its end before the first exception leaves."""
    results = await asyncio.gather(*settling, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if not isinstance(result, BaseException)]
