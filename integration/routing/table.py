"""The route table: compiled once from the configuration, never changed, asked for every event."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from integration.config.keys.model import Configuration, FinanceOperationsTarget, Route
from integration.errors import ConfigurationError, Problem
from integration.events.event import Event
from integration.routing.compiled_route import CompiledRoute, compile_route
from integration.routing.conditions import Test
from integration.routing.explain import Explanation, explain
from integration.routing.index import build
from integration.routing.keys import LINK_ATTRIBUTES
from integration.routing.nodes import Holds, Seen, Visit, holds
from integration.routing.renamed import TYPE_KEYS
from integration.routing.target_templates import template_problems


class Matches(msgspec.Struct, frozen=True):
    """What a table says about an event, in configuration order.

    Args:
        routes: The routes that take it.
        undecided: Routes that may take it: everything holds but what they ask about the link, which this event is not
            stamped with yet. Resolve the link, stamp the event, then ask `RouteTable.decide` for each.
    """

    routes: tuple[CompiledRoute, ...] = ()
    undecided: tuple[CompiledRoute, ...] = ()


_NOTHING = Matches()


def escalation_route(target: str) -> str:
    """Name the route by which alerts escalate to a target; no configured route can be called so."""
    return f"escalation:{target}"


class RouteTable:
    """All routes of a configuration, indexed. Made by `compile`; immutable, so any number of tasks may share it.

    Args:
        routes: As configured, in their order.
        by_name_only: Routes that take nothing by themselves: an alert that escalates is sent by them.
    """

    def __init__(self, routes: Sequence[CompiledRoute], by_name_only: Sequence[CompiledRoute] = ()) -> None:
        self.routes = tuple(routes)
        enabled = [route for route in routes if route.config.enabled]
        self.by_name = {route.name: route for route in (*enabled, *by_name_only)}
        """The routes that deliveries may go by: those that are switched off are not among them."""
        ordinary = [route for route in enabled if not route.config.default]
        self._defaults = tuple(route for route in enabled if route.config.default)
        # Without defaults and questions about the link, what is found is the answer.
        self._plain = not self._defaults and not any(route.link_conditions for route in enabled)
        self._alone = tuple(Matches((route,)) for route in routes)
        self._visit: Visit = build((route.ordinal, route.conditions) for route in ordinary)
        self._visit_defaults: Visit = build((route.ordinal, route.conditions) for route in self._defaults)
        self._linked: dict[int, tuple[Holds, ...]] = {
            route.ordinal: tuple(holds(each) for each in route.link_conditions)
            for route in enabled
            if route.link_conditions
        }

    @classmethod
    def of(cls, configuration: Configuration) -> "RouteTable":
        """Compile and check the routes of a configuration, and those of its escalation.

        Raises:
            ConfigurationError: With every problem of every route.
        """
        return cls.compile(
            configuration.routes,
            file=configuration.file,
            targets=configuration.targets,
            escalation=configuration.health.escalation_targets,
        )

    @classmethod
    def compile(
        cls,
        routes: Iterable[Route],
        *,
        file: str = "",
        targets: Mapping[str, msgspec.Struct] | None = None,
        escalation: Iterable[str] = (),
    ) -> "RouteTable":
        """Compile and check routes.

        Args:
            routes: As configured; disabled ones are checked too.
            file: The configuration's file, for problems.
            targets: The configured targets by name; where given, their templates are checked too.
            escalation: The targets that alerts escalate to.

        Returns:
            The table.

        Raises:
            ConfigurationError: With every problem of every route.
        """
        problems: list[Problem] = []
        compiled = [compile_route(route, i, file, problems) for i, route in enumerate(routes)]
        problems += template_problems(targets or {}, file=file)
        for i, route in enumerate(routes):
            if route.requires_link is False and isinstance((targets or {}).get(route.target), FinanceOperationsTarget):
                message = f"is false, but the target {route.target} is the linked environment"
                problems.append(Problem(f"routes[{i}].requires_link", message, "leave it out", file))
        if problems:
            raise ConfigurationError(problems)
        steps = [Route(name=escalation_route(target), target=target, requires_link=False) for target in escalation]
        return cls(compiled, [compile_route(step, len(compiled), file, problems) for step in steps])

    def match(self, event: Event) -> Matches:
        """Find the routes that take an event, and those that its link will decide."""
        seen: Seen = {}
        found: list[int] = []
        self._visit(event, seen, found)
        if self._plain:
            if len(found) == 1:
                return self._alone[found[0]]
            if not found:
                return _NOTHING
        matches = self._split(event, seen, found) if found else _NOTHING
        if not matches.routes and self._defaults:
            return self._match_defaults(event, seen, matches.undecided)
        return matches

    def decide(self, route: CompiledRoute, event: Event) -> bool:
        """Tell whether an undecided route takes the event, now that it is stamped with its link.

        Args:
            route: One of `Matches.undecided` for this event.
            event: The event with `fnourl`, `fnoid` and `fnotenantid`.
        """
        return route in self.match(event).routes if route.config.default else self._passes(route.ordinal, event, {})

    def explain(self, event: Event) -> tuple[Explanation, ...]:
        """Say for every route, disabled ones included, whether it takes the event and why (not)."""
        return explain(self.routes, self.match(event), event)

    def takes_type(self, event_type: str) -> bool:
        """Tell whether some enabled route could take events of this type, whatever else it asks for."""
        return any(could_take(route, event_type) for route in self.routes if route.config.enabled)

    def _match_defaults(self, event: Event, seen: Seen, undecided: tuple[CompiledRoute, ...] = ()) -> Matches:
        found: list[int] = []
        self._visit_defaults(event, seen, found)
        matches = self._split(event, seen, found) if found else _NOTHING
        if not undecided:
            return matches
        # While another route may still match, a default one cannot be decided either.
        ordinals = sorted(route.ordinal for route in (*undecided, *matches.routes, *matches.undecided))
        return Matches((), tuple(self.routes[ordinal] for ordinal in ordinals))

    def _split(self, event: Event, seen: Seen, found: list[int]) -> Matches:
        if len(found) > 1:
            found = sorted(set(found))
        if not self._linked or self._linked.keys().isdisjoint(found):
            return self._alone[found[0]] if len(found) == 1 else Matches(tuple(map(self.routes.__getitem__, found)))
        known = event.internal or not LINK_ATTRIBUTES.isdisjoint(event.extensions)
        routes: list[CompiledRoute] = []
        undecided: list[CompiledRoute] = []
        for ordinal in found:
            if ordinal not in self._linked or (known and self._passes(ordinal, event, seen)):
                routes.append(self.routes[ordinal])
            elif not known:
                undecided.append(self.routes[ordinal])
        return Matches(tuple(routes), tuple(undecided))

    def _passes(self, ordinal: int, event: Event, seen: Seen) -> bool:
        return all(condition(event, seen) for condition in self._linked.get(ordinal, ()))


def could_take(route: CompiledRoute, event_type: str) -> bool:
    """Tell whether a route could take events of this type, whatever else it asks for."""
    folded = event_type.casefold()
    tests = [each for each in route.conditions if isinstance(each, Test) and each.key.root in TYPE_KEYS]
    return all(each.judge()(folded) for each in tests)
