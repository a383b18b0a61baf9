"""What several operations have alike is written once, among the components, and referred to.

Each operation for tokens is one for keys again, and most refusals are the same everywhere: without this the document is
a third larger. Source: OpenAPI 3.1.1, "Components Object" and "Reference Object".
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

SAME = "entra_"
"""Before the name of an operation that is another one again: components are named after that one."""

type Written = dict[str, Any]


class _Place:
    """Somewhere in an operation that a component can stand.

    Args:
        kind: The kind of component.
        name: What one that is shared is called, where the name is free.
        at: What stands there.
        put: Puts something else there.
    """

    def __init__(self, kind: str, name: str, at: Written, put: Callable[[Written], None]) -> None:
        self.kind = kind
        self.name = name
        self.at = at
        self.put = put
        self.key = (kind, msgspec.json.encode(at, order="sorted"))


def share(paths: Mapping[str, Mapping[str, Written]]) -> dict[str, dict[str, Written]]:
    """Refer to components wherever something stands more than once; return them by their kind and name.

    Args:
        paths: The paths of a document, which are changed.
    """
    places = [each for item in paths.values() for operation in item.values() for each in _places(operation)]
    often = Counter(each.key for each in places)
    names: dict[tuple[str, bytes], str] = {}
    components: dict[str, dict[str, Written]] = {}
    for each in sorted(places, key=lambda place: (place.kind, place.name)):
        if often[each.key] == 1:
            continue
        known = components.setdefault(each.kind, {})
        if each.key not in names:
            names[each.key] = _free(each.name, known)
            known[names[each.key]] = each.at
        each.put({"$ref": f"#/components/{each.kind}/{names[each.key]}"})
    return components


def _places(operation: Written) -> Iterator[_Place]:
    name = str(operation["operationId"]).removeprefix(SAME)
    parameters: list[Written] = operation.get("parameters", [])
    for index, parameter in enumerate(parameters):
        yield _Place("parameters", parameter["name"], parameter, _setter(parameters, index))
    if "requestBody" in operation:
        yield _Place("requestBodies", name, operation["requestBody"], _setter(operation, "requestBody"))
    responses: dict[str, Written] = operation["responses"]
    for status, response in responses.items():
        if "$ref" not in response:
            yield _Place("responses", _code(response) or f"{name}_{status}", response, _setter(responses, status))


def _setter(holder: Any, at: str | int) -> Callable[[Written], None]:
    def put(written: Written) -> None:
        holder[at] = written

    return put


def _code(response: Written) -> str:
    """Return the code that an answer has, where it can have one alone and is nothing else."""
    if set(response.get("content", {})) != {"application/problem+json"}:
        return ""
    known: list[Written] = response["content"]["application/problem+json"]["schema"].get("allOf", [])
    codes: list[str] = [code for part in known[1:] for code in part["properties"]["code"]["enum"]]
    return codes[0] if len(codes) == 1 else ""


def _free(name: str, taken: Mapping[str, object]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free
