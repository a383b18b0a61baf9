"""Why a route takes an event or does not: its conditions one by one, in the order written."""

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from integration.events.event import Event
from integration.routing.compiled_route import CompiledRoute
from integration.routing.conditions import Condition, Group, Test, shown
from integration.routing.event_types import EVENT_TYPES
from integration.routing.keys import DATA, LINK_ATTRIBUTES, Key
from integration.routing.readers import DICT, INGRESS, LIST, attribute, walk


class Explanation(msgspec.Struct, frozen=True):
    """One route's verdict on one event.

    Args:
        route: Its name.
        matched: Whether it takes the event; None: the link decides, and the event is not stamped with it.
        because: The first condition that does not hold, with the value seen; or what held.
    """

    route: str
    matched: bool | None
    because: str


class _Matched(Protocol):
    """The result of asking the table."""

    @property
    def routes(self) -> tuple[CompiledRoute, ...]: ...
    @property
    def undecided(self) -> tuple[CompiledRoute, ...]: ...


def explain(routes: Sequence[CompiledRoute], matches: _Matched, event: Event) -> tuple[Explanation, ...]:
    """Explain what a table said about an event.

    Args:
        routes: All of the table's routes.
        matches: What the table said.
        event: The event.
    """
    took = [route.name for route in matches.routes if not route.config.default]
    may_take = [] if took else [route.name for route in matches.undecided if not route.config.default]
    return tuple(
        _explain(route, took, may_take, event) if route.config.enabled else _disabled(route) for route in routes
    )


def _explain(route: CompiledRoute, took: list[str], may_take: list[str], event: Event) -> Explanation:
    failed = _first_failing(route.conditions, event)
    if failed is not None:
        return _failed(route, failed, event)
    if route.config.default and took:
        because = f"a default route, and {', '.join(took)} took the event"
        return Explanation(route.name, matched=False, because=because)
    if route.link_conditions and not event.internal and LINK_ATTRIBUTES.isdisjoint(event.extensions):
        first = route.link_conditions[0]
        because = f"everything else holds; {first.place} asks about the link, which this event does not carry yet"
        return Explanation(route.name, matched=None, because=because)
    failed = _first_failing(route.link_conditions, event)
    if failed is not None:
        return _failed(route, failed, event)
    if route.config.default and may_take:
        because = f"a default route, and {', '.join(may_take)} may take the event"
        return Explanation(route.name, matched=None, because=because)
    held = len(route.conditions) + len(route.link_conditions)
    return Explanation(route.name, matched=True, because=_held(held, default=route.config.default))


def _disabled(route: CompiledRoute) -> Explanation:
    return Explanation(route.name, matched=False, because="the route is disabled (enabled = false)")


def _failed(route: CompiledRoute, condition: Condition, event: Event) -> Explanation:
    return Explanation(route.name, matched=False, because=f"{condition.place}: {describe(condition, event)}")


def _held(count: int, *, default: bool) -> str:
    prefix = "no other route took the event; " if default else ""
    if not count:
        return prefix + "the route has no conditions"
    return prefix + ("its one condition holds" if count == 1 else f"all {count} conditions hold")


def _first_failing(conditions: Sequence[Condition], event: Event) -> Condition | None:
    return next((each for each in conditions if not satisfied(each, event)), None)


def satisfied(condition: Condition, event: Event) -> bool:
    """Tell whether a condition holds for an event."""
    if isinstance(condition, Test):
        return condition.judge()(condition.read(event))
    each = (satisfied(member, event) for member in condition.members)
    if condition.kind == "any":
        return any(each)
    return all(each) == (condition.kind == "all")


def describe(condition: Condition, event: Event) -> str:
    """Say in words why a condition does not hold."""
    if isinstance(condition, Group):
        return _describe_group(condition, event)
    wanted = _wanted(condition)
    if condition.key.root == DATA:
        return f"{condition.key.text} {_seen_data(condition.key, event)}, wanted {wanted}"
    name = "the source" if condition.key is INGRESS else condition.key.text
    value = attribute(event, condition.key.root)
    return f"{name} is {'missing' if value is None else shown(value)}, wanted {wanted}"


def _describe_group(group: Group, event: Event) -> str:
    if group.kind == "not":
        return "what must not hold does: " + ", ".join(member.place for member in group.members)
    failing = [member for member in group.members if not satisfied(member, event)]
    first = f"{failing[0].place}: {describe(failing[0], event)}"
    return first if group.kind == "all" else f"none of {len(group.members)} holds; the first: {first}"


def _wanted(test: Test) -> str:
    name = "one of" if test.operator is EVENT_TYPES else test.operator.name
    if test.operator.takes == "nothing":
        return name
    return f"{name} {shown(test.written[0] if test.operator.takes == 'value' else test.written)}"


def _seen_data(key: Key, event: Event) -> str:
    values, through = walk(event.payload, key.path)
    if not values:
        near = _near(key, event)
        return f"is missing (the event has {near})" if near else "is missing"
    return f"is {shown(values if through else values[0])}"


def _near(key: Key, event: Event) -> str:
    """Find the spelling of the key that the event has, where only the case differs."""
    nodes: list[Any] = [event.payload]
    spelled: list[str] = []
    for wanted in key.path:
        below = [item for node in nodes for item in (node if type(node) is LIST else [node]) if type(item) is DICT]
        names: list[str] = [name for item in below for name in item if name.casefold() == wanted.casefold()]
        if not names:
            return ""
        spelled.append(wanted if wanted in names else names[0])
        nodes = [item[spelled[-1]] for item in below if spelled[-1] in item]
    return ".".join((DATA, *spelled)) if tuple(spelled) != key.path else ""
