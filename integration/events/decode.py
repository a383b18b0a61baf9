"""From a message to its events, whatever its shape."""

import re
from typing import Any, cast

import msgspec

from integration.events import foreign, reserved, scan
from integration.events.bindings import format_of, is_structured
from integration.events.business_event import business_event, canonical
from integration.events.context import is_context
from integration.events.dataverse_event import context_event
from integration.events.event import JSON_TYPE, Attribute, Event
from integration.events.identity import trace_parent
from integration.events.inbound import Decoded, Ignored, Inbound, Item, Undecoded, UndecodedReason
from integration.events.sdk_names import canonical as of_sdk
from integration.events.surroundings import Surroundings
from integration.events.text import BLANK, json_text, raw_type

_LEVELS = 8
_TEST = re.compile(rb"\W*(?:this is a |hello,? )?test\b[\w\s.,!:-]{0,200}", re.IGNORECASE)
_HANDSHAKES = ("Microsoft.EventGrid.SubscriptionValidationEvent", "Microsoft.EventGrid.SubscriptionDeletedEvent")
_HINTS: dict[UndecodedReason, str] = {
    "Undecodable": "Look at the dead letter's body; send one of the documented shapes, or remove the sender.",
    "UnsupportedEncoding": "Send CloudEvents in the JSON format, or in binary mode.",
    "TooLarge": "Send smaller messages or fewer events in one.",
    "ReservedName": 'Let the sender use its own names; from one fno-link to another send `body = "data"` or `"raw"`.',
    "TooDeep": "Nothing that Dynamics 365 sends nests so deep; look at who sends to this source.",
}
_JSON_BEGINS = frozenset({b"{", b"[", b'"'})
_RAWS = msgspec.json.Decoder(list[msgspec.Raw])
_JSON = msgspec.json.Decoder()
_EVENT_GRID = msgspec.json.Decoder(foreign.EventGridEvent)
_CLOUD_EVENT = msgspec.json.Decoder(foreign.CloudEventData)


def decode(inbound: Inbound) -> Decoded:
    """Read every event of a message; whatever the bytes are, nothing is raised.

    The shape is sniffed as nothing on the message names it: RemoteExecutionContext, business event, Event Grid,
    CloudEvent (structured, batch or binary), JSON inside a string, arrays of all these.

    Args:
        inbound: The message and what its transport says about it.

    Returns:
        In the message's order: events, what says nothing (empty and test messages, handshakes), and what could not
        be read, one by one: a bad element of an array does not lose the others.
    """
    body, limits = inbound.body, inbound.limits
    if len(body) > limits.max_bytes:
        return Decoded((_undecoded("TooLarge", f"{len(body)} bytes; the limit is {limits.max_bytes}", body),))
    around = Surroundings(inbound)
    try:
        binary = around.attributes if inbound.headers or inbound.properties else {}
    except ValueError as error:
        return Decoded((_undecoded("Undecodable", str(error), body),))
    is_plain = body.startswith(b"{") and body.endswith(b"}") and body[1] and body.isascii()
    text = body if is_plain else json_text(body, inbound.content_type)
    if binary:
        items = _binary(binary, body, text, around)
    else:
        items = [text] if isinstance(text, Undecoded) else _of_known_format(text, around) or _read(text, around, 0)
    items = [_unless_ours(item) for item in items]
    if len(items) == 1 and isinstance(items[0], Undecoded):
        # The whole message is undecoded: kept as it came, not as it was transcoded for reading.
        items = [msgspec.structs.replace(items[0], raw=body)]
    elif not (is_plain or binary) and len(items) == 1 and isinstance(items[0], Event) and text != body.strip(BLANK):
        # It was transcoded or unwrapped for reading: who asks for the body as it came gets it so.
        items = [msgspec.structs.replace(items[0], raw=body, raw_type=raw_type(inbound.content_type))]
    if len(items) > limits.max_events:
        return Decoded((_undecoded("TooLarge", f"{len(items)} events; the limit is {limits.max_events}", body),))
    return Decoded(tuple(items))


