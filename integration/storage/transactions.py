"""An entity-group transaction as it is sent and answered: requests of HTTP in the parts of one message.

The SDK's `submit_transaction` writes and reads these parts by way of Python's `email` package: nine tenths of what the
journal costs a worker for an event of which 64 come together. What it sends is written here in one go, and goes through
the SDK's own pipeline, which signs it and sends it again. Source: "Performing entity group transactions", and what
azure-data-tables 12.7 sends.
"""

import base64
import json
import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import msgspec

from integration.storage.tables import Entity, Insert, Operation, Put, Remove, Replace

_PART = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
_INT32 = 2**31
_NOT_FINITE = {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}
_DONE = range(200, 300)
_BOUNDARY = re.compile(rb'boundary="?([^";\s]+)')
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3})")
_ETAG = re.compile(rb"(?im)^etag: *(.+?)\r?$")
_CODE = re.compile(rb'"code"\s*:\s*"(\w+)"|<(?:\w+:)?code>(\w+)<')
_MESSAGE = re.compile(rb'"value"\s*:\s*"((?:[^"\\]|\\.)*)"')


class Message(msgspec.Struct, frozen=True):
    """A transaction to be sent.

    Args:
        content_type: Its type, with the boundary of its parts.
        body: It.
    """

    content_type: str
    body: bytes


class Refusal(msgspec.Struct, frozen=True):
    """An answer that says that nothing was done, or none that says anything.

    Args:
        status: HTTP; that of the operation that was refused; 202: it cannot be read.
        code: The service's own; empty: it gives none.
        message: Its text, which begins with the place of the operation where it is about one.
    """

    status: int
    code: str = ""
    message: str = ""


def message_of(account: str, table: str, partition: str, operations: Sequence[Operation]) -> Message:
    """Write a transaction.

    Args:
        account: The URL of the account's table service.
        table: The table's name.
        partition: The partition of all operations.
        operations: They.

    Raises:
        TypeError: A property is of a kind that tables do not have.
    """
    batch, changes = f"batch_{uuid4()}", f"changeset_{uuid4()}"
    place = f"{account}/{table}"
    parts = [f"--{batch}\r\nContent-Type: multipart/mixed; boundary={changes}\r\n\r\n"]
    for number, each in enumerate(operations):
        parts += (
            f"--{changes}\r\n{_PART}Content-ID: {number}\r\n\r\n",
            _request(place, partition, each),
            "\r\n",
        )
    parts.append(f"--{changes}--\r\n\r\n--{batch}--\r\n")
    return Message(f"multipart/mixed; boundary={batch}", "".join(parts).encode())


def answer_of(status: int, content_type: str, body: bytes, count: int) -> list[str] | Refusal:
    """Read what a transaction was answered.

    Args:
        status: HTTP.
        content_type: Of the answer.
        body: The answer.
        count: How many operations were sent.

    Returns:
        The version of each row, empty for a removed one; or why nothing was done.
    """
    if status != 202:  # noqa: PLR2004  # Accepted: the answer is in its parts
        return _refusal(status, body)
    outer = _BOUNDARY.search(content_type.encode())
    inner = _BOUNDARY.search(body)
    if outer is None or inner is None:
        return Refusal(status)
    parts = [part for part in body.split(b"--" + inner[1])[1:] if _STATUS.search(part)]
    etags: list[str] = []
    for part in parts:
        begin = _STATUS.search(part)
        head, _, content = part[begin.start() :].partition(b"\r\n\r\n") if begin else (b"", b"", b"")
        answered = int(begin[1]) if begin else status
        if answered not in _DONE:
            return _refusal(answered, content)
        etag = _ETAG.search(head)
        etags.append(etag[1].decode() if etag else "")
    return etags if len(etags) == count else Refusal(status)


def _refusal(status: int, body: bytes) -> Refusal:
    code, message = _CODE.search(body), _MESSAGE.search(body)
    return Refusal(
        status,
        (code[1] or code[2]).decode() if code else "",
        json.loads(b'"' + message[1] + b'"', strict=False) if message else "",
    )


def _request(place: str, partition: str, operation: Operation) -> str:
    match operation:
        case Insert(entity):
            return _written(f"POST {place}", entity, "Prefer: return-no-content\r\n")
        case Replace(entity, etag):
            return _written(f"PUT {place}{_row(partition, entity['RowKey'])}", entity, f"If-Match: {etag}\r\n")
        case Put(entity):
            return _written(f"PUT {place}{_row(partition, entity['RowKey'])}", entity, "")
        case Remove(key, etag):
            head = f"DELETE {place}{_row(partition, key)} HTTP/1.1\r\nDataServiceVersion: 3.0\r\n"
            return f"{head}Accept: application/json;odata=minimalmetadata\r\nIf-Match: {etag or '*'}\r\n\r\n"


def _written(line: str, entity: Entity, more: str) -> str:
    content = _json(_properties(entity))
    return (
        f"{line} HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        f"DataServiceVersion: 3.0\r\nAccept: application/json;odata=minimalmetadata\r\n{more}\r\n{content}"
    )


def _json(properties: dict[str, Any]) -> str:
    """Write JSON in ASCII: the service counts a part's bytes, and the SDK sends no others."""
    try:
        content = msgspec.json.encode(properties)
    except UnicodeEncodeError:  # half of a pair of surrogates
        return json.dumps(properties)
    return content.decode("ascii") if content.isascii() else json.dumps(properties)


def _row(partition: str, key: str) -> str:
    return f"(PartitionKey='{_quoted(partition)}',RowKey='{_quoted(key)}')"


def _quoted(key: str) -> str:
    return quote(key.replace("'", "''"), safe="")


def _properties(entity: Entity) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in entity.items():
        if type(value) is str:  # most are
            found[name] = value
            continue
        if value is None:
            continue
        kind, found[name] = _property(name, value)
        if kind:
            found[f"{name}@odata.type"] = kind
    return found


def _property(name: str, value: Any) -> tuple[str, Any]:
    match value:
        case str() | bool():
            return "", value
        case int() if -_INT32 <= value < _INT32:
            return "", value
        case int() if -(2**63) <= value < 2**63:
            return "Edm.Int64", str(value)
        case float():
            return "Edm.Double", value if math.isfinite(value) else _NOT_FINITE[str(value)]
        case bytes():
            return "Edm.Binary", base64.b64encode(value).decode()
        case datetime():
            at = value.astimezone(UTC).replace(tzinfo=None)
            return "Edm.DateTime", f"{at.isoformat(timespec='microseconds')}Z"
        case _:
            msg = f"property {name} of a row cannot hold {type(value).__name__}, nor a number beyond 64 bits"
            raise TypeError(msg)
