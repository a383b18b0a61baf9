"""Deliveries that were begun before: a retry, a release of what was parked, a replay."""

import msgspec

from integration.dead_letters import reasons
from integration.delivery.attempts import Attempts, all_of
from integration.delivery.environment import stamp
from integration.delivery.journalled.ledger import Ledger
from integration.delivery.outcome import Outcome
from integration.delivery.queued.work import Work
from integration.delivery.screening.guard import Refused
from integration.delivery.screening.screening import Screening
from integration.delivery.spreading import Spreading
from integration.delivery.undelivered import Undelivered
from integration.errors import LinkUnknown, Unforeseen
from integration.events.event import Event
from integration.faults import netted
from integration.journal.scope import ByRoute, Slot
from integration.links.values import Link, Linked
from integration.routing.compiled_route import CompiledRoute
from integration.routing.table import RouteTable


class Continuing:
    """Goes on with deliveries.

    Args:
        table: The compiled routes.
        screening: Completes events.
        spreading: Finds out links, keeps what no route takes.
        attempts: Makes the deliveries.
        undelivered: Keeps those whose route is gone.
    """

    def __init__(
        self,
        table: RouteTable,
        screening: Screening,
        spreading: Spreading,
        attempts: Attempts,
        undelivered: Undelivered,
    ) -> None:
        self._table = table
        self._screening = screening
        self._spreading = spreading
        self._attempts = attempts
        self._undelivered = undelivered

    async def make(  # noqa: PLR0913  # what going on depends on
        self,
        event: Event,
        works: list[Work],
        link: Link | LinkUnknown | None,
        ledger: Ledger,
        settled: frozenset[Slot],
        *,
        anew: bool = False,
    ) -> list[Outcome]:
        """Go on with deliveries of one event, perhaps from an event as it came: it is completed first.

        Args:
            event: The event.
            works: The deliveries.
            link: The link, where it is known already.
            ledger: Where they are entered.
            settled: Routes whose delivery is recorded and not to be made again.
            anew: Whether the routes' filters are asked again, not only what they ask of the link.

        Raises:
            StorageUnavailable: Something could not be stored.
        """

        async def failed(fault: Unforeseen) -> list[Outcome]:
            left = [each for each in works if not ledger.knows(each.scope)]
            return await all_of([self._attempts.failed(each, fault, ledger) for each in left])

        return await netted(self._all(event, works, link, ledger, settled, anew=anew), failed)

    async def _all(  # noqa: PLR0913  # as above
        self,
        event: Event,
        works: list[Work],
        link: Link | LinkUnknown | None,
        ledger: Ledger,
        settled: frozenset[Slot],
        *,
        anew: bool,
    ) -> list[Outcome]:
        try:
            completed = await self._screening.completed(event)
        except LinkUnknown as unknown:
            return await all_of([self._attempts.settle(each, None, unknown, ledger) for each in works])
        if isinstance(completed, Refused):
            return await all_of([self._attempts.refused(each, completed, ledger) for each in works])
        works = [msgspec.structs.replace(each, event=completed) for each in works]
        if link is None:
            link = await self._spreading.link_for(completed, needed=any(map(self._needs_link, works)))
        results = await all_of([self._one(each, link, ledger, settled, anew=anew) for each in works])
        return [outcome for each in results for outcome in each]

    async def _one(
        self, work: Work, link: Link | LinkUnknown | None, ledger: Ledger, settled: frozenset[Slot], *, anew: bool
    ) -> list[Outcome]:
        async def failed(fault: Unforeseen) -> list[Outcome]:
            return [await self._attempts.failed(work, fault, ledger)]

        return await netted(self._each(work, link, ledger, settled, anew=anew), failed)

    async def _each(
        self, work: Work, link: Link | LinkUnknown | None, ledger: Ledger, settled: frozenset[Slot], *, anew: bool
    ) -> list[Outcome]:
        event = work.require_event()
        if isinstance(work.scope, ByRoute):
            name = work.scope.name
            route = self._table.by_name.get(name)
            reason, message = "", ""
            if route is None:
                message = f"the route {name} is no longer in the configuration, or switched off"
                reason = reasons.ROUTE_GONE
            elif anew and not self._takes(route, stamp(event, link) if isinstance(link, Linked) else event):
                message = f"the route {name} no longer takes this event: its filters have changed, or the link"
                reason = reasons.UNROUTED
            elif not anew and isinstance(link, Linked) and not self._table.decide(route, stamp(event, link)):
                message = f"the route {name} no longer takes this event: the organization's link has changed"
                reason = reasons.UNROUTED
            if route is None or reason:
                outcome = await self._undelivered.bury(work, reason, message, "Replay it to route the event anew.")
                ledger.note(outcome, work, last=work.chain.last)
                return [outcome]
            return [await self._attempts.settle(work, route, link, ledger)]
        if not isinstance(link, Linked):
            return [await self._attempts.settle(work, None, link, ledger)]
        before = {route.name for route in self._table.match(event).routes}
        routes = [route for route in self._table.match(stamp(event, link)).routes if route.name not in before]
        if not routes and not before:
            return [await self._spreading.unrouted(work, ledger)]
        ledger.decide()
        decided = [
            (route, msgspec.structs.replace(work, scope=ByRoute(route.name)))
            for route in routes
            if ByRoute(route.name) not in settled
        ]
        return await all_of([self._attempts.settle(each, route, link, ledger) for route, each in decided])

    def _takes(self, route: CompiledRoute, event: Event) -> bool:
        matches = self._table.match(event)
        return route in matches.routes or route in matches.undecided

    def _needs_link(self, work: Work) -> bool:
        if not isinstance(work.scope, ByRoute):
            return True
        route = self._table.by_name.get(work.scope.name)
        return route is not None and route.needs_link(work.require_event())
