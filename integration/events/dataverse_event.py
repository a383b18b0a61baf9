"""Events from RemoteExecutionContexts: Dataverse messages, F&O data events, proxied business events."""

from typing import Any, cast

import msgspec

from integration.events.business_event import (
    FINANCE_OPERATIONS,
    business_event,
    canonical,
    event_time,
    extensions,
    identify,
)
from integration.events.context import RemoteExecutionContext
from integration.events.event import Event, Origin
from integration.events.flat import flat
from integration.events.identity import legal_id, legal_text, payload_id
from integration.events.inbound import Ignored, Undecoded
from integration.events.sdk_names import Json
from integration.events.sdk_names import canonical as of_sdk
from integration.events.surroundings import Surroundings
from integration.events.xrm import Entity, Value

_ASYNCHRONOUS = 1
_COMPANY = frozenset({"mserp_dataareaid", "dataareaid"})
_ENCODER = msgspec.json.Encoder()


def context_event(fields: Json, text: bytes, around: Surroundings) -> Event | Ignored | Undecoded:
    """Make an event of a context.

    Args:
        fields: The decoded context, under the SDK's own names.
        text: The same as JSON text, kept as the event's `raw`.
        around: What the transport says.

    Returns:
        A business event where the input parameters are its contract (F&O sends them through Dataverse when the
        environments are linked), else the Dataverse message or data event; Undecoded where Dataverse stripped the
        context for its size and left no id by which to read the row again.
    """
    context = RemoteExecutionContext.read(fields)
    contract = _contract(fields)
    if contract is not None:
        rebuilt = _ENCODER.encode(contract)
        return business_event(canonical(contract), rebuilt, around, raw=text, origin=_origin(context, around))
    stripped = context.stripped or (around.is_stripped and not context.input_parameters)
    if stripped and not (context.id and context.entity):
        return Undecoded(
            reason="ContextStripped",
            message=f"Dataverse removed the parameters of {legal_text(context.message_name, 128)!r} because the message"
            " was too large, and no record id is left",
            hint="Register the step with filtering attributes and smaller images, so that its message stays small.",
            raw=text,
        )
    return _event(context, fields, text, around, stripped=stripped)


def _event(
    context: RemoteExecutionContext, fields: Json, text: bytes, around: Surroundings, *, stripped: bool
) -> Event:
    inbound = around.inbound
    data = flat(context)
    # An envelope of a business event may lie around a data event: its own EventId wins.
    identity = identify(inbound.organization, fields) if fields.get("BusinessEventId") or fields.get("EventId") else ""
    if not identity and context.mode == _ASYNCHRONOUS:
        identity = legal_id(context.operation_id)
    attributes = extensions(fields, around)
    if context.is_data_event and "legalentity" not in attributes and (company := _company(context)):
        attributes["legalentity"] = legal_text(company)
    envelope = fields.get("BusinessEventId")
    if envelope and isinstance(envelope, str):
        attributes["businesseventid"] = legal_text(envelope)
    if stripped:
        attributes["contextstripped"] = True
    entity = legal_text(context.entity, 512)
    event = Event(
        id=identity or payload_id(text),
        source=inbound.organization_url + (FINANCE_OPERATIONS if context.is_data_event else ""),
        type=f"{entity or 'none'}.{legal_text(context.message_name, 512)}",
        organization=inbound.organization,
        data=msgspec.Raw(_ENCODER.encode(data)),
        shape="data_event" if context.is_data_event else "dataverse",
        subject=legal_text(f"{entity}({context.id})") if entity and context.id else None,
        time=context.operation_created_on or event_time(fields),
        extensions=attributes,
        raw=text,
        ingress=inbound.ingress,
        group=inbound.group or inbound.ingress,
        origin=_origin(context, around),
    )
    vars(event)["payload"] = data
    return event


def _contract(fields: Json) -> dict[str, Any] | None:
    """Return the business-event contract among the input parameters, values as they came."""
    parameters = fields.get("InputParameters")
    found: dict[str, Any] = {}
    if isinstance(parameters, dict):
        found = cast("Json", parameters)
    elif isinstance(parameters, list):
        for item in cast("list[object]", parameters):
            if isinstance(item, dict):
                pair = of_sdk(cast("Json", item))
                if isinstance(name := pair.get("key"), str):
                    found[name] = pair.get("value")
    return found if any(name.lower() == "businesseventid" for name in found) else None


def _company(context: RemoteExecutionContext) -> str:
    """Return the company of a row: `mserp_dataareaid` of the virtual table, `dataAreaId` of the entity itself."""
    for row in (context.target, context.pre_image, *context.post_entity_images.values()):
        found = _company_in(row.attributes) if isinstance(row, Entity) else ""
        if found or (row is not None and (found := _company_in(row.key_attributes))):
            return found
    return ""


def _company_in(attributes: dict[str, Value]) -> str:
    for name, company in attributes.items():
        if name.lower() in _COMPANY and isinstance(company, str) and company:
            return company
    return ""


def _origin(context: RemoteExecutionContext, around: Surroundings) -> Origin:
    return Origin(
        organization_id=context.organization_id,
        organization_name=context.organization_name,
        organization_host=around.organization_host,
        user_id=context.user_id or around.claim("user"),
        initiating_user_id=context.initiating_user_id or around.claim("initiatinguser"),
        initiating_user_aad_id=context.initiating_user_aad_id,
        depth=context.depth or 0,
        user_agent=context.initiating_user_agent or around.claim("initiatinguseragent"),
    )