def _read(text: bytes, around: Surroundings, level: int) -> list[Item]:  # noqa: PLR0911 - one return a shape
    """Read JSON text of any shape; `level` counts arrays and strings that were opened on the way."""
    limits = around.inbound.limits
    first = text[:1]
    if not text:
        return [Ignored(reason="empty", detail="an empty message")]
    if level > _LEVELS:
        return [_undecoded("TooDeep", f"events nest more than {_LEVELS} arrays and strings deep", text)]
    if first == b"[":
        return _array(text, around, level)
    if scan.is_deeper(text, limits.depth):
        return [_undecoded("TooDeep", f"the JSON nests deeper than {limits.depth} levels", text)]
    try:
        value = _JSON.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return [_broken(text, error)] if b"\\u" not in text else _mended(text, around, level, error)
    if isinstance(value, dict):
        return _object(cast("dict[str, Any]", value), text, around, level)
    if isinstance(value, str):
        return _string(value, text, around, level)
    if value is None:
        return [Ignored(reason="empty", detail="a message of null")]
    return [_undecoded("Undecodable", f"the body is a JSON {type(value).__name__}, not an event", text)]


def _object(fields: dict[str, Any], text: bytes, around: Surroundings, level: int) -> list[Item]:
    if not fields:
        return [Ignored(reason="empty", detail="an empty object")]
    known = _known(fields, text, around)
    if known is not None:
        return [known]
    if foreign.is_event_grid(fields):
        return _event_grid(text, around, level)
    if foreign.is_cloud_event(fields):
        return _cloud_event(fields, text, around, level)
    if not any(_says_something(value) for value in fields.values()):
        return [Ignored(reason="test_message", detail="an object of empty values")]
    names = ", ".join(sorted(fields)[:5])[:120]
    return [
        _undecoded("Undecodable", f"no known shape: an object with {names.encode('ascii', 'replace').decode()}", text)
    ]


def _known(fields: dict[str, Any], text: bytes, around: Surroundings) -> Item | None:
    """Read a context or a business event, the shapes that Dynamics 365 sends; None for anything else."""
    if "BusinessEventId" in fields and "MessageName" not in fields:
        event = business_event(fields, text, around)
        if isinstance(event, Event):
            vars(event)["payload"] = fields
        return event
    of_context = of_sdk(fields)
    if is_context(of_context):
        return context_event(of_context, text, around)
    if "specversion" in fields or "eventType" in fields:
        return None
    contract = canonical(fields)
    return business_event(contract, text, around) if "BusinessEventId" in contract else None


def _event_grid(text: bytes, around: Surroundings, level: int) -> list[Item]:
    envelope = _EVENT_GRID.decode(text)
    if envelope.eventType in _HANDSHAKES:
        return [Ignored(reason="handshake", detail=envelope.eventType)]
    claimed = {"type": envelope.eventType, "source": envelope.topic}
    if claim := reserved.claim(claimed, around.inbound.organization_url):
        return [_reserved(claim, text)]
    inner = _inner(bytes(envelope.data), around, level)
    return inner if inner is not None else [foreign.event_grid_event(envelope, text, around.inbound)]


def _cloud_event(fields: dict[str, Any], text: bytes, around: Surroundings, level: int) -> list[Item]:
    if claim := reserved.claim(fields, around.inbound.organization_url):
        return [_reserved(claim, text)]
    try:
        data, content_type = foreign.structured_data(_CLOUD_EVENT.decode(text), fields)
    except ValueError as error:
        return [_undecoded("Undecodable", f"a CloudEvent whose {error}", text)]
    inner = _inner(data, around, level)
    if inner is not None:
        trace = trace_parent(fields.get("traceparent"))
        return [_traced(item, trace) for item in inner] if trace else inner
    if fault := foreign.fault(fields):
        return [_undecoded("Undecodable", fault, text)]
    return [foreign.cloud_event(fields, data, content_type, around.inbound)]


def _of_known_format(text: bytes, around: Surroundings) -> list[Item]:
    """Refuse a structured message in another format than JSON; anything else is read."""
    content_type = around.inbound.content_type
    if (
        not text
        or not is_structured(content_type)
        or text[:1] in _JSON_BEGINS
        or (kind := format_of(content_type)) == "json"
    ):
        return []
    return [_undecoded("UnsupportedEncoding", f"a CloudEvent in the format {kind[:40]!r}, not JSON", text)]


def _binary(attributes: dict[str, Attribute], body: bytes, text: bytes | Undecoded, around: Surroundings) -> list[Item]:
    """Read a CloudEvent in binary mode: its attributes are headers or properties, the body is its data."""
    if claim := reserved.claim(attributes, around.inbound.organization_url):
        return [_reserved(claim, body)]
    inner = None if isinstance(text, Undecoded) else _inner(text, around, 0)
    if inner is not None:
        return inner
    if fault := foreign.fault(attributes):
        return [text] if isinstance(text, Undecoded) else [_undecoded("Undecodable", fault, body)]
    content_type = foreign.media_type(around.inbound.content_type)
    is_json = JSON_TYPE.fullmatch(content_type) is not None and isinstance(text, bytes)
    data = cast("bytes", text) if is_json else body
    return [foreign.cloud_event(attributes, data, content_type, around.inbound, otherwise=body)]


