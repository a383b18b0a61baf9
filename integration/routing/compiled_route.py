"""A route, compiled: its conditions as closures over an event."""

from typing import Any, Literal

import msgspec

from integration.config.keys.model import Route
from integration.errors import Problem
from integration.events import alerts
from integration.events.event import Event
from integration.routing.conditions import Condition, Parser, Test, make_test
from integration.routing.contradictions import contradictions
from integration.routing.event_types import EVENT_TYPES, TYPE
from integration.routing.keys import LINK_ATTRIBUTES, Key
from integration.routing.operators import OPERATORS
from integration.routing.pasted import Pasted, read_pasted
from integration.routing.readers import INGRESS


class CompiledRoute(msgspec.Struct, frozen=True, eq=False):
    """A checked route.

    Args:
        config: The route as configured.
        ordinal: Its place among the routes.
        conditions: What can be judged without the link; all must hold.
        link_conditions: What needs the event to be stamped; all must hold.
        requires_link: Whether deliveries wait for the link. True unless the route says otherwise, and always true where
            it filters on the link; false where it takes fno-link's own alerts only.
    """

    config: Route
    ordinal: int
    conditions: tuple[Condition, ...]
    link_conditions: tuple[Condition, ...]
    requires_link: bool

    @property
    def name(self) -> str:
        """The route's name."""
        return self.config.name

    @property
    def target(self) -> str:
        """The name of the target that deliveries go to."""
        return self.config.target

    @property
    def on_relink(self) -> Literal["hold", "deliver"]:
        """What happens to a parked delivery when another environment is linked meanwhile."""
        return self.config.on_relink

    def needs_link(self, event: Event) -> bool:
        """Tell whether a delivery of this event waits for the link; fno-link's own alerts never do."""
        return self.requires_link and not event.internal


def compile_route(route: Route, ordinal: int, file: str, problems: list[Problem]) -> CompiledRoute:
    """Compile one route; its problems are added to the list, and then the result is not to be used."""
    parser = Parser(f"routes[{ordinal}]", file, problems)
    before = len(problems)
    pasted = read_pasted(route.filter, parser) if route.filter else Pasted(arrays=True)
    conditions: list[Condition] = [
        *_names("organizations", Key("organization", "organization"), route.organizations, parser),
        *_names("sources", INGRESS, route.sources, parser),
        *_types("event_types", route.event_types, parser),
        *_types("filter.includedEventTypes", pasted.event_types, parser),
        *_subject(route.subject_begins_with, route.subject_ends_with, "", exact=route.subject_case_sensitive),
        *_subject(pasted.subject_begins_with, pasted.subject_ends_with, "filter.", exact=pasted.subject_case_sensitive),
    ]
    for i, raw in enumerate(route.filters):
        conditions.extend(filter(None, [parser.condition(raw, f"filters[{i}]")]))
    for i, raw in enumerate(pasted.filters):
        place = f"filter.advancedFilters[{i}]"
        conditions.extend(filter(None, [parser.condition(raw, place, arrays=pasted.arrays)]))
    if len(problems) == before:
        for place, message, hint in contradictions([each for each in conditions if isinstance(each, Test)]):
            parser.problem(place, message, hint)
    linked = tuple(each for each in conditions if each.needs_link)
    if linked and route.requires_link is False:
        names = ", ".join(sorted(LINK_ATTRIBUTES))
        parser.problem("requires_link", f"is false, but {linked[0].place} filters on the link ({names})")
    only_alerts = bool(route.event_types) and all(each.lower().startswith(alerts.PREFIX) for each in route.event_types)
    requires_link = bool(linked) or (not only_alerts if route.requires_link is None else route.requires_link)
    return CompiledRoute(
        route, ordinal, tuple(each for each in conditions if not each.needs_link), linked, requires_link
    )


def _names(place: str, key: Key, names: tuple[str, ...], parser: Parser) -> list[Test]:
    for i, name in enumerate(names):
        if not name:
            parser.problem(f"{place}[{i}]", "is empty", f"name one of the configured {place}")
    return [make_test(place, OPERATORS["StringIn"], key, names, exact=True)] if names else []


def _types(place: str, types: tuple[str, ...], parser: Parser) -> list[Test]:
    for i, each in enumerate(types):
        if not each:
            parser.problem(f"{place}[{i}]", "is empty", "name an event type; `*` stands for any characters")
    if not types or any(not each.strip("*") and each for each in types):
        return []
    return [make_test(place, EVENT_TYPES, TYPE, types)]


def _subject(begins: str, ends: str, prefix: str, *, exact: bool) -> list[Test]:
    if not begins and not ends:
        return []
    names: tuple[Any, Any] = (
        ("subjectBeginsWith", "subjectEndsWith") if prefix else ("subject_begins_with", "subject_ends_with")
    )
    subject = Key("subject", "subject")
    return [
        make_test(prefix + name, OPERATORS[operator], subject, (value,), exact=exact)
        for name, operator, value in zip(names, ("StringBeginsWith", "StringEndsWith"), (begins, ends), strict=True)
        if value
    ]
