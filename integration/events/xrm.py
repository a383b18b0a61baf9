"""The value types of Dataverse messages, as Python values.

Source: "Microsoft.Xrm.Sdk namespace" (class reference) for the types, "Sample: RemoteExecutionContext in JSON" of the
Dataverse developer guide for their JSON.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

import msgspec

from integration.events.identity import guid
from integration.events.sdk_names import Json, canonical
from integration.events.times import json_date

type Scalar = str | int | float | bool | datetime | None
type Value = (
    Scalar
    | Entity
    | EntityReference
    | OptionSetValue
    | Money
    | AliasedValue
    | EntityCollection
    | list[Value]
    | dict[str, Value]
)

_INTEGER = re.compile(r"-?[0-9]{1,18}")
_ROW_NAMES = frozenset({"LogicalName", "Id"})
_ROW = _ROW_NAMES | {
    "Attributes",
    "EntityState",
    "ExtensionData",
    "FormattedValues",
    "KeyAttributes",
    "RelatedEntities",
    "RowVersion",
}
_OF_THE_SERIALIZER = frozenset({"__type", "ExtensionData"})
_PLAIN = frozenset({bool, float, type(None)})


class EntityReference(msgspec.Struct, frozen=True):
    """A row that a value points to; `id` is empty for the zero GUID."""

    logical_name: str
    id: str
    name: str | None = None
    key_attributes: dict[str, "Value"] = {}
    row_version: str | None = None


class OptionSetValue(msgspec.Struct, frozen=True):
    """A choice."""

    value: int | None


class Money(msgspec.Struct, frozen=True):
    """An amount in the row's transaction currency."""

    value: float | int | None


class AliasedValue(msgspec.Struct, frozen=True):
    """A value that a query took from a joined table."""

    entity_logical_name: str
    attribute_logical_name: str
    value: "Value"


class Entity(msgspec.Struct, frozen=True):
    """A row, or the part of it that a message carries: a missing attribute is unknown, None is empty."""

    logical_name: str
    id: str
    attributes: dict[str, "Value"] = {}
    formatted_values: dict[str, "Value"] = {}
    key_attributes: dict[str, "Value"] = {}
    related_entities: dict[str, "Value"] = {}
    row_version: str | None = None

    def __getitem__(self, attribute: str) -> "Value":
        return self.attributes[attribute]

    def get(self, attribute: str) -> "Value":
        """Return an attribute, None where it is empty or not carried."""
        return self.attributes.get(attribute)


class EntityCollection(msgspec.Struct, frozen=True):
    """Rows of one table."""

    entity_name: str
    entities: tuple[Entity, ...]
    more_records: bool = False


def _same[T](item: T) -> T:
    return item


class Forms(msgspec.Struct, frozen=True):
    """What the values of a message become: Python values (`PYTHON`), or JSON at once (`events.flat`).

    Args:
        entity: Takes the fields of an `Entity`, in their order.
        reference: Those of an `EntityReference`.
        choice: The number of an `OptionSetValue`.
        money: The amount of a `Money`.
        aliased: The fields of an `AliasedValue`.
        collection: Those of an `EntityCollection`.
        date: A `/Date(…)/`.
        number: A whole number that stands for itself.
        keys: The forms inside a reference's alternate key, where they are others.
    """

    entity: Callable[..., Any]
    reference: Callable[..., Any]
    choice: Callable[[int | None], Any]
    money: Callable[[float | None], Any]
    aliased: Callable[[str, str, Any], Any]
    collection: Callable[..., Any]
    date: Callable[[datetime], Any]
    number: Callable[[int], Any]
    keys: "Forms | None" = None


PYTHON = Forms(
    entity=Entity,
    reference=EntityReference,
    choice=OptionSetValue,
    money=Money,
    aliased=AliasedValue,
    collection=EntityCollection,
    date=_same,
    number=_same,
)


def text(value: object) -> str:
    """Return text, empty for anything else."""
    return value if isinstance(value, str) else ""


def integer(value: object) -> int | None:
    """Return a whole number, also from its digits in text, else None."""
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    return None


def pairs(node: object, forms: Forms = PYTHON) -> dict[str, Any]:
    """Read a collection: an array of `{key, value}`, a plain object, or null."""
    if not node:
        return {}
    if isinstance(node, list):
        return _gathered(cast("list[object]", node), forms)
    if isinstance(node, dict):
        return {name: value(item, forms) for name, item in cast("Json", node).items() if name not in _OF_THE_SERIALIZER}
    return {}


def _gathered(items: list[object], forms: Forms) -> dict[str, Any]:
    """Read pairs; a key that comes again, as lists of .NET pairs may have it, holds the list of its values."""
    once: dict[str, Any] = {}
    again: dict[str, list[Any]] = {}
    for item in items:
        if not isinstance(item, dict):
            continue
        pair = cast("Json", item)
        if "key" not in pair:
            pair = canonical(pair)
        key = pair.get("key")
        name = key if type(key) is str else _key(key)
        held = pair["value"] if "value" in pair else pair.get("Value")
        read = held if type(held) in _PLAIN else value(held, forms)
        if name in once:
            again.setdefault(name, [once[name]]).append(read)
        else:
            once[name] = read
    return {**once, **again} if again else once


