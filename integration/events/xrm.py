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
type Json = dict[str, Any]

_INTEGER = re.compile(r"-?[0-9]{1,18}")
_KNOWN = frozenset(
    {
        "Attributes",
        "AttributeLogicalName",
        "BusinessUnitId",
        "CorrelationId",
        "Depth",
        "Entities",
        "EntityLogicalName",
        "EntityName",
        "EntityState",
        "FormattedValues",
        "Id",
        "InitiatingUserAgent",
        "InitiatingUserAzureActiveDirectoryObjectId",
        "InitiatingUserId",
        "InputParameters",
        "IsExecutingOffline",
        "IsInTransaction",
        "IsOfflinePlayback",
        "IsolationMode",
        "KeyAttributes",
        "LogicalName",
        "MessageName",
        "Mode",
        "MoreRecords",
        "Name",
        "OperationCreatedOn",
        "OperationId",
        "OrganizationId",
        "OrganizationName",
        "OutputParameters",
        "OwningExtension",
        "ParentContext",
        "PostEntityImages",
        "PreEntityImages",
        "PrimaryEntityId",
        "PrimaryEntityName",
        "PrimaryEntityRole",
        "RelatedEntities",
        "RequestId",
        "RowVersion",
        "SchemaName",
        "SecondaryEntityName",
        "SharedVariables",
        "Stage",
        "TotalRecordCount",
        "UserAzureActiveDirectoryObjectId",
        "UserId",
        "Value",
        "BusinessEventId",
        "ControlNumber",
        "EventId",
        "EventTime",
        "EventTimeIso8601",
        "BusinessEventLegalEntity",
        "ExtensionData",
        "key",
        "value",
        "__type",
        "__value",
    }
)
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
_TO_READ = frozenset({str, dict, list})
_CANONICAL = {name.lower(): name for name in _KNOWN - {"value"}} | {"value": "value"}


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


def canonical(node: Json) -> Json:
    """Return an object with the SDK's own names where they differ only in case: serializers vary in it."""
    if _KNOWN.issuperset(node):
        return node
    return {_CANONICAL.get(name.lower(), name): value for name, value in node.items()}


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


def pairs(node: object) -> dict[str, Value]:
    """Read a collection: an array of `{key, value}`, a plain object, or null."""
    if not node:
        return {}
    if isinstance(node, list):
        return _gathered(cast("list[object]", node))
    if isinstance(node, dict):
        return {name: value(item) for name, item in cast("Json", node).items() if name not in _OF_THE_SERIALIZER}
    return {}


def _gathered(items: list[object]) -> dict[str, Value]:
    """Read pairs; a key that comes again, as lists of .NET pairs may have it, holds the list of its values."""
    once: dict[str, Value] = {}
    again: dict[str, list[Value]] = {}
    for item in items:
        if not isinstance(item, dict):
            continue
        pair = cast("Json", item)
        if "key" not in pair:
            pair = canonical(pair)
        key = pair.get("key")
        name = key if type(key) is str else _key(key)
        held = pair["value"] if "value" in pair else pair.get("Value")
        # Most that a row carries is a scalar that stands for itself.
        read = value(held) if type(held) in _TO_READ else held
        if name in once:
            again.setdefault(name, [once[name]]).append(read)
        else:
            once[name] = read
    return {**once, **again} if again else once


def entity(node: object) -> Entity | None:
    """Read an Entity, with or without its `__type`."""
    return _row(canonical(cast("Json", node))) if isinstance(node, dict) else None


def reference(node: object) -> EntityReference | None:
    """Read an EntityReference, with or without its `__type`."""
    return _pointer(canonical(cast("Json", node))) if isinstance(node, dict) else None


def value(node: object) -> Value:
    """Read any value: by its `__type`, else by its shape."""
    if isinstance(node, str):
        if node.startswith("/Date(") and (time := json_date(node)) is not None:
            return time
        return node
    if isinstance(node, dict):
        return _object(cast("Json", node))
    if isinstance(node, list):
        return _array(cast("list[object]", node))
    return cast("Scalar", node)


def _object(raw: Json) -> Value:
    node = canonical(raw)
    if "__value" in node:
        # A scalar that says its type: {"__type": "Guid:#System", "__value": …}.
        return value(node["__value"])
    kind = text(node.get("__type")).partition(":")[0] or _shape(node)
    if (read := _READERS.get(kind)) is not None:
        return read(node)
    if kind.startswith("KeyValuePairOf") and "key" in node:
        return {_key(node["key"]): value(_content(node))}
    if kind.endswith("ManagedProperty"):
        return value(_content(node))
    return {name: value(item) for name, item in raw.items() if name not in _OF_THE_SERIALIZER}


def _content(node: Json) -> Any:
    """Return what a pair (`value`) or a wrapping (`Value`) holds; serializers vary in the case of both."""
    return node["value"] if "value" in node else node.get("Value")


def _row(node: Json) -> Entity:
    get = node.get
    return Entity(
        text(get("LogicalName")),
        guid(get("Id")),
        pairs(get("Attributes")),
        pairs(get("FormattedValues")),
        pairs(get("KeyAttributes")),
        pairs(get("RelatedEntities")),
        text(get("RowVersion")) or None,
    )


def _pointer(node: Json) -> EntityReference:
    get = node.get
    return EntityReference(
        text(get("LogicalName")),
        guid(get("Id")),
        text(get("Name")) or None,
        pairs(get("KeyAttributes")),
        text(get("RowVersion")) or None,
    )


def _choice(node: Json) -> OptionSetValue:
    return OptionSetValue(integer(_content(node)))


def _money(node: Json) -> Money:
    amount = _content(node)
    return Money(amount if isinstance(amount, int | float) else None)


def _aliased(node: Json) -> AliasedValue:
    table, attribute = text(node.get("EntityLogicalName")), text(node.get("AttributeLogicalName"))
    return AliasedValue(table, attribute, value(_content(node)))


def _collection(node: Json) -> EntityCollection:
    rows = node.get("Entities")
    found = [entity(row) for row in cast("list[object]", rows)] if isinstance(rows, list) else []
    return EntityCollection(
        text(node.get("EntityName")), tuple(row for row in found if row is not None), bool(node.get("MoreRecords"))
    )


_READERS: dict[str, Callable[[Json], Value]] = {
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


def _array(node: list[object]) -> Value:
    if node and all(isinstance(item, dict) and "key" in canonical(cast("Json", item)) for item in node):
        return pairs(node)
    return [value(item) for item in node]


def _key(node: object) -> str:
    """Return a key; that of RelatedEntities is a Relationship, named by its SchemaName."""
    if isinstance(node, dict):
        return text(canonical(cast("Json", node)).get("SchemaName"))
    return text(node) if isinstance(node, str) else str(node)
