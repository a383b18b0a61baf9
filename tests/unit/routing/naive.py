"""Event Grid's filters, evaluated the slow way: straight from the page, route by route, without the product's code.

Written from "Event filtering for Azure Event Grid" and docs/filters.md; the tests hold the route table against it.
"""

import json
import re
from datetime import UTC
from typing import Any

from integration.config.keys.model import Route
from integration.events.event import Event

MISSING = object()
MATCHED_WHEN_MISSING = {"NumberNotIn", "NumberNotInRange", "StringNotIn", "IsNullOrUndefined"}
LINK = {"fnourl", "fnoid", "fnotenantid"}
ATTRIBUTES = {"eventid": "id", "eventtype": "type", "eventtime": "time"}


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def compare(operator: str, key: Any, wanted: Any) -> bool:
    """Judge one value against one filter value by the positive form of the operator."""
    kind = operator.replace("Not", "")
    if kind.startswith("Number"):
        if not is_number(key):
            return False
        return {
            "NumberIn": lambda: key == wanted,
            "NumberLessThan": lambda: key < wanted,
            "NumberLessThanOrEquals": lambda: key <= wanted,
            "NumberGreaterThan": lambda: key > wanted,
            "NumberGreaterThanOrEquals": lambda: key >= wanted,
            "NumberInRange": lambda: wanted[0] <= key <= wanted[1],
        }[kind]()
    if kind == "BoolEquals":
        return isinstance(key, bool) and key == wanted
    if not isinstance(key, str):
        return False
    key, wanted = key.casefold(), wanted.casefold()
    return {
        "StringIn": lambda: key == wanted,
        "StringBeginsWith": lambda: key.find(wanted) == 0,
        "StringEndsWith": lambda: key[::-1].find(wanted[::-1]) == 0,
        "StringContains": lambda: wanted in key,
    }[kind]()


def flatten(value: Any) -> list[Any]:
    return [leaf for item in value for leaf in flatten(item)] if isinstance(value, list) else [value]


def look_up(payload: Any, path: list[str], *, arrays: bool) -> Any:
    """Return the value, a list for an array (opened), or MISSING; null is MISSING."""
    if not path:
        return MISSING if payload is None else payload
    name, *rest = path
    if isinstance(payload, dict):
        return look_up(payload[name], rest, arrays=arrays) if name in payload else MISSING
    if isinstance(payload, list) and arrays:
        below = [look_up(item, path, arrays=True) for item in flatten(payload) if isinstance(item, dict)]
        present = [value for value in below if value is not MISSING]
        return present or MISSING
    return MISSING


def attribute(event: Event, name: str, operator: str) -> Any:
    name = name.lower()
    if name not in event.extensions:
        name = "source" if name == "topic" and event.shape == "event_grid" else ATTRIBUTES.get(name, name)
    if name == "time":
        value = event.time and event.time.astimezone(UTC).isoformat().replace("+00:00", "Z")
    elif name in {"id", "source", "type", "subject", "organization", "datacontenttype", "dataschema"}:
        value = getattr(event, name)
    else:
        value = "1.0" if name == "specversion" else event.extensions.get(name)
    if value is None:
        return MISSING
    if operator.startswith("String"):
        return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
    if operator.startswith("Number") and isinstance(value, str):
        return json.loads(value) if re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?", value) else value
    if operator == "BoolEquals" and isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower(), value)
    return value


def comparison_holds(entry: dict[str, Any], event: Event, *, arrays: bool) -> bool:
    operator = entry.get("operator") or entry["operatorType"]
    root, *path = entry["key"].split(".")
    in_data = root.lower() == "data"
    value = look_up(event.payload, path, arrays=arrays) if in_data else attribute(event, root, operator)
    if operator == "IsNotNull":
        return value is not MISSING
    if value is MISSING:
        return operator in MATCHED_WHEN_MISSING
    if operator == "IsNullOrUndefined":
        return False
    wanted = [entry["value"]] if "value" in entry else entry["values"]
    keys = flatten(value) if isinstance(value, list) and arrays else [value]
    hit = False
    for one in wanted:
        for key in keys:
            if compare(operator, key, one):
                hit = True
    return not hit if "Not" in operator else hit


