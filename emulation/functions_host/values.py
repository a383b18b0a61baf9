"""Values in the worker's encodings.

Text, bytes and nothing have encodings of their own; all else travels as JSON, numbers too: version 1.3 of
`azure-functions-runtime` decodes neither `int` nor `double`.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from emulation.functions_host.protos import TypedData


def encode(value: Any) -> TypedData:
    """Return a value as the worker takes it."""
    match value:
        case None:
            return TypedData()
        case str():
            return TypedData(string=value)
        case bytes():
            return TypedData(bytes=value)
        case _:
            return TypedData(json=_JSON.encode(value))


def encode_all(values: Mapping[str, Any]) -> dict[str, TypedData]:
    """Return trigger metadata as the worker takes it."""
    return {name: encode(value) for name, value in values.items()}


def unzoned(time: datetime) -> str:
    """Return a time as .NET writes one that does not know its zone: `DateTimeOffset.DateTime`."""
    return time.replace(tzinfo=None).isoformat()


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    msg = f"{type(value).__name__} has no JSON form in trigger data."
    raise TypeError(msg)


_JSON = json.JSONEncoder(default=_plain)
