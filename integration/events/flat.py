"""The flat, typed JSON form of a RemoteExecutionContext that routes filter on and targets receive."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from integration.events.context import RemoteExecutionContext
from integration.events.times import known
from integration.events.xrm import AliasedValue, Entity, EntityCollection, EntityReference, Money, OptionSetValue, Value

_LARGEST = 2**63 - 1
_PLAIN = frozenset({str, bool, float, type(None)})
_SPECIAL = frozenset({"Target", "PreImage"})


def flat(context: RemoteExecutionContext) -> dict[str, Any]:
    """Flatten a context; what it does not carry is absent, what is empty is null.

    Returns:
        JSON values: dates become ISO 8601, choices and money numbers, references `{logicalName, id}`.
    """
    of_erp = context.is_data_event
    inputs = context.input_parameters
    parts: dict[str, Any] = {
        "messageName": context.message_name,
        "entity": context.entity,
        "id": context.id,
        "target": _value(inputs.get("Target"), of_erp=of_erp),
        "preimage": _value(inputs.get("PreImage"), of_erp=of_erp),
        "inputParameters": {name: _value(item, of_erp=of_erp) for name, item in inputs.items() if name not in _SPECIAL},
        "outputParameters": _values(context.output_parameters, of_erp=of_erp),
        "preImages": _values(context.pre_entity_images, of_erp=of_erp),
        "postImages": _values(context.post_entity_images, of_erp=of_erp),
        "sharedVariables": _values(context.shared_variables, of_erp=of_erp),
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
    found = {name: part for name, part in parts.items() if part not in ("", None, {})}
    if (parent := context.parent_context) is not None:
        found["parentContext"] = {
            "messageName": parent.message_name,
            "entity": parent.entity,
            "id": parent.id or None,
            "stage": parent.stage,
            "depth": parent.depth,
        }
    return found


def _values(items: Mapping[str, Value], *, of_erp: bool) -> dict[str, Any]:
    return {name: _value(item, of_erp=of_erp) for name, item in items.items()}


def _value(item: Value, *, of_erp: bool) -> Any:  # noqa: PLR0911 - one return for each type of value
    if type(item) in _PLAIN:
        return item
    match item:
        case None | str() | bool() | float():
            return item
        case int():
            # Beyond int64 JSON readers disagree; the digits do not.
            return item if -_LARGEST - 1 <= item <= _LARGEST else str(item)
        case OptionSetValue() | Money() | AliasedValue():
            return _value(item.value, of_erp=of_erp)
        case EntityReference():
            return _reference(item)
        case Entity():
            return _entity(item, of_erp=of_erp)
        case EntityCollection():
            return [_entity(row, of_erp=of_erp) for row in item.entities]
        case dict():
            return _values(item, of_erp=of_erp)
        case list():
            return [_value(one, of_erp=of_erp) for one in item]
        case _:
            # Finance and operations apps write 1900-01-01 for an empty date; elsewhere it can be a birthday.
            return _written(known(item) if of_erp else item)


def _written(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat().replace("+00:00", "Z")


def _reference(item: EntityReference) -> dict[str, Any]:
    found: dict[str, Any] = {"logicalName": item.logical_name, "id": item.id or None}
    if item.name is not None:
        found["name"] = item.name
    if item.key_attributes:
        found["keyAttributes"] = _values(item.key_attributes, of_erp=False)
    return found


def _entity(item: Entity, *, of_erp: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"logicalName": item.logical_name, "id": item.id or None}
    found.update(_values(item.attributes, of_erp=of_erp))
    if item.formatted_values:
        found["formattedValues"] = _values(item.formatted_values, of_erp=of_erp)
    if item.key_attributes:
        found["keyAttributes"] = _values(item.key_attributes, of_erp=of_erp)
    if item.related_entities:
        found["relatedEntities"] = _values(item.related_entities, of_erp=of_erp)
    return found
