"""One event by every route that takes it."""

import msgspec

from integration.delivery.attempts import Attempts, all_of
from integration.delivery.environment import Links, environment_of, stamp
from integration.delivery.journalled.ledger import Ledger
from integration.delivery.outcome import Outcome
from integration.delivery.queued.chain import Chain
from integration.delivery.queued.work import Work
from integration.delivery.screening.newest import Newest
from integration.delivery.undelivered import Undelivered
from integration.errors import LinkUnknown, UnexpectedAnswer, Unforeseen
from integration.events.alerts import target_of
from integration.events.event import Event
from integration.faults import netted
from integration.journal.scope import NO_ROUTE, ByRoute, Slot, WhenLinked
from integration.links.values import Link, Linked
from integration.routing.table import RouteTable
from integration.telemetry.instruments import tell
from integration.telemetry.metrics import LOOKUPS
from integration.telemetry.operations import LINK, ROUTE
from integration.telemetry.spans import span


class Spreading:
    """Delivers events that may be routed.

    Args:
        table: The compiled routes.
        links: The link resolver.
        attempts: Makes the deliveries.
        undelivered: Keeps what no route takes.
        newest: Knows what was delivered last of each kind of business event.
    """

    def __init__(
        self, table: RouteTable, links: Links, attempts: Attempts, undelivered: Undelivered, newest: Newest
    ) -> None:
        self._table = table
        self._links = links
        self._attempts = attempts
        self._undelivered = undelivered
        self._newest = newest

    async def all_routes(self, work: Work, ledger: Ledger, but: frozenset[Slot]) -> list[Outcome]:
        """Deliver by every route that takes the event, those in `but` excepted.

        Raises:
            StorageUnavailable: Something could not be stored.
        """
        event = await self._newest.mark(work.require_event())
        with span(ROUTE, links=(_traceparent(event),)) as told:
            matches = self._table.match(event)
            if told.on:
                names = ",".join(route.name for route in matches.routes)
                told.note(**event.named, type=event.type, route=names, routes=len(matches.routes))
        needs_link = bool(matches.undecided) or any(route.needs_link(event) for route in matches.routes)
        link = await self.link_for(event, needed=needs_link)
        environment = environment_of(link) if needs_link else ""
        undecided = bool(matches.undecided)
        if undecided and isinstance(link, Linked):
            matches = self._table.match(stamp(event, link))
            undecided = False
        before = work.chain
        chain = Chain(generation=before.generation, earlier=before.earlier, replay=before.replay)
        fresh = Work(
            scope=WhenLinked(),
            accepted_at=work.accepted_at,
            event=event,
            environment=environment,
            chain=chain,
            trail=work.trail,
        )
        if not matches.routes and not undecided:
            return [] if NO_ROUTE in but else [await self.unrouted(fresh, ledger)]
        shunned = target_of(event)
        settling = [
            self._attempts.settle(msgspec.structs.replace(fresh, scope=ByRoute(route.name)), route, link, ledger)
            for route in matches.routes
            if ByRoute(route.name) not in but and (not shunned or route.target != shunned)
        ]
        if undecided and NO_ROUTE not in but:
            settling.append(self._attempts.settle(fresh, None, link, ledger))
        return await all_of(settling)

    async def unrouted(self, work: Work, ledger: Ledger) -> Outcome:
        """Keep an event that no route takes, and enter it.

        Raises:
            StorageUnavailable: It is not known to be kept.
        """
        outcome = await self._undelivered.unrouted(work)
        ledger.unrouted(outcome, work)
        return outcome

    async def link_for(self, event: Event, *, needed: bool) -> Link | LinkUnknown | None:
        """Find out the link of an event's organization; where it is not needed, only as far as it is known."""
        if event.internal:
            return None
        if not needed:
            return self._links.cached(event.organization)
        organization = event.organization
        with span(LINK, organization=organization) as told:
            held = told.on and self._links.cached(organization) is not None
            try:
                link = await netted(self._links.resolve(organization), _unexpected, passing=(LinkUnknown,))
            except LinkUnknown as unknown:
                told.failed(unknown.code)
                told.note(link="unknown")
                tell(LOOKUPS, organization=organization, outcome="unknown")
                return unknown
            told.note(link="linked" if isinstance(link, Linked) else "not_linked")
            tell(LOOKUPS, organization=organization, outcome="hit" if held else "asked")
            return link


def _traceparent(event: Event) -> str:
    """Give the context that its sender made the event in, by the Distributed Tracing extension of CloudEvents."""
    return str(event.extensions.get("traceparent", ""))


async def _unexpected(fault: Unforeseen) -> Link:
    # The fault lies with the organization's link, not with the event: so the event waits, as for any unknown link.
    msg = f"the link could not be found out: {fault}"
    raise UnexpectedAnswer(msg)
