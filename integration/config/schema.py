"""The JSON Schema of fno-link.toml, made from the model, for editors (Taplo, Even Better TOML)."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from inspect import cleandoc
from typing import Any, cast

import msgspec

from integration.config.keys.model import Document
from integration.config.reading.duration import HINT as DURATION_HINT
from integration.config.reading.duration import PATTERN as DURATION
from integration.config.reading.duration import format_duration

DIALECT = "http://json-schema.org/draft-07/schema#"
"""What the editors' TOML extensions validate with."""
SETTING = "%[A-Za-z_][A-Za-z0-9_.:-]*%"
WITH_SETTING = {"type": "string", "pattern": SETTING}
ONLY_SETTING = {"type": "string", "pattern": f"^{SETTING}$"}


def key_docs(cls: type) -> dict[str, str]:
    """Return what the `Args` of a struct's docstring, and of its bases', say about each field; its own count first."""
    docs: dict[str, str] = {}
    for each in reversed(cls.__mro__):
        docs |= _own_docs(each)
    return docs


def _own_docs(cls: type) -> dict[str, str]:
    docs: dict[str, str] = {}
    name = ""
    _, _, arguments = cleandoc(cls.__doc__ or "").partition("\nArgs:\n")
    for line in arguments.splitlines():
        found = re.match(r" {4}(\w+): (.*)", line)
        if found:
            name = found[1]
            docs[name] = found[2]
        elif line.startswith(" " * 8) and name:
            docs[name] += f" {line.strip()}"
        elif line.strip():
            break
    return docs


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the file."""
    structs = {cls.__name__: cls for cls in _structs(msgspec.inspect.type_info(Document))}
    (_, definitions) = msgspec.json.schema_components([Document], ref_template="#/definitions/{name}")
    described = {name: _definition(structs[name], raw) for name, raw in definitions.items()}
    document = described.pop("Document")
    return {
        "$schema": DIALECT,
        "title": "fno-link.toml",
        **{key: value for key, value in document.items() if key != "title"},
        "definitions": dict(sorted(described.items())),
    }


def schema_text() -> str:
    """Return the schema as it is printed and kept in docs/."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _structs(kind: Any) -> Iterator[type[msgspec.Struct]]:
    if isinstance(kind, msgspec.inspect.StructType):
        yield kind.cls
        for field in kind.fields:
            yield from _structs(field.type)
    for name in ("type", "item_type", "value_type"):
        if hasattr(kind, name):
            yield from _structs(getattr(kind, name))
    for each in getattr(kind, "types", ()):
        yield from _structs(each)


def _definition(cls: type[msgspec.Struct], raw: dict[str, Any]) -> dict[str, Any]:
    docs = key_docs(cls)
    defaults = {field.name: field.default for field in msgspec.structs.fields(cls)}
    properties: dict[str, Any] = {}
    for key, value in cast("dict[str, dict[str, Any]]", raw["properties"]).items():
        # The name of [sources.NAME] is the table's own key.
        if key == "name" and cls.__struct_config__.tag is not None:
            continue
        loose = value if key == cls.__struct_config__.tag_field else _loosened(value)
        default = defaults.get(key)
        if "default" in value:
            loose["default"] = _as_written(default)
        if key in docs:
            loose["description"] = docs[key]
        properties[key] = loose
    required = [key for key in raw.get("required", []) if key in properties]
    return {
        "description": cleandoc(cls.__doc__ or "").splitlines()[0],
        "type": "object",
        "properties": properties,
        **({"required": required} if required else {}),
        "additionalProperties": False,
    }


def _loosened(value: dict[str, Any]) -> dict[str, Any]:  # noqa: PLR0911 - one case a type
    """Return the schema of a value as it is written: with durations as text and %SETTING% allowed where it is read."""
    kept = {key: item for key, item in value.items() if key not in ("default", "discriminator", "description")}
    items: Any
    options: Any
    match kept:
        case {"format": "duration"}:
            return {"anyOf": [{"type": "string", "pattern": DURATION, "description": DURATION_HINT}, WITH_SETTING]}
        case {"type": "string", "pattern": _} | {"enum": _}:
            return {"anyOf": [kept, WITH_SETTING]}
        case {"type": "boolean" | "integer" | "number"} | {"format": "date"}:
            return {"anyOf": [kept, ONLY_SETTING]}
        case {"type": "array", "items": items}:
            return kept | {"items": _loosened(cast("dict[str, Any]", items))}
        case {"type": "object", "additionalProperties": items} if items:
            return kept | {"additionalProperties": _loosened(cast("dict[str, Any]", items))}
        case {"type": "object"}:
            # filter: a table, or a string that holds a JSON object
            return {"anyOf": [{"type": "object"}, {"type": "string"}]}
        case {"anyOf": options}:
            real = [each for each in cast("list[dict[str, Any]]", options) if each != {"type": "null"}]
            if len(real) == 1:
                return _loosened(real[0])
            return {"anyOf": [each if "$ref" in each else _loosened(each) for each in real]}
        case {"$ref": _}:
            # Beside $ref, draft 7 ignores other keys: a description needs an allOf around it.
            return {"allOf": [kept]}
        case _:
            return kept


def _as_written(value: Any) -> Any:
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, tuple):
        return [_as_written(item) for item in cast("tuple[Any, ...]", value)]
    if isinstance(value, msgspec.Struct):
        written = {name: getattr(value, name) for name in value.__struct_fields__}
        return {name: _as_written(each) for name, each in written.items() if each is not None}
    return {} if value is msgspec.NODEFAULT else value
