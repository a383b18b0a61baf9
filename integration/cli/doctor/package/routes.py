"""Which function answers a request: the host asks in the order of the names, and the first that fits answers; pure.

Sources: `FunctionMetadataManager` (ordered by `StringComparer.OrdinalIgnoreCase`, which compares upper case),
`WebScriptHostHttpRoutesManager` and `WebJobsRouteBuilder` of azure-functions-host; page "Routing in ASP.NET Core" for
the templates.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, zip_longest
from typing import Any, Literal, cast

import msgspec

from integration.cli.doctor.package.indexing import Function
from integration.cli.doctor.package.steps import ROUTES
from integration.cli.doctor.step import Finding, failed, passed, skipped, warned

HTTP = "httptrigger"
SHOWN = 6
_PARAMETER = re.compile(r"\{(?P<all>\*{0,2})[^{}:=?]*(?P<constraint>:[^=?]*)?(?:=[^}?]*)?\??\}")

type Overlap = Literal["all", "some", "none"]
"""How many requests for one route another takes."""


class _Endpoint(msgspec.Struct, frozen=True):
    name: str
    route: str
    methods: frozenset[str]


def judge_routes(functions: Iterable[Function]) -> Finding:
    """Judge the order of the routes.

    Args:
        functions: What was indexed.
    """
    endpoints = sorted(_endpoints(functions), key=lambda each: each.name.upper())
    if not endpoints:
        return skipped(ROUTES, "no function has an HTTP trigger")
    bad: list[str] = []
    doubtful: list[str] = []
    for before, behind in combinations(endpoints, 2):
        # A function that names no method takes all.
        shared = (before.methods or behind.methods) & (behind.methods or before.methods)
        if not shared and (before.methods or behind.methods):
            continue
        overlap = takes(before.route, behind.route)
        told = f"{before.name} ({before.route}) stands before {behind.name} ({behind.route})"
        if overlap == "all":
            bad.append(f"{told} and takes its {', '.join(sorted(shared)) or 'requests'}")
        elif overlap == "some":
            doubtful.append(f"{told} and may take some of its requests")
    if bad:
        return failed(ROUTES, "; ".join([*bad, *doubtful][:SHOWN]))
    if doubtful:
        return warned(ROUTES, "; ".join(doubtful[:SHOWN]))
    return passed(ROUTES, f"{len(endpoints)} routes, each answered by its own function")


def takes(route: str, other: str) -> Overlap:
    """Say how many of the requests for another route a route takes that stands before it.

    A literal that stands before a parameter takes one word of it, as it is meant: none.

    Args:
        route: The template of the function that is asked first.
        other: That of the one behind it.
    """
    ours, theirs = _segments(route), _segments(other)
    wider = narrower = partly = False
    for mine, its in zip_longest(ours, theirs, fillvalue=""):
        parameter, beside = _PARAMETER.fullmatch(mine), _PARAMETER.fullmatch(its)
        if parameter and parameter["all"]:
            break
        if beside and beside["all"]:
            narrower = True
            break
        if not mine or not its:
            if not (_may_be_left_out(mine) or _may_be_left_out(its)):
                return "none"
            partly = True
        elif "{" in mine:
            wider = wider or "{" not in its
            partly = partly or parameter is None or bool(parameter["constraint"])
        elif "{" in its:
            narrower = True
        elif mine.lower() != its.lower():
            return "none"
    if narrower:
        return "some" if wider else "none"
    return "some" if partly else "all"


def _may_be_left_out(segment: str) -> bool:
    return bool(_PARAMETER.fullmatch(segment)) and (segment.endswith("?}") or "=" in segment)


def _segments(route: str) -> Sequence[str]:
    return [part for part in re.split(r"/(?![^{}]*\})", route.strip("/")) if part]


def _endpoints(functions: Iterable[Function]) -> Iterator[_Endpoint]:
    for each in functions:
        trigger = each.trigger
        if str(trigger.get("type", "")).lower() != HTTP:
            continue
        methods: Any = trigger.get("methods") or ()
        named = [str(method).upper() for method in cast("Sequence[Any]", methods)]
        yield _Endpoint(each.name, str(trigger.get("route") or each.name), frozenset(named))
