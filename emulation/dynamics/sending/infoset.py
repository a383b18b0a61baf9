"""A context as an XML tree, as the DataContractSerializer writes it.

Source: the page "Data contract serializer", and the class reference of RemoteExecutionContext for members and types.
"""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import msgspec

from emulation.dynamics.sending.values import (
    Amount,
    Choice,
    Context,
    Entity,
    Guid,
    Images,
    Moment,
    Reference,
)

CONTRACTS = "http://schemas.microsoft.com/xrm/2011/Contracts"
GENERIC = "http://schemas.datacontract.org/2004/07/System.Collections.Generic"
SCHEMA = "http://www.w3.org/2001/XMLSchema"
INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"


class Node(msgspec.Struct, frozen=True):
    """An element.

    Args:
        name: Its name, with the prefix if it has one.
        attributes: Attributes and namespace declarations, in order.
        content: Its children, its text, or nothing.
    """

    name: str
    attributes: tuple[tuple[str, str], ...] = ()
    content: "tuple[Node, ...] | str" = ()


def tree(context: Context) -> Node:
    """Return the tree of a context."""
    declared = (("xmlns", CONTRACTS), ("xmlns:i", INSTANCE), ("xmlns:a", GENERIC), ("xmlns:x", SCHEMA))
    return Node("RemoteExecutionContext", declared, tuple(_members(context)))


def _members(context: Context) -> Iterator[Node]:
    for name, value in context.items():
        if isinstance(value, dict) and "MessageName" in value:
            yield Node(name, (), tuple(_members(cast("Context", value))))
        elif isinstance(value, Images):
            pairs = (
                _pair("KeyValuePairOfstringEntityEtUf8YnU", key, Node("a:value", (), _entity(image)))
                for key, image in value.entities.items()
            )
            yield Node(name, (), tuple(pairs))
        elif isinstance(value, Mapping):
            yield Node(name, (), tuple(_collection(cast("Mapping[str, Any]", value))))
        elif isinstance(value, Reference):
            yield Node(name, (), _reference(value))
        elif value is None:
            yield Node(name, (("i:nil", "true"),))
        else:
            yield Node(name, (), _text(value))


def _collection(values: Mapping[str, Any]) -> Iterator[Node]:
    for key, value in values.items():
        yield _pair("KeyValuePairOfstringanyType", key, _typed("a:value", value))


def _pair(name: str, key: str, value: Node) -> Node:
    return Node(f"a:{name}", (), (Node("a:key", (), key), value))


def _typed(name: str, value: Any) -> Node:
    if value is None:
        return Node(name, (("i:nil", "true"),))
    kind, content = _typed_content(value)
    return Node(name, (("i:type", kind),), content)


def _typed_content(value: Any) -> tuple[str, tuple[Node, ...] | str]:
    match value:
        case Choice():
            found = "OptionSetValue", (Node("Value", (), str(value.value)),)
        case Amount():
            found = "Money", (Node("Value", (), f"{value.value:g}"),)
        case Reference():
            found = "EntityReference", _reference(value)
        case Entity():
            found = "Entity", _entity(value)
        case list():
            found = "a:ArrayOfanyType", tuple(_typed("a:anyType", item) for item in cast("list[Any]", value))
        case _:
            found = _schema_type(value), _text(value)
    return found


def _schema_type(value: Any) -> str:
    if isinstance(value, Guid):
        return "a:guid"
    kinds = ((bool, "x:boolean"), (int, "x:int"), (float, "x:decimal"), (Moment, "x:dateTime"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "x:string")


def _text(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case Guid():
            return value.value
        case Moment():
            return f"{value.at:%Y-%m-%dT%H:%M:%SZ}"
        case _:
            return str(value)


def _reference(value: Reference) -> tuple[Node, ...]:
    name = Node("Name", (), value.name) if value.name else Node("Name", (("i:nil", "true"),))
    return (Node("Id", (), value.id), Node("LogicalName", (), value.table), name)


def _entity(value: Entity) -> tuple[Node, ...]:
    labels = tuple(
        _pair("KeyValuePairOfstringstring", key, Node("a:value", (), label)) for key, label in value.formatted.items()
    )
    return (
        Node("Attributes", (), tuple(_collection(value.attributes))),
        Node("EntityState", (("i:nil", "true"),)),
        Node("FormattedValues", (), labels),
        Node("Id", (), value.id),
        Node("LogicalName", (), value.table),
        Node("RelatedEntities"),
        Node("RowVersion", (), value.version or ""),
    )
