"""What can be read and is probably not meant so: warnings of `config check`.

A key whose dots are no path never matches; a type of ours that has another name now is found by it for the present.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from integration.errors import ConfigurationError, Problem
from integration.routing.compiled_route import CompiledRoute
from integration.routing.conditions import Condition, Test
from integration.routing.keys import Key, doubtful
from integration.routing.renamed import old_names
from integration.routing.target_templates import LANDINGS
from integration.routing.templates import Field, Template


def doubts(
    routes: Sequence[CompiledRoute], targets: Mapping[str, msgspec.Struct], *, file: str = ""
) -> tuple[Problem, ...]:
    """Find dots that are read as a path and belong to a name, in filters and templates; and old names of alerts.

    Args:
        routes: The compiled routes.
        targets: As configured, by name.
        file: The configuration's file.
    """
    found: list[Problem] = []
    for place, key in (*_of_routes(routes), *_of_targets(targets)):
        if meant := doubtful(key):
            names = " › ".join(key.path)
            message = f"`{key.text}` is read as the fields {names}, one inside the other"
            found.append(Problem(place, message, f"a name that holds dots is quoted: `{meant}`", file))
    for route in routes:
        for test in _all_tests(route):
            for written, now in old_names(test.key, test.operator, test.written):
                place = f"routes[{route.ordinal}].{test.place}"
                found.append(Problem(place, f"{written!r} is an old name of an alert", f"write {now!r}", file))
    return tuple(found)


def _of_routes(routes: Sequence[CompiledRoute]) -> Iterator[tuple[str, Key]]:
    for route in routes:
        for test in _all_tests(route):
            yield f"routes[{route.ordinal}].{test.place}.key", test.key


def _all_tests(route: CompiledRoute) -> Iterator[Test]:
    for condition in (*route.conditions, *route.link_conditions):
        yield from _tests(condition)


def _tests(condition: Condition) -> Iterator[Test]:
    if isinstance(condition, Test):
        yield condition
    else:
        for member in condition.members:
            yield from _tests(member)


def _of_targets(targets: Mapping[str, msgspec.Struct]) -> Iterator[tuple[str, Key]]:
    for name, target in targets.items():
        for setting, landing in LANDINGS.items():
            text: object = getattr(target, setting, None)
            if not isinstance(text, str) or not text:
                continue
            try:
                template = Template.compile(text, landing=landing)
            except ConfigurationError:
                continue  # reported as a problem already
            for part in template.parts:
                if isinstance(part, Field) and part.key is not None:
                    yield f"targets.{name}.{setting}", part.key
