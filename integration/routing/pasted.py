"""An Event Grid subscription's own `filter` object, taken as it is.

As TOML table or as JSON text: `filter = '''{"includedEventTypes": […], "advancedFilters": […]}'''`. Property names
ignore case, null means absent, `All` means every type, and arrays are compared only where
`enableAdvancedFilteringOnArrays` is true ("Event filtering for Azure Event Grid"; properties as in the reference of
`EventSubscriptionFilter`).
"""

from typing import Any, cast

import msgspec

from integration.routing.conditions import Parser, did_you_mean, shown

PROPERTIES: dict[str, type] = {
    "includedEventTypes": list,
    "subjectBeginsWith": str,
    "subjectEndsWith": str,
    "isSubjectCaseSensitive": bool,
    "advancedFilters": list,
    "enableAdvancedFilteringOnArrays": bool,
}
_KINDS = {list: "a list", str: "text", bool: "true or false"}


class Pasted(msgspec.Struct, frozen=True, kw_only=True):
    """What the object says, in our own words."""

    event_types: tuple[str, ...] = ()
    subject_begins_with: str = ""
    subject_ends_with: str = ""
    subject_case_sensitive: bool = False
    filters: tuple[Any, ...] = ()
    arrays: bool = False


def read_pasted(raw: Any, parser: Parser) -> Pasted:
    """Read the object; problems go to the parser, at `filter`."""
    if isinstance(raw, str):
        try:
            raw = msgspec.json.decode(raw)
        except (msgspec.DecodeError, RecursionError) as error:
            parser.problem("filter", f"is not JSON: {error}", "paste the object { … } without its name")
            return Pasted()
    if not isinstance(raw, dict):
        parser.problem("filter", f"is {shown(raw)}, not an object", "paste Event Grid's own { … }")
        return Pasted()
    given = _properties(cast("dict[str, Any]", raw), parser)
    types: list[Any] = given.get("includedEventTypes", [])
    if "includedEventTypes" in given and not types:
        parser.problem("filter.includedEventTypes", "is empty, so no event matches", "leave it out for every type")
    for i, each in enumerate(types):
        if not isinstance(each, str) or not each:
            parser.problem(f"filter.includedEventTypes[{i}]", f"is {shown(each)}, not an event type")
    everything = any(isinstance(each, str) and each.lower() == "all" for each in types)
    return Pasted(
        event_types=() if everything else tuple(each for each in types if isinstance(each, str) and each),
        subject_begins_with=given.get("subjectBeginsWith", ""),
        subject_ends_with=given.get("subjectEndsWith", ""),
        subject_case_sensitive=given.get("isSubjectCaseSensitive", False),
        filters=tuple(given.get("advancedFilters", ())),
        arrays=given.get("enableAdvancedFilteringOnArrays", False),
    )


def _properties(raw: dict[str, Any], parser: Parser) -> dict[str, Any]:
    known = {name.lower(): name for name in PROPERTIES}
    given: dict[str, Any] = {}
    for written, value in raw.items():
        name = known.get(str(written).lower())
        if name is None:
            hint = did_you_mean(written, PROPERTIES) + "allowed: " + ", ".join(PROPERTIES)
            parser.problem(f"filter.{written}", "is not known", hint)
        elif value is not None and not isinstance(value, PROPERTIES[name]):
            parser.problem(f"filter.{written}", f"is {shown(value)}, not {_KINDS[PROPERTIES[name]]}")
        elif value is not None:
            given[name] = value
    return given
