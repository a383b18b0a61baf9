"""The flat, typed JSON form of a RemoteExecutionContext that routes filter on and targets receive."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from integration.events.context import RemoteExecutionContext
from integration.events.times import known
from integration.events.xrm import AliasedValue, Entity, EntityCollection, EntityReference, Money, OptionSetValue, Value

type Dates = Callable[[datetime], str | None]

_LARGEST = 2**63 - 1
_PLAIN = frozenset({str, bool, float, type(None)})
_EMPTY: tuple[object, ...] = ("", None, {})
_SPECIAL = frozenset({"Target", "PreImage"})


def flat(context: RemoteExecutionContext) -> dict[str, Any]:
    """Flatten a context; what it does not carry is absent, what is empty is null.

    Returns:
        JSON values: dates become ISO 8601, choices and money numbers, references `{logicalName, id}`.
    """
    date = _written_of_erp if context.is_data_event else _written
    inputs = context.input_parameters
    parts: dict[str, Any] = {
        "messageName": context.message_name,
        "entity": context.entity,
        "id": context.id,
        "target": _value(inputs.get("Target"), date),
        "preimage": _value(inputs.get("PreImage"), date),
        "inputParameters": {name: _value(item, date) for name, item in inputs.items() if name not in _SPECIAL},
        "outputParameters": _values(context.output_parameters, date),
        "preImages": _values(context.pre_entity_images, date),
        "postImages": _values(context.post_entity_images, date),
        "sharedVariables": _values(context.shared_variables, date),
        "secondaryEntity": context.secondary_entity_name,
        "operationId": context.operation_id,
        "operationCreatedOn": _written(context.operation_created_on),
        "correlationId": context.correlation_id,
        "requestId": context.request_id,
        "organizationId": context.organization_id,
        "organizationName": context.organization_name,
        "businessUnitId": context.business_unit_id,
        "userId": context.user_id,
        "userAadId": context.user_aad_id,
        "initiatingUserId": context.initiating_user_id,
        "initiatingUserAadId": context.initiating_user_aad_id,
        "initiatingUserAgent": context.initiating_user_agent,
        "mode": context.mode,
        "stage": context.stage,
        "depth": context.depth,
    }
    found = {name: part for name, part in parts.items() if part or part not in _EMPTY}
    if (parent := context.parent_context) is not None:
        found["parentContext"] = {
            "messageName": parent.message_name,
            "entity": parent.entity,
            "id": parent.id or None,
            "stage": parent.stage,
            "depth": parent.depth,
        }
    return found


def _values(items: Mapping[str, Value], date: Dates) -> dict[str, Any]:
    return {name: item if type(item) in _PLAIN else _value(item, date) for name, item in items.items()}


def _value(item: Value, date: Dates) -> Any:
    kind = type(item)
    return item if kind in _PLAIN else _WRITERS[kind](item, date)


def _number(item: int, _date: Dates) -> int | str:
    # Beyond int64 JSON readers disagree; the digits do not.
    return item if -_LARGEST - 1 <= item <= _LARGEST else str(item)


def _time(item: datetime, date: Dates) -> str | None:
    return date(item)


def _written(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat().replace("+00:00", "Z")


def _written_of_erp(time: datetime) -> str | None:
    """Finance and operations apps write 1900-01-01 for an empty date; elsewhere it can be a birthday."""
    return _written(known(time))


def _wrapped(item: OptionSetValue | Money | AliasedValue, date: Dates) -> Any:
    return _value(item.value, date)


def _reference(item: EntityReference, _date: Dates) -> dict[str, Any]:
    found: dict[str, Any] = {"logicalName": item.logical_name, "id": item.id or None}
    if item.name is not None:
        found["name"] = item.name
    if item.key_attributes:
        found["keyAttributes"] = _values(item.key_attributes, _written)
    return found


def _entity(item: Entity, date: Dates) -> dict[str, Any]:
    found: dict[str, Any] = {"logicalName": item.logical_name, "id": item.id or None}
    found.update(_values(item.attributes, date))
    if item.formatted_values:
        found["formattedValues"] = _values(item.formatted_values, date)
    if item.key_attributes:
        found["keyAttributes"] = _values(item.key_attributes, date)
    if item.related_entities:
        found["relatedEntities"] = _values(item.related_entities, date)
    return found


def _rows(item: EntityCollection, date: Dates) -> list[dict[str, Any]]:
    return [_entity(row, date) for row in item.entities]


def _list(items: list[Value], date: Dates) -> list[Any]:
    return [_value(one, date) for one in items]


_WRITERS: dict[type[Any], Callable[[Any, Dates], Any]] = {
    int: _number,
    datetime: _time,
    OptionSetValue: _wrapped,
    Money: _wrapped,
    AliasedValue: _wrapped,
    EntityReference: _reference,
    Entity: _entity,
    EntityCollection: _rows,
    dict: _values,
    list: _list,
}