def images(node: object, forms: Forms = PYTHON) -> dict[str, Any]:
    """Read images: what stands there is an entity whatever it says."""
    found: dict[str, Any] = {}
    for item in cast("list[object]", node) if isinstance(node, list) else ():
        if isinstance(item, dict):
            pair = canonical(cast("Json", item))
            if isinstance(image := pair.get("value"), dict):
                found[text(pair.get("key"))] = _row(canonical(cast("Json", image)), forms)
    return found


def reference(node: object) -> EntityReference | None:
    """Read an EntityReference, with or without its `__type`."""
    return _pointer(canonical(cast("Json", node)), PYTHON) if isinstance(node, dict) else None


def value(node: object, forms: Forms = PYTHON) -> Any:
    """Read any value: by its `__type`, else by its shape."""
    kind = type(node)
    if kind is str:
        written = cast("str", node)
        if written.startswith("/Date(") and (time := json_date(written)) is not None:
            return forms.date(time)
        return written
    if kind is dict:
        return _object(cast("Json", node), forms)
    if kind is list:
        return _array(cast("list[object]", node), forms)
    return forms.number(cast("int", node)) if kind is int else node


def _object(raw: Json, forms: Forms) -> Any:
    node = canonical(raw)
    if "__value" in node:
        # A scalar that says its type: {"__type": "Guid:#System", "__value": …}.
        return value(node["__value"], forms)
    kind = text(node.get("__type")).partition(":")[0] or _shape(node)
    if (read := _READERS.get(kind)) is not None:
        return read(node, forms)
    if kind.startswith("KeyValuePairOf") and "key" in node:
        return {_key(node["key"]): value(_content(node), forms)}
    if kind.endswith("ManagedProperty"):
        return value(_content(node), forms)
    return {name: value(item, forms) for name, item in raw.items() if name not in _OF_THE_SERIALIZER}


def _content(node: Json) -> Any:
    """Return what a pair (`value`) or a wrapping (`Value`) holds; serializers vary in the case of both."""
    return node["value"] if "value" in node else node.get("Value")


def _row(node: Json, forms: Forms) -> Any:
    get = node.get
    return forms.entity(
        text(get("LogicalName")),
        guid(get("Id")),
        pairs(get("Attributes"), forms),
        pairs(get("FormattedValues"), forms),
        pairs(get("KeyAttributes"), forms),
        pairs(get("RelatedEntities"), forms),
        text(get("RowVersion")) or None,
    )


def _pointer(node: Json, forms: Forms) -> Any:
    get = node.get
    return forms.reference(
        text(get("LogicalName")),
        guid(get("Id")),
        text(get("Name")) or None,
        pairs(get("KeyAttributes"), forms.keys or forms),
        text(get("RowVersion")) or None,
    )


def _choice(node: Json, forms: Forms) -> Any:
    return forms.choice(integer(_content(node)))


def _money(node: Json, forms: Forms) -> Any:
    amount = _content(node)
    return forms.money(amount if isinstance(amount, int | float) else None)


def _aliased(node: Json, forms: Forms) -> Any:
    table, attribute = text(node.get("EntityLogicalName")), text(node.get("AttributeLogicalName"))
    return forms.aliased(table, attribute, value(_content(node), forms))


def _collection(node: Json, forms: Forms) -> Any:
    rows = node.get("Entities")
    found = cast("list[object]", rows) if isinstance(rows, list) else []
    entities = tuple(_row(canonical(cast("Json", row)), forms) for row in found if isinstance(row, dict))
    return forms.collection(text(node.get("EntityName")), entities, bool(node.get("MoreRecords")))


_READERS: dict[str, Callable[[Json, Forms], Any]] = {
    "Entity": _row,
    "EntityReference": _pointer,
    "OptionSetValue": _choice,
    "Money": _money,
    "AliasedValue": _aliased,
    "EntityCollection": _collection,
}


def _shape(node: Json) -> str:
    """Name the type of an object that does not say it: images carry no `__type`."""
    if "Attributes" in node and (node.keys() <= _ROW or not _ROW_NAMES.isdisjoint(node)):
        return "Entity"
    if "LogicalName" in node and "Id" in node:
        return "EntityReference"
    if "Entities" in node and isinstance(node["Entities"], list):
        return "EntityCollection"
    if len(node.keys() - _OF_THE_SERIALIZER) == 1 and isinstance(amount := _content(node), int | float):
        # The members of an OptionSetValueCollection, and what a serializer wrote without types.
        return "OptionSetValue" if isinstance(amount, int) else "Money"
    return "KeyValuePairOf" if node.keys() == {"key", "value"} else ""


def _array(node: list[object], forms: Forms) -> Any:
    if node and all(isinstance(item, dict) and "key" in canonical(cast("Json", item)) for item in node):
        return _gathered(node, forms)
    return [value(item, forms) for item in node]


def _key(node: object) -> str:
    """Return a key; that of RelatedEntities is a Relationship, named by its SchemaName."""
    if isinstance(node, dict):
        return text(canonical(cast("Json", node)).get("SchemaName"))
    return text(node) if isinstance(node, str) else str(node)
