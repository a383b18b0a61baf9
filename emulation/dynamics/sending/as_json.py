"""A context as JSON, as the DataContractJsonSerializer writes it.

Source: "Sample: RemoteExecutionContext in JSON" and the recorded messages of emulation/samples.
"""

from collections.abc import Callable, Mapping
from typing import Any, cast

import msgspec

from emulation.dynamics.sending.values import Amount, Choice, Context, Entity, Guid, Images, Moment, Reference

CONTRACTS = "http://schemas.microsoft.com/xrm/2011/Contracts"
PAIR = "KeyValuePairOfstringstring:#System.Collections.Generic"


def encode(context: Context) -> bytes:
    """Return a context as JSON text; slashes are escaped, as the serializer does."""
    return msgspec.json.encode(_plain(context)).replace(b"/", rb"\/")


def _plain(context: Context) -> dict[str, Any]:
    return {name: _member(value) for name, value in context.items()}


def _member(value: Any) -> Any:
    """Return a member of the context: of a known type, which is not said."""
    if isinstance(value, dict) and "MessageName" in value:
        return _plain(cast("Context", value))
    if isinstance(value, Mapping):
        return _pairs(cast("Mapping[str, Any]", value))
    if isinstance(value, Reference):
        return _reference(value)
    return _value(value)


def _pairs(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": name, "value": _value(value)} for name, value in values.items()]


def _value(value: Any) -> Any:
    return next((write(value) for kind, write in _WRITTEN.items() if isinstance(value, kind)), value)


def _moment(value: Moment) -> str:
    return f"/Date({round(value.at.timestamp() * 1000)}{'+0000' if value.local else ''})/"


def _images(value: Images) -> list[dict[str, Any]]:
    # What stands there is an entity, which is not said.
    return [{"key": name, "value": _entity(image)} for name, image in value.entities.items()]


def _reference(value: Reference) -> dict[str, Any]:
    return {
        "Id": value.id,
        "KeyAttributes": [],
        "LogicalName": value.table,
        "Name": value.name,
        "RowVersion": None,
    }


def _entity(value: Entity) -> dict[str, Any]:
    return {
        "Attributes": _pairs(value.attributes),
        "EntityState": None,
        "FormattedValues": [{"__type": PAIR, "key": name, "value": label} for name, label in value.formatted.items()],
        "Id": value.id,
        "KeyAttributes": [],
        "LogicalName": value.table,
        "RelatedEntities": [],
        "RowVersion": value.version,
    }


def _typed(name: str, write: Callable[[Any], dict[str, Any]]) -> Callable[[Any], dict[str, Any]]:
    return lambda value: {"__type": f"{name}:{CONTRACTS}"} | write(value)


_WRITTEN: dict[type, Callable[[Any], Any]] = {
    Guid: lambda value: value.value,
    Moment: _moment,
    Images: _images,
    Choice: _typed("OptionSetValue", lambda value: {"Value": value.value}),
    Amount: _typed("Money", lambda value: {"Value": value.value}),
    Reference: _typed("EntityReference", _reference),
    Entity: _typed("Entity", _entity),
}
