"""Who hears fno-link's own alerts: warnings of `config check` about those that nobody would."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from integration.config.keys.model import TeamsTarget
from integration.errors import Problem
from integration.events.alerts import ALL, ENDS
from integration.events.alerts.types import TARGET_OPENED
from integration.routing.compiled_route import CompiledRoute
from integration.routing.table import RouteTable, could_take


def unheard(table: RouteTable, targets: Mapping[str, msgspec.Struct], *, file: str = "") -> Iterator[Problem]:
    """Find the types of alerts that no route takes, and the targets whose alerts would go to themselves alone.

    Args:
        table: The compiled routes.
        targets: As configured, by name.
        file: The configuration's file.

    Yields:
        One warning where no route takes any alert, with what to add; else one for the types that are missing, and one
        for each target.
    """
    hearing = [route for route in table.routes if _hears(route)]
    missing = tuple(_missing(hearing))
    if missing == ALL:
        message = f"no route takes alerts, so nobody is told when something is wrong: no route takes {', '.join(ALL)}"
        yield Problem("routes", message, f"add a route for them:\n{_route(targets)}", file)
        return
    if missing:
        hint = 'event_types = ["fno-link.*"] takes every alert'
        yield Problem("routes", f"no route takes {', '.join(missing)}", hint, file)
    told = {route.target for route in hearing if could_take(route, TARGET_OPENED)}
    if len(told) == 1:
        [target] = told
        place = next(f"routes[{route.ordinal}].target" for route in hearing if could_take(route, TARGET_OPENED))
        message = f"alerts about targets go to {target} alone, and those about {target} itself go nowhere"
        hint = (
            f'let another target hear of it, too: a route with event_types = ["{TARGET_OPENED.rpartition(".")[0]}.*"]'
        )
        yield Problem(place, message, hint, file)


def _missing(hearing: Sequence[CompiledRoute]) -> Iterator[str]:
    for each in ALL:
        if any(could_take(route, each) for route in hearing):
            continue
        begins = [trouble for trouble, end in ENDS.items() if end == each]
        # An end goes to whom its beginning was told, whatever types the route names.
        if not begins or not all(any(could_take(route, one) for route in hearing) for one in begins):
            yield each


def _hears(route: CompiledRoute) -> bool:
    """Say whether alerts can meet what else a route asks: they come in by no source, and carry no link."""
    return route.config.enabled and not route.config.sources and not route.link_conditions


def _route(targets: Mapping[str, msgspec.Struct]) -> str:
    enabled = [name for name, target in targets.items() if getattr(target, "enabled", True)]
    channel = next((name for name in enabled if isinstance(targets[name], TeamsTarget)), "NAME-OF-A-TARGET")
    return f'[[routes]]\nname = "alerts"\nevent_types = ["fno-link.*"]\ntarget = "{channel}"'