def _inner(data: bytes, around: Surroundings, level: int) -> list[Item] | None:
    """Read the data of an envelope where it is a context or business event, in an array or a string too."""
    data = data.strip()
    if data[:1] not in _JSON_BEGINS or level > _LEVELS or scan.is_deeper(data, around.inbound.limits.depth):
        return None
    try:
        value = _JSON.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if isinstance(value, dict):
        item = _known(cast("dict[str, Any]", value), data, around)
        return None if item is None else [item]
    if isinstance(value, str):
        return _inner(value.encode(), around, level + 1) if value.lstrip()[:1] in {"{", "[", '"'} else None
    if isinstance(value, list) and value:
        found = [_inner(bytes(element), around, level + 1) for element in _RAWS.decode(data)]
        items = [item for inner in found if inner is not None for item in inner]
        return items if all(inner is not None for inner in found) else None
    return None


def _array(text: bytes, around: Surroundings, level: int) -> list[Item]:
    try:
        deep = scan.is_deeper(text, around.inbound.limits.depth)
        if deep and level > 1:
            # Splitting is a pass over the text: limit the levels, or a hostile nesting makes one pass for each.
            return [_undecoded("TooDeep", f"the JSON nests deeper than {around.inbound.limits.depth} levels", text)]
        parts = scan.elements(text) if deep else [bytes(raw) for raw in _RAWS.decode(text)]
    except (msgspec.DecodeError, UnicodeDecodeError):
        parts = scan.elements(text)
    if not parts:
        return [Ignored(reason="empty", detail="an empty array")]
    if len(parts) > (limit := around.inbound.limits.max_events):
        return [_undecoded("TooLarge", f"an array of {len(parts)} events; the limit is {limit}", text)]
    return [item for part in parts for item in _read(part, around, level + 1)]


def _string(value: str, text: bytes, around: Surroundings, level: int) -> list[Item]:
    inner = value.strip("\ufeff \t\r\n").encode()
    if not inner:
        return [Ignored(reason="empty", detail="a message of an empty string")]
    if inner[:1] in _JSON_BEGINS:
        return _read(inner, around, level + 1)
    if _TEST.fullmatch(inner):
        return [Ignored(reason="test_message", detail="a text that says test")]
    return [_undecoded("Undecodable", "the body is a JSON string that holds no JSON", text)]


def _mended(text: bytes, around: Surroundings, level: int, error: Exception) -> list[Item]:
    """Read text that holds halves of characters: replaced in `data`, kept in `raw`."""
    mended = scan.mend_surrogates(text)
    if mended == text:
        return [_broken(text, error)]
    return [
        msgspec.structs.replace(item, raw=item.raw or text) if isinstance(item, Event) else item
        for item in _read(mended, around, level + 1)
    ]


def _broken(text: bytes, error: Exception) -> Item:
    if _TEST.fullmatch(text):
        return Ignored(reason="test_message", detail="a text that says test")
    what = str(error)[:120] if isinstance(error, msgspec.DecodeError) else "the text is not UTF-8"
    return _undecoded("Undecodable", what, text)


def _traced(item: Item, trace: str) -> Item:
    if isinstance(item, Event) and "traceparent" not in item.extensions:
        return item.stamp({"traceparent": trace})
    return item


def _unless_ours(item: Item) -> Item:
    """Refuse an event that took a type of ours from the fields of a business event or context."""
    if isinstance(item, Event) and (claim := reserved.claimed_type(item.type)):
        return _reserved(claim, item.raw or bytes(item.data))
    return item


def _reserved(claim: str, raw: bytes) -> Undecoded:
    return _undecoded("ReservedName", f"only fno-link itself sets {claim}", raw)


def _says_something(value: object) -> bool:
    return value not in (None, "", 0, [], {}, "00000000-0000-0000-0000-000000000000")


def _undecoded(reason: UndecodedReason, message: str, raw: bytes) -> Undecoded:
    return Undecoded(reason=reason, message=message, hint=_HINTS[reason], raw=raw)
