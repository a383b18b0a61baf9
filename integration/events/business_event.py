"""Finance and operations business events: a flat JSON contract."""

import re
from datetime import datetime
from typing import Any

import msgspec

from integration.events.event import Attribute, Event, Origin
from integration.events.identity import guid, legal_id, legal_text, payload_id
from integration.events.inbound import Ignored
from integration.events.surroundings import Surroundings
from integration.events.times import instant, known

FINANCE_OPERATIONS = "/finance-operations"
_TEST = re.compile(r"BusinessEventsTest", re.IGNORECASE)
_DIGITS = re.compile(r"[0-9]{1,19}")
_LARGEST = 2**63 - 1
_NAMES = {
    name.lower(): name
    for name in (
        "BusinessEventId",
        "BusinessEventLegalEntity",
        "ContextRecordSubject",
        "ControlNumber",
        "CorrelationId",
        "EventId",
        "EventTime",
        "EventTimeIso8601",
        "InitiatingUserAADObjectId",
        "LegalEntity",
    )
}


def canonical(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields with the contract's own names where they differ only in case."""
    return {_NAMES.get(name.lower(), name): value for name, value in fields.items()}


def control_number(value: object) -> str:
    """Return ControlNumber (int64) in digits; empty for zero and what is not such a number."""
    if isinstance(value, str):
        return value.lstrip("0") if _DIGITS.fullmatch(value) and int(value) <= _LARGEST else ""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < abs(value) <= _LARGEST:
        return ""
    return str(int(value)) if value == value // 1 else ""


def identify(organization: str, fields: dict[str, Any]) -> str:
    """Return the id that a contract carries: EventId, else organization, BusinessEventId and ControlNumber.

    Returns:
        Empty where it carries neither.
    """
    if own := guid(fields.get("EventId")):
        return legal_id(own)
    name = fields.get("BusinessEventId")
    if isinstance(name, str) and name and (number := control_number(fields.get("ControlNumber"))):
        return legal_id(f"{organization}:{name}:{number}")
    return ""


def event_time(fields: dict[str, Any]) -> datetime | None:
    """Return a contract's time; the ISO form, where there is one, says it more finely."""
    return known(instant(fields.get("EventTimeIso8601"))) or known(instant(fields.get("EventTime")))


def extensions(fields: dict[str, Any], around: Surroundings) -> dict[str, Attribute]:
    """Return legalentity, controlnumber, correlationid and traceparent, each where it is known."""
    found: dict[str, Attribute] = {}
    legal_entity = fields.get("BusinessEventLegalEntity") or fields.get("LegalEntity")
    if legal_entity and isinstance(legal_entity, str):
        found["legalentity"] = legal_text(legal_entity)
    if number := control_number(fields.get("ControlNumber")):
        found["controlnumber"] = number
    correlation = guid(fields["CorrelationId"]) if "CorrelationId" in fields else ""
    if around.is_silent:
        if correlation:
            found["correlationid"] = legal_text(correlation)
        return found
    if correlation := legal_text(correlation) or around.correlation_id:
        found["correlationid"] = correlation
    if trace := around.trace_parent:
        found["traceparent"] = trace
    return found


def business_event(
    fields: dict[str, Any],
    contract: bytes,
    around: Surroundings,
    *,
    raw: bytes | None = None,
    origin: Origin | None = None,
) -> Event | Ignored:
    """Make an event of a contract.

    Args:
        fields: The contract, decoded, with `BusinessEventId` among its names.
        contract: The same as text; becomes `data` byte for byte.
        around: What the transport says.
        raw: The body as it came, where the contract is a rebuilt form of it.
        origin: Who caused it, where more is known than the contract says.

    Returns:
        The event, or that it is a test message: F&O sends one when an endpoint is created and when an event is
        activated. Source: "Business events overview" and "Business events and Azure Event Grid" of the finance and
        operations guide.
    """
    name = fields.get("BusinessEventId")
    if not isinstance(name, str) or not name.strip():
        return Ignored(reason="test_message", detail="a business event without a BusinessEventId")
    if _TEST.match(name):
        return Ignored(reason="test_message", detail=f"the test event {legal_text(name, 128)}")
    inbound = around.inbound
    subject = fields.get("ContextRecordSubject")
    return Event(
        id=identify(inbound.organization, fields) or payload_id(raw or contract),
        source=inbound.organization_url + FINANCE_OPERATIONS,
        type=legal_text(name),
        organization=inbound.organization,
        data=msgspec.Raw(contract),
        shape="business_event",
        subject=legal_text(subject) if subject and isinstance(subject, str) else None,
        time=event_time(fields),
        extensions=extensions(fields, around),
        raw=raw,
        ingress=inbound.ingress,
        group=inbound.group or inbound.ingress,
        origin=origin
        or Origin(
            organization_host="" if around.is_silent else around.organization_host,
            initiating_user_aad_id=guid(fields.get("InitiatingUserAADObjectId")),
        ),
    )
