"""The flat, typed JSON form of a RemoteExecutionContext that routes filter on and targets receive."""

from datetime import datetime
from typing import Any

import msgspec

from integration.events.context import RemoteExecutionContext
from integration.events.sdk_names import Json
from integration.events.times import known
from integration.events.xrm import Forms, images, pairs

_LARGEST = 2**63 - 1
_EMPTY: tuple[object, ...] = ("", None, {})


def flat(context: RemoteExecutionContext) -> dict[str, Any]:
    """Flatten a context; what it does not carry is absent, what is empty is null.

    Returns:
        JSON values: dates become ISO 8601, choices and money numbers, references `{logicalName, id}`.
    """
    forms = _OF_ERP if context.is_data_event else _JSON
    get = context.fields.get
    inputs = pairs(get("InputParameters"), forms)
    parts: dict[str, Any] = {
        "messageName": context.message_name,
        "entity": context.entity,
        "id": context.id,
        "target": inputs.pop("Target", None),
        "preimage": inputs.pop("PreImage", None),
        "inputParameters": inputs,
        "outputParameters": pairs(get("OutputParameters"), forms),
        "preImages": images(get("PreEntityImages"), forms),
        "postImages": images(get("PostEntityImages"), forms),
        "sharedVariables": pairs(get("SharedVariables"), forms),
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


def _number(item: int) -> int | str:
    # Beyond int64 JSON readers disagree; the digits do not.
    return item if -_LARGEST - 1 <= item <= _LARGEST else str(item)


def _amount(item: float | None) -> float | str | None:
    return _number(item) if type(item) is int else item


def _written(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat().replace("+00:00", "Z")


def _written_of_erp(time: datetime) -> str | None:
    # Finance and operations apps write 1900-01-01 for an empty date; elsewhere it can be a birthday.
    return _written(known(time))


def _aliased(_table: str, _attribute: str, item: object) -> object:
    return item


def _reference(
    logical_name: str, id_: str, name: str | None, key_attributes: Json, _row_version: str | None
) -> dict[str, Any]:
    found: dict[str, Any] = {"logicalName": logical_name, "id": id_ or None}
    if name is not None:
        found["name"] = name
    if key_attributes:
        found["keyAttributes"] = key_attributes
    return found


def _entity(  # noqa: PLR0913, PLR0917 - as an Entity is made
    logical_name: str,
    id_: str,
    attributes: Json,
    formatted_values: Json,
    key_attributes: Json,
    related_entities: Json,
    _row_version: str | None,
) -> dict[str, Any]:
    found: dict[str, Any] = {"logicalName": logical_name, "id": id_ or None, **attributes}
    if formatted_values:
        found["formattedValues"] = formatted_values
    if key_attributes:
        found["keyAttributes"] = key_attributes
    if related_entities:
        found["relatedEntities"] = related_entities
    return found


def _rows(_name: str, rows: tuple[Json, ...], _more: bool) -> list[Json]:  # noqa: FBT001 - as an EntityCollection is made
    return list(rows)


_JSON = Forms(
    entity=_entity,
    reference=_reference,
    choice=_amount,
    money=_amount,
    aliased=_aliased,
    collection=_rows,
    date=_written,
    number=_number,
)
_OF_ERP = msgspec.structs.replace(_JSON, date=_written_of_erp, keys=_JSON)
