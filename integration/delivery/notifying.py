"""Alerts of the watch: by the routes that take them, or by those alone that are named.

The delivery by one route is claimed in the journal, as the retry of any delivery is. So an alert that is sent again,
because who sent it died before he could note that, finds its deliveries made.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import msgspec

from integration.delivery.queued.work import Work
from integration.errors import StorageUnavailable
from integration.events.alerts import target_of
from integration.events.event import Event
from integration.journal.scope import ByRoute
from integration.loggers import logger
from integration.routing.compiled_route import CompiledRoute
from integration.routing.table import RouteTable, escalation_route

log = logger("delivery")


class Told(msgspec.Struct, frozen=True):
    """What became of an alert.

    Args:
        taken: The routes whose delivery is made, or kept for another attempt, or a dead letter: nothing is left to do.
        left: Those whose delivery could not even be stored.
    """

    taken: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


class Notifying:
    """Delivers alerts; each route is settled for itself.

    Args:
        table: The compiled routes.
        run: Goes on with one delivery under the journal's claim.
    """

    def __init__(self, table: RouteTable, run: Callable[[Work], Awaitable[object]]) -> None:
        self._table = table
        self._run = run

    async def notify(
        self,
        event: Event,
        at: datetime,
        *,
        routes: Sequence[str] | None = None,
        targets: Sequence[str] = (),
        settled: Sequence[str] = (),
    ) -> Told:
        """Deliver an alert; never to the target that it is about.

        Args:
            event: The alert.
            at: When it came to be.
            routes: None: by every route that takes it; else by these alone, whether they take it or not.
            targets: Targets of an escalation that it goes to besides; one that a route leads to hears it by that.
            settled: Routes that have it already.
        """
        wanted = self._wanted(event, routes, targets)
        open_ones = [route for route in wanted if route.name not in settled]
        taken: list[str] = []
        left: list[str] = []
        for route in open_ones:  # one after the other: they have one row in the journal
            try:
                await self._run(Work(scope=ByRoute(route.name), accepted_at=at, event=event))
            except StorageUnavailable as away:
                log.error("the alert %s by %s could not be stored: %s", event.id, route.name, away)  # noqa: TRY400
                left.append(route.name)
            else:
                taken.append(route.name)
        return Told((*(route.name for route in wanted if route.name in settled), *taken), tuple(left))

    def takes(self, event: Event) -> tuple[str, ...]:
        """Name the routes by which an alert goes where nothing else is said."""
        return tuple(route.name for route in self._wanted(event, None, ()))

    def _wanted(self, event: Event, routes: Sequence[str] | None, targets: Sequence[str]) -> list[CompiledRoute]:
        if routes is None:
            found = list(self._table.match(event).routes)
        else:
            found = [route for name in routes if (route := self._table.by_name.get(name)) is not None]
            if gone := [name for name in routes if name not in self._table.by_name]:
                log.warning("%s does not reach those who heard of it by routes that are gone: %s", event.id, gone)
        steps = [step for target in targets if (step := self._table.by_name.get(escalation_route(target))) is not None]
        shunned = target_of(event)
        wanted = {route.name: route for route in (*found, *steps) if not shunned or route.target != shunned}.values()
        reached = {route.target for route in wanted if not _is_step(route)}
        return [route for route in wanted if not _is_step(route) or route.target not in reached]


def _is_step(route: CompiledRoute) -> bool:
    return route.name == escalation_route(route.target)
