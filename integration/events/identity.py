"""Ids and attribute values: stable across redeliveries, and legal in CloudEvents."""

import re
import uuid
from urllib.parse import quote

# A fixed namespace: the same payload has the same id in every version and on every instance.
_NAMESPACE = uuid.UUID("6f0c7c2e-2f6b-5d0e-9a53-0d6c6e0b1f5a")
_ILLEGAL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_ZERO_GUID = "00000000-0000-0000-0000-000000000000"
_GUID_LENGTH = len(_ZERO_GUID)
_GUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE)
_TRACE_PARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

ID_LENGTH = 512
TEXT_LENGTH = 2_048


def payload_id(payload: bytes) -> str:
    """Return the id of an event that carries none: UUIDv5 over its whole payload."""
    return str(uuid.uuid5(_NAMESPACE, payload))


def guid(value: object) -> str:
    """Return an id without braces; empty for the zero GUID, null and anything that is not text."""
    if not isinstance(value, str):
        return ""
    if len(value) == _GUID_LENGTH and value[0] not in "{ ":
        return "" if value == _ZERO_GUID else value
    text = value.strip().removeprefix("{").removesuffix("}")
    return "" if text == _ZERO_GUID else text


def comparable(id_: str) -> str:
    """Return an id as it is compared with others: a GUID without case, braces and hyphens, anything else as it is.

    F&O writes GUIDs in upper case, Dataverse in lower.
    """
    text = id_.strip().removeprefix("{").removesuffix("}")
    return text.replace("-", "").lower() if _GUID.fullmatch(text) else id_


def legal_id(value: str) -> str:
    """Return the id if CloudEvents allows it and it is at most 512 characters, else a UUIDv5 of it."""
    if len(value) <= ID_LENGTH and (value.isprintable() or not _ILLEGAL.search(value)):
        return value
    return payload_id(value.encode("utf-8", "surrogatepass"))


def legal_text(value: str, limit: int = TEXT_LENGTH) -> str:
    """Return text that CloudEvents allows as an attribute: what it forbids is percent-encoded, the rest cut off.

    Source: CloudEvents 1.0.2, "Type System": control characters, surrogates and noncharacters are not allowed.
    """
    if len(value) > limit:
        value = value[: limit - 1] + "…"
    if value.isprintable():
        return value
    return _ILLEGAL.sub(lambda match: quote(match.group().encode("utf-8", "surrogatepass"), safe=""), value)


def trace_parent(value: object) -> str:
    """Return a W3C traceparent, or nothing where the value is not one."""
    return value if isinstance(value, str) and _TRACE_PARENT.fullmatch(value) else ""
