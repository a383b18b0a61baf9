"""JSON Schema of the structs that orders are read by and answers are written from.

msgspec has one of its own; this one tells reading and writing apart. A field that has a default need not be given in an
order, but always stands in an answer, unless the struct leaves it out.
"""

import inspect
from collections.abc import Mapping
from typing import Any, cast

import msgspec
from msgspec import NODEFAULT
from msgspec.inspect import Field, StructType, type_info

from integration.config.schema import key_docs

PREFIX = "#/components/schemas/"
PLAIN: Mapping[type, Mapping[str, Any]] = {
    msgspec.inspect.NoneType: {"type": "null"},
    msgspec.inspect.BoolType: {"type": "boolean"},
    msgspec.inspect.IntType: {"type": "integer"},
    msgspec.inspect.FloatType: {"type": "number"},
    msgspec.inspect.StrType: {"type": "string"},
    msgspec.inspect.BytesType: {"type": "string", "contentEncoding": "base64"},
    msgspec.inspect.DateTimeType: {"type": "string", "format": "date-time"},
    msgspec.inspect.RawType: {"type": "object"},
    msgspec.inspect.AnyType: {},
}


class Schemas:
    """Writes types as JSON Schema, and keeps the components that they refer to.

    Args:
        names: What structs are called where their own names are not enough.
    """

    def __init__(self, names: Mapping[type, str]) -> None:
        self._names = names
        self._known: dict[str, type] = {}
        self.components: dict[str, Any] = {}

    def of(self, kind: Any) -> dict[str, Any]:
        """Write a type.

        Args:
            kind: As it is annotated.

        Raises:
            KeyError: There is no schema of such a type.
            TypeError: Two structs have one name.
        """
        return self._of(type_info(kind))

    def _of(self, kind: Any) -> dict[str, Any]:
        match kind:
            case msgspec.inspect.Metadata():
                return self._of(kind.type) | cast("dict[str, Any]", cast("Any", kind).extra_json_schema or {})
            case msgspec.inspect.LiteralType():
                written = {"enum": list(kind.values)}
            case msgspec.inspect.ListType() | msgspec.inspect.VarTupleType() | msgspec.inspect.CollectionType():
                written = {"type": "array", "items": self._of(kind.item_type)}
            case msgspec.inspect.DictType():
                written = {"type": "object", "additionalProperties": self._of(kind.value_type)}
            case msgspec.inspect.UnionType():
                written = _either([self._of(each) for each in kind.types])
            case StructType():
                written = self._refer(kind)
            case _:
                written = dict(PLAIN[type(kind)])
        return written

    def _refer(self, kind: StructType) -> dict[str, Any]:
        name = self._names.get(kind.cls, kind.cls.__name__)
        if self._known.setdefault(name, kind.cls) is not kind.cls:
            msg = f"two structs are called {name}: {kind.cls} and {self._known[name]}"
            raise TypeError(msg)
        if name not in self.components:
            self.components[name] = {}
            self.components[name] = self._struct(kind)
        return {"$ref": PREFIX + name}

    def _struct(self, kind: StructType) -> dict[str, Any]:
        config, docs = kind.cls.__struct_config__, key_docs(kind.cls)
        rules: dict[str, Any] = dict(getattr(kind.cls, "rules", {}))
        properties: dict[str, Any] = {}
        required: list[str] = []
        if config.tag is not None:
            properties[str(config.tag_field)] = {"const": config.tag}
            required.append(str(config.tag_field))
        for field in kind.fields:
            described = self._of(field.type)
            if field.name in docs:
                described |= {"description": docs[field.name]}
            wanted = field.encode_name in rules.get("required", ())
            if config.forbid_unknown_fields and field.default is not NODEFAULT and not wanted:
                described |= {"default": msgspec.to_builtins(field.default)}
            properties[field.encode_name] = described
            if _stands(field, read=config.forbid_unknown_fields, omitted=config.omit_defaults):
                required.append(field.encode_name)
        return {
            "description": (inspect.getdoc(kind.cls) or "").splitlines()[0],
            "type": "object",
            "properties": properties,
            **({"required": required} if required else {}),
            **({"additionalProperties": False} if config.forbid_unknown_fields else {}),
            **rules,
        }


def _stands(field: Field, *, read: bool, omitted: bool) -> bool:
    """Say whether a field is always there: given by who orders, or written by who answers."""
    if field.required:
        return True
    unset = field.default is NODEFAULT and field.default_factory is NODEFAULT
    return not (read or omitted or unset)


def _either(options: list[dict[str, Any]]) -> dict[str, Any]:
    kinds = [each.get("type") for each in options]
    if len(options) == 2 and {"type": "null"} in options and all(isinstance(each, str) for each in kinds):  # noqa: PLR2004  # a value, or null
        [value] = [each for each in options if each != {"type": "null"}]
        return value | {"type": [value["type"], "null"]}
    return {"anyOf": options}
