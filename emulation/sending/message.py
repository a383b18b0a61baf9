"""What is sent: a body, what kind of sender would send it, and the ids of the events in it.

The shapes are those of the pages "Business events overview", "Sample: RemoteExecutionContext in JSON", "Azure Event
Grid event schema" and of CloudEvents 1.0.2, JSON format.
"""

import json
from collections.abc import Iterator
from typing import Any, Literal, cast

import msgspec

type Shape = Literal["dataverse", "finance-operations", "cloud-event", "event-grid", "unknown"]

# Pages "Use webhooks to create external handlers" and "Azure integration": above it Dataverse removes four members.
WEBHOOK_LIMIT, BUS_LIMIT = 256 * 1024, 192 * 1024
REMOVED = ("ParentContext", "InputParameters", "PreEntityImages", "PostEntityImages")


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message.

    Args:
        body: What is sent.
        shape: Whose format it has.
        ids: Of the events in it, as far as they are written there.
        context: Of Dataverse: the members that its headers repeat.
        stripped: Whether Dataverse has removed members for its size.
    """

    body: bytes
    shape: Shape
    ids: tuple[str, ...] = ()
    context: dict[str, str] = {}
    stripped: bool = False


def message_of(body: bytes, organization: str = "", *, stripped: bool = False) -> Message:
    """Understand a body as far as its sender must.

    Args:
        body: The body.
        organization: The name of its organization; part of the id of an event of old builds of F&O.
        stripped: Whether it is one that Dataverse has removed members from.
    """
    try:
        document: Any = json.loads(body)
    except (ValueError, RecursionError):
        return Message(body=body, shape="unknown")
    events: list[Any] = cast("list[Any]", document) if isinstance(document, list) else [document]
    found = [cast("dict[str, Any]", each) for each in events if isinstance(each, dict)]
    if not found:
        return Message(body=body, shape="unknown")
    shape = _shape_of(found[0])
    ids = tuple(id_ for each in found for id_ in _ids_of(each, organization))
    context: dict[str, str] = {}
    if shape == "dataverse":
        names = (
            "PrimaryEntityName",
            "MessageName",
            "CorrelationId",
            "UserId",
            "InitiatingUserId",
            "InitiatingUserAgent",
        )
        context = {name: str(found[0].get(name) or "") for name in names}
    return Message(body=body, shape=shape, ids=ids, context=context, stripped=stripped)


def shrunk(message: Message, limit: int) -> Message:
    """Remove what Dataverse removes from a context that is larger than it sends.

    Args:
        message: The message.
        limit: The largest that is sent whole, in bytes.
    """
    if message.shape != "dataverse" or len(message.body) <= limit:
        return message
    document: dict[str, Any] = json.loads(message.body)
    left = {name: value for name, value in document.items() if name not in REMOVED}
    return msgspec.structs.replace(message, body=json.dumps(left).encode(), stripped=True)


def _shape_of(document: dict[str, Any]) -> Shape:
    if "specversion" in document:
        return "cloud-event"
    if "eventType" in document and "data" in document:
        return "event-grid"
    if "MessageName" in document and ("InputParameters" in document or "OperationId" in document):
        return "dataverse"
    return "finance-operations" if "BusinessEventId" in document else "unknown"


def _ids_of(document: dict[str, Any], organization: str) -> Iterator[str]:
    """Yield the id that fno-link will know an event by (docs/reference/events.md), where it is written in it."""
    match _shape_of(document):
        case "cloud-event":
            inner: Any = document.get("data")
            yield from _inner(inner, str(document.get("id", "")), organization)
        case "event-grid":
            yield from _inner(document.get("data"), str(document.get("id", "")), organization)
        case "dataverse" if (contract := _parameters(document)).get("BusinessEventId"):
            yield from _of_contract(contract, organization)
        case "dataverse" if document.get("EventId"):
            yield str(document["EventId"])
        case "dataverse" if document.get("Mode") == 1 and document.get("OperationId"):
            yield str(document["OperationId"])
        case "finance-operations":
            yield from _of_contract(document, organization)
        case _:
            pass


def _inner(data: Any, own: str, organization: str) -> Iterator[str]:
    """Yield the id of what an envelope holds: a business event or a context has its own."""
    if isinstance(data, str):
        try:
            data = json.loads(data)
        except (ValueError, RecursionError):
            data = None
    if isinstance(data, dict):
        held = cast("dict[str, Any]", data)
        if _shape_of(held) in {"finance-operations", "dataverse"}:
            yield from _ids_of(held, organization)
            return
    if own:
        yield own


def _parameters(context: dict[str, Any]) -> dict[str, Any]:
    """Return the input parameters by name: those of a business event that went through Dataverse are its contract."""
    listed: Any = context.get("InputParameters")
    pairs = (
        [cast("dict[str, Any]", each) for each in cast("list[Any]", listed) if isinstance(each, dict)]
        if isinstance(listed, list)
        else []
    )
    return {each["key"]: each.get("value") for each in pairs if isinstance(each.get("key"), str)}


def _of_contract(document: dict[str, Any], organization: str) -> Iterator[str]:
    if own := document.get("EventId"):
        yield str(own).strip("{}")
    elif number := document.get("ControlNumber"):
        yield f"{organization}:{document['BusinessEventId']}:{number}"
