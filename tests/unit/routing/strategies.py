"""Events and routes that are likely to meet: few names, few values, every operator."""

from typing import Any

import msgspec
from hypothesis import strategies as st

from integration.config.keys.model import Route
from integration.events.event import Event

texts = st.sampled_from(
    ["usmf", "USMF", "demf", "usmf-1", "us", "x", "", "Straße", "STRASSE", "ΣΑΣ", "σας", "abcdef", "bcd"]
)
parts = texts.filter(bool)
numbers = st.sampled_from([0, 1, 2, 2.5, 10, -3, 1.0, 2**53, 2**53 + 1])
scalars = st.one_of(st.none(), st.booleans(), numbers, texts)
names = st.sampled_from(["A", "B", "Lines"])
payloads = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=8
)
keys = st.sampled_from(
    [
        *["data.A", "data.A", "data.B", "data.B", "data.Lines.A", "data.Lines.B", "data.A.B", "data"],
        *["subject", "Type", "legalentity", "controlnumber", "id", "isnew"],
    ]
)
links = st.sampled_from(["fnourl", "fnoid"])
types = st.sampled_from(
    ["Order", "order", "OrderLine", "Workflow_1_End", "Workflow_22_End", "fno-link.integration.lost"]
)
patterns = st.sampled_from(["Order", "Order*", "*_End", "Workflow_*_End", "*rkfl*", "*", "*o*d*", "Work*2*"])


@st.composite
def comparisons(draw: st.DrawFn, key: st.SearchStrategy[str] = keys) -> dict[str, Any]:
    kind = draw(st.sampled_from(["in", "in", "compare", "range", "bool", "in text", "in text", "text", "text", "null"]))
    entry: dict[str, Any] = {"key": draw(key)}
    match kind:
        case "in":
            entry |= {"operator": draw(st.sampled_from(["NumberIn", "NumberNotIn"]))}
            entry["values"] = draw(st.lists(numbers, min_size=1, max_size=3))
        case "compare":
            entry["operator"] = "Number" + draw(st.sampled_from(["Less", "Greater"])) + "Than"
            entry["operator"] += draw(st.sampled_from(["", "OrEquals"]))
            entry["value"] = draw(numbers)
        case "range":
            entry["operator"] = draw(st.sampled_from(["NumberInRange", "NumberNotInRange"]))
            entry["values"] = [
                sorted(pair) for pair in draw(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=2))
            ]
        case "bool":
            entry |= {"operator": "BoolEquals", "value": draw(st.booleans())}
        case "in text":
            entry["operator"] = draw(st.sampled_from(["StringIn", "StringIn", "StringNotIn"]))
            entry["values"] = draw(st.lists(texts, min_size=1, max_size=3))
        case "text":
            entry["operator"] = (
                "String"
                + draw(st.sampled_from(["", "Not"]))
                + draw(st.sampled_from(["BeginsWith", "EndsWith", "Contains"]))
            )
            entry["values"] = draw(st.lists(parts, min_size=1, max_size=3))
        case _:
            entry["operator"] = draw(st.sampled_from(["IsNullOrUndefined", "IsNotNull"]))
    return entry


entries = st.recursive(
    comparisons() | comparisons() | comparisons() | comparisons(links),
    lambda inner: (
        st.builds(
            lambda kind, members: {kind: members},
            st.sampled_from(["any", "all", "not"]),
            st.lists(inner, min_size=1, max_size=3),
        )
        | st.builds(lambda member: {"not": member}, inner)
    ),
    max_leaves=4,
)


def _pasted(entry: dict[str, Any]) -> dict[str, Any]:
    return {("operatorType" if name == "operator" else name): value for name, value in entry.items()}


pasted = st.just({}) | st.fixed_dictionaries(
    {},
    optional={
        "includedEventTypes": st.lists(patterns, min_size=1, max_size=2) | st.just(["All"]) | st.none(),
        "subjectBeginsWith": texts,
        "subjectEndsWith": texts,
        "isSubjectCaseSensitive": st.booleans(),
        "advancedFilters": st.lists(comparisons().map(_pasted), max_size=2),
        "enableAdvancedFilteringOnArrays": st.booleans(),
    },
)


@st.composite
def routes(draw: st.DrawFn) -> list[Route]:
    some = st.lists(st.sampled_from(["contoso", "fabrikam"]), max_size=1).map(tuple)
    return [
        Route(
            name=f"r{i}",
            target="t",
            enabled=draw(st.sampled_from([True, True, True, False])),
            default=draw(st.sampled_from([False, False, False, False, True])),
            organizations=draw(some),
            sources=draw(some),
            event_types=tuple(draw(st.lists(patterns, max_size=2))),
            subject_begins_with=draw(st.just("") | texts),
            subject_ends_with=draw(st.just("") | texts),
            subject_case_sensitive=draw(st.booleans()),
            filters=tuple(draw(st.lists(entries, max_size=3))),
            filter=draw(pasted),
        )
        for i in range(draw(st.integers(0, 12)))
    ]


@st.composite
def events(draw: st.DrawFn) -> Event:
    attributes = {"legalentity": texts, "controlnumber": st.sampled_from(["10", "2.5", "x"]), "isnew": st.booleans()}
    stamped = {"fnourl": texts, "fnoid": texts}
    return Event(
        id=draw(texts),
        source="https://contoso.crm.dynamics.com",
        type=draw(types),
        organization=draw(st.sampled_from(["contoso", "fabrikam"])),
        ingress=draw(st.sampled_from(["contoso", "fabrikam"])),
        subject=draw(st.none() | texts),
        data=msgspec.Raw(msgspec.json.encode(draw(st.dictionaries(names, payloads, max_size=3) | payloads))),
        shape=draw(st.sampled_from(["business_event", "business_event", "alert"])),
        extensions=draw(
            st.fixed_dictionaries({}, optional=attributes) | st.fixed_dictionaries(stamped, optional=attributes)
        ),
    )