def entry_holds(entry: dict[str, Any], event: Event, *, arrays: bool = True) -> bool:
    if "any" in entry:
        return True in [entry_holds(member, event, arrays=arrays) for member in entry["any"]]
    if "all" in entry:
        return False not in [entry_holds(member, event, arrays=arrays) for member in entry["all"]]
    if "not" in entry:
        members = entry["not"] if isinstance(entry["not"], list) else [entry["not"]]
        return not entry_holds({"all": members}, event, arrays=arrays)
    return comparison_holds(entry, event, arrays=arrays)


def asks_link(entry: dict[str, Any]) -> bool:
    for group in ("any", "all", "not"):
        if group in entry:
            members = entry[group] if isinstance(entry[group], list) else [entry[group]]
            return any(map(asks_link, members))
    return entry["key"].lower() in LINK


def type_fits(pattern: str, event_type: str) -> bool:
    glob = ".*".join(map(re.escape, pattern.casefold().split("*")))
    return re.fullmatch(glob, event_type.casefold(), re.DOTALL) is not None


def subject_fits(subject: str | None, begins: str, ends: str, *, exact: bool) -> bool:
    if not begins and not ends:
        return True
    if subject is None:
        return False
    if not exact:
        subject, begins, ends = subject.casefold(), begins.casefold(), ends.casefold()
    return subject.startswith(begins) and subject.endswith(ends)


def route_holds(route: Route, event: Event, *, linked: bool) -> bool:
    """Judge the conditions that ask about the link, or the others."""
    entries = [(entry, True) for entry in route.filters]
    pasted: dict[str, Any] = json.loads(route.filter) if isinstance(route.filter, str) else route.filter
    arrays = bool(pasted.get("enableAdvancedFilteringOnArrays"))
    entries += [(entry, arrays) for entry in pasted.get("advancedFilters") or []]
    if not all(entry_holds(entry, event, arrays=opened) for entry, opened in entries if asks_link(entry) == linked):
        return False
    if linked:
        return True
    if route.organizations and event.organization not in route.organizations:
        return False
    if route.sources and event.ingress not in route.sources:
        return False
    for types in (route.event_types, pasted.get("includedEventTypes") or ()):
        if types and "All" not in types and not any(type_fits(pattern, event.type) for pattern in types):
            return False
    return subject_fits(
        event.subject, route.subject_begins_with, route.subject_ends_with, exact=route.subject_case_sensitive
    ) and subject_fits(
        event.subject,
        pasted.get("subjectBeginsWith") or "",
        pasted.get("subjectEndsWith") or "",
        exact=bool(pasted.get("isSubjectCaseSensitive")),
    )


def match(routes: list[Route], event: Event) -> tuple[list[str], list[str]]:
    """Return the names of the routes that take the event, and of those that its link decides."""
    stamped = bool(LINK & set(event.extensions)) or event.internal

    def judge(candidates: list[Route]) -> tuple[list[str], list[str]]:
        taken, undecided = [], []
        for route in candidates:
            pasted: dict[str, Any] = json.loads(route.filter) if isinstance(route.filter, str) else route.filter
            asks = any(map(asks_link, [*route.filters, *(pasted.get("advancedFilters") or [])]))
            if not route.enabled or not route_holds(route, event, linked=False):
                continue
            if asks and not stamped:
                undecided.append(route.name)
            elif route_holds(route, event, linked=True):
                taken.append(route.name)
        return taken, undecided

    taken, undecided = judge([route for route in routes if not route.default])
    if taken:
        return taken, undecided
    default_taken, default_undecided = judge([route for route in routes if route.default])
    if undecided:
        order = [route.name for route in routes]
        return [], sorted([*undecided, *default_taken, *default_undecided], key=order.index)
    return default_taken, default_undecided
